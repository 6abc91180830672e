/// The page's one script: filters and opens groups of stacks; everything is there without it.
package enum Script {
    package static let text = """
        "use strict";
        for (const box of document.querySelectorAll(".controls")) box.hidden = false;
        const places = (selector) => document.querySelectorAll(selector + " details.place");
        for (const input of document.querySelectorAll("[data-filter]")) {
          input.addEventListener("input", () => {
            const wanted = input.value.trim().toLowerCase();
            for (const place of places(input.dataset.filter)) place.hidden = wanted !== "" && !place.textContent.toLowerCase().includes(wanted);
            for (const fold of document.querySelectorAll(input.dataset.filter + " details.unchanged")) if (wanted !== "") fold.open = true;
          });
        }
        const setAll = (selector, open) => { for (const item of document.querySelectorAll(selector + " details")) item.open = open; };
        for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => setAll(button.dataset.open, true));
        for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => setAll(button.dataset.close, false));
        addEventListener("beforeprint", () => setAll("main", true));
        """
}
