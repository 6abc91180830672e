import Foundation
import Reporting
import Testing

/// Texts of every kind of scalar, from a seed.
struct Texts {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func text() -> String {
        let special = Array("<>&\"'`|*_[]()#\\~!@$:/-+= \n\r\t\u{0}\u{1B}\u{7F}\u{9B}\u{202E}\u{FEFF}\u{FFFF}ab1".unicodeScalars)
        var text = ""
        for _ in 0..<next() % 40 {
            let scalar = next() % 3 == 0 ? Unicode.Scalar(UInt32(next() % 0x11_0000)) : special[Int(next() % UInt64(special.count))]
            if let scalar { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}

@Suite struct EscapingTests {
    private func texts(_ seed: UInt64, _ body: (String) throws -> Void) rethrows {
        var texts = Texts(seed: seed)
        for _ in 0..<2000 { try body(texts.text()) }
    }

    @Test func htmlLetsNoMarkupThrough() {
        texts(1) { text in
            let escaped = Escaping.html(text)
            #expect(!escaped.contains { "<>\"'".contains($0) })
            #expect(Self.unescaped(escaped) == Self.visible(text, keeping: ["\n", "\t"]), "nothing is lost")
        }
    }

    @Test func xmlHasLegalCharactersOnly() {
        texts(2) { text in
            let escaped = Escaping.xml(text)
            #expect(!escaped.contains { "<>\"'".contains($0) })
            #expect(!escaped.unicodeScalars.contains(where: Escaping.isUnseen))
        }
    }

    @Test func terminalsGetOneHarmlessLine() {
        texts(3) { text in
            let escaped = Escaping.terminal(text)
            #expect(!escaped.unicodeScalars.contains(where: Escaping.isUnseen))
        }
        #expect(Escaping.terminal("\u{1B}[2J\r\nx\u{9B}") == "\\u{1b}[2J\\r\\nx\\u{9b}")
    }

    @Test func markdownCodeSpansHold() {
        texts(4) { text in
            let span = Array(Escaping.markdownCode(text).unicodeScalars)
            let fence = span.prefix { $0 == "`" }.count
            let inner = span.dropFirst(fence).dropLast(fence)
            #expect(fence > 0 && span.suffix(fence).allSatisfy { $0 == "`" })
            #expect(inner.split(whereSeparator: { $0 != "`" }).allSatisfy { $0.count != fence })
            #expect(!span.contains("|") && !span.contains("\n"))
        }
    }

    @Test func markdownTextIsText() {
        #expect(Escaping.markdown("a|b `c` <img> [x](y) *z* \n# h") == "a\\|b \\`c\\` &lt;img&gt; \\[x\\](y) \\*z\\*  \\# h")
        #expect(Escaping.markdown("https://x.example") == "https:\\//x.example")
        #expect(!Escaping.markdown("@team").contains("@team"))
    }

    @Test func clippingIsBoundedEvenForOneEndlessCharacter() {
        let endless = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(Escaping.clipped(endless, to: 10).unicodeScalars.count < 60)
        #expect(Escaping.clipped("short", to: 10) == "short")
        #expect(Escaping.clipped("äöüäöü", to: 3) == "äöü… (6 bytes more)")
    }

    private static func unescaped(_ text: String) -> String {
        var text = text
        for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            text = text.replacingOccurrences(of: entity, with: character, options: .literal)
        }
        return text
    }

    private static func visible(_ text: String, keeping kept: Set<Unicode.Scalar>) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if Escaping.isUnseen(scalar), !kept.contains(scalar) {
                out += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
