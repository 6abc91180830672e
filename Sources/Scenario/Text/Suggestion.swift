/// "Did you mean ...?" for a name that is not known: the nearest by edit distance, or what there is.
package func suggestion(for name: String, among known: [String], what: String) -> String? {
    guard !known.isEmpty else { return "There is none to choose from." }
    let wanted = Array(clipped(name, to: 64).lowercased())
    let scored = known.map { candidate -> (String, Int) in
        let letters = Array(candidate.lowercased().prefix(64))
        // A part of a name counts as near: `lock` for `lock-database`.
        let isPart = wanted.count >= 3 && (candidate.lowercased().contains(String(wanted)) || String(wanted).contains(candidate.lowercased()))
        let distance = editDistance(wanted, letters)
        return (candidate, isPart ? min(distance, 2) : distance)
    }
    if let best = scored.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }), best.1 <= max(2, wanted.count / 3) {
        return "Did you mean `\(best.0)`?"
    }
    let shown = known.sorted().prefix(12).map { "`\($0)`" }.joined(separator: ", ")
    return known.count <= 12 ? "Known are \(shown)." : "Known are \(shown) and \(known.count - 12) more."
}

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours count 1.
func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for i in 0..<left.count {
        var current = [i + 1]
        current.reserveCapacity(right.count + 1)
        for j in 0..<right.count {
            var best = min(previous[j + 1], current[j]) + 1
            best = min(best, previous[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, before[j - 1] + 1)
            }
            current.append(best)
        }
        before = previous
        previous = current
    }
    return previous[right.count]
}

/// At most so many characters, with an ellipsis where some are left out.
func clipped(_ text: String, to limit: Int) -> String {
    guard let end = text.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex), end < text.endIndex else { return text }
    return text[..<end] + "…"
}

/// Control characters shown as `\u{..}`, so that a file cannot write to the terminal of who lints it.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}
