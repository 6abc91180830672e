/// Makes captured text safe for the place it is written to.
///
/// Characters that a reader could not see, or that would steer a terminal or reorder the
/// line (C0 and C1 controls, bidirectional overrides), are shown as `\u{1b}` everywhere.
package enum Escaping {
    /// For HTML text and double-quoted attributes.
    package static func html(_ text: String) -> String {
        scalars(text) { scalar, out in
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            default: return false
            }
            return true
        }
    }

    /// For XML 1.0 text and attributes: line ends and tabs are kept through attribute normalisation.
    package static func xml(_ text: String) -> String {
        scalars(text) { scalar, out in
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&apos;"
            case "\n": out += "&#10;"
            case "\t": out += "&#9;"
            default: return false
            }
            return true
        }
    }

    /// For one line on a terminal: line ends are shown as `\n`.
    package static func terminal(_ text: String) -> String {
        scalars(text) { scalar, out in
            switch scalar {
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            default: return false
            }
            return true
        }
    }

    /// For running Markdown text (CommonMark with GitHub's extensions), table cells included: no markup, link, mention or HTML comes of it.
    package static func markdown(_ text: String) -> String {
        var previous: Unicode.Scalar = " "
        return scalars(text) { scalar, out in
            defer { previous = scalar }
            switch scalar {
            case "\n", "\t", "\r": out += " "
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "@": out += "@\u{200B}"
            case "/" where previous == ":": out += "\\/"
            case "\\", "`", "*", "_", "[", "]", "#", "|", "~", "!", "$": out += "\\"; out.unicodeScalars.append(scalar)
            default: return false
            }
            return true
        }
    }

    /// An inline code span of Markdown, safe in table cells too: fenced by more backticks than it holds.
    package static func markdownCode(_ text: String) -> String {
        let clean = scalars(text) { scalar, out in
            switch scalar {
            case "\n", "\t", "\r": out += " "
            case "|": out += "\u{2502}"
            default: return false
            }
            return true
        }
        guard clean.contains(where: { $0 != " " }) else { return "` `" }
        var longest = 0
        var current = 0
        for byte in clean.utf8 {
            current = byte == UInt8(ascii: "`") ? current + 1 : 0
            longest = max(longest, current)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return longest == 0 ? "\(fence)\(clean)\(fence)" : "\(fence) \(clean) \(fence)"
    }

    /// At most so many characters, saying how many were left out. Linear in the limit, not in the text.
    package static func clipped(_ text: String, to limit: Int = 400) -> String {
        guard text.utf8.count > limit else { return text }
        // By scalars: one grapheme may be made of millions of them.
        let end = text.unicodeScalars.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex) ?? text.endIndex
        guard end < text.endIndex else { return text }
        let rest = text.utf8.distance(from: end, to: text.endIndex)
        return String(text.unicodeScalars[..<end]) + "… (\(rest) bytes more)"
    }

    /// - Parameter special: appends its own form and returns true, or returns false for the common treatment.
    private static func scalars(_ text: String, special: (Unicode.Scalar, inout String) -> Bool) -> String {
        var out = ""
        out.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        for scalar in text.unicodeScalars {
            if special(scalar, &out) { continue }
            if isUnseen(scalar) {
                out += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Controls, bidirectional marks, line and paragraph separators, tags, byte-order mark and noncharacters (Unicode, and XML 1.0's `Char`).
    package static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xFDD0...0xFDEF, 0xE0000...0xE007F: true
        default: scalar.value & 0xFFFE == 0xFFFE
        }
    }
}
