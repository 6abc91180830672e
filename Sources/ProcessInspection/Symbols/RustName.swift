/// Names of Rust symbols, in both manglings: the older one that looks like C++ and ends in a hash, and
/// v0 (RFC 2603). Generic arguments are left out, as with C++.
package enum RustName {
    /// nil for what is no Rust symbol.
    package static func demangled(_ symbol: String) -> String? {
        guard symbol.utf8.count < 20_000 else { return nil }
        if symbol.hasPrefix("_R") {
            var parser = RustSymbolParser(symbol.dropFirst(2))
            return parser.name()
        }
        return symbol.hasPrefix("_ZN") ? legacy(symbol) : nil
    }

    /// `_ZN4core3ptr4read17h0123456789abcdefE`: parts with their lengths, the last one a hash.
    private static func legacy(_ symbol: String) -> String? {
        var rest = Substring(symbol).utf8.dropFirst(3)
        var parts: [String] = []
        while let first = rest.first, first != UInt8(ascii: "E") {
            var length = 0
            while let digit = rest.first, digit >= 48, digit <= 57, length < 20_000 {
                length = length * 10 + Int(digit - 48)
                rest = rest.dropFirst()
            }
            guard length > 0, rest.count >= length else { return nil }
            parts.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length)
        }
        guard rest.first == UInt8(ascii: "E"), parts.count > 1, let hash = parts.popLast(), hash.utf8.count == 17, hash.first == "h", hash.dropFirst().allSatisfy(\.isHexDigit)
        else { return nil }
        return parts.map(unescaped).joined(separator: "::")
    }

    /// rustc's legacy.rs: punctuation as `$LT$`, `$u20$`; `..` for `::`; an underscore before a leading escape.
    private static func unescaped(_ part: String) -> String {
        let names = ["LT": "<", "GT": ">", "RF": "&", "BP": "*", "LP": "(", "RP": ")", "C": ",", "SP": "@"]
        var result = ""
        var rest = part.hasPrefix("_$") ? part.dropFirst() : part[...]
        while let character = rest.first {
            if rest.hasPrefix("..") {
                result += "::"
                rest = rest.dropFirst(2)
            } else if character == "$", let end = rest.dropFirst().firstIndex(of: "$") {
                let escape = String(rest[rest.index(after: rest.startIndex)..<end])
                let scalar = escape.hasPrefix("u") ? UInt32(escape.dropFirst(), radix: 16).flatMap(Unicode.Scalar.init) : nil
                guard let text = names[escape] ?? scalar.map({ String(Character($0)) }) else { return result + rest }
                result += text
                rest = rest[rest.index(after: end)...]
            } else {
                result.append(character)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}

/// The v0 grammar of RFC 2603; bounded in depth and steps, since a symbol may refer back into itself.
struct RustSymbolParser {
    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0
    private var steps = 0
    private var failed = false

    init(_ text: Substring) { bytes = Array(text.utf8) }

    mutating func name() -> String? {
        while let digit = peek, digit >= 48, digit <= 57 { at += 1 }
        let name = path()
        return failed || name.isEmpty ? nil : name
    }

    // MARK: Letters and numbers

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take() -> UInt8 {
        guard at < bytes.count else { failed = true; return 0 }
        defer { at += 1 }
        return bytes[at]
    }

    private mutating func takes(_ letter: Character) -> Bool {
        guard peek == letter.asciiValue else { return false }
        at += 1
        return true
    }

    /// `_` is 0, `0_` is 1, and so on.
    private mutating func base62() -> Int {
        var value = 0
        if takes("_") { return 0 }
        while !failed {
            let byte = take()
            if byte == UInt8(ascii: "_") { return value &+ 1 }
            switch byte {
            case 48...57: value = value &* 62 &+ Int(byte - 48)
            case 97...122: value = value &* 62 &+ Int(byte - 97) + 10
            case 65...90: value = value &* 62 &+ Int(byte - 65) + 36
            default: failed = true
            }
        }
        return 0
    }

    private mutating func identifier() -> (name: String, disambiguator: Int) {
        let disambiguator = takes("s") ? base62() &+ 1 : 0
        let isPunycode = takes("u")
        var length = 0
        while let digit = peek, digit >= 48, digit <= 57, length < bytes.count {
            length = length * 10 + Int(digit - 48)
            at += 1
        }
        _ = takes("_")
        guard length <= bytes.count - at else { failed = true; return ("", 0) }
        defer { at += length }
        return ((isPunycode ? "punycode:" : "") + String(decoding: bytes[at..<at + length], as: UTF8.self), disambiguator)
    }

    // MARK: Paths and types

    /// Guards what nests: deeper than this nobody writes.
    private mutating func nested(_ body: (inout Self) -> String) -> String {
        depth += 1
        steps += 1
        defer { depth -= 1 }
        guard depth < 64, steps < 4096, !failed else { failed = true; return "" }
        return body(&self)
    }

    private mutating func back(_ body: (inout Self) -> String) -> String {
        let target = base62()
        guard target >= 0, target < at else { failed = true; return "" }
        let here = at
        at = target
        defer { at = here }
        return nested(body)
    }

    private mutating func path() -> String {
        nested { parser in
            switch Character(Unicode.Scalar(parser.take())) {
            case "C": return parser.identifier().name
            case "M":
                parser.implementation()
                return "<\(parser.type())>"
            case "X":
                parser.implementation()
                return parser.conformance()
            case "Y": return parser.conformance()
            case "N":
                let namespace = parser.take()
                let outer = parser.path()
                let (name, number) = parser.identifier()
                // Upper case: what has no name in the source.
                guard (65...90).contains(namespace) else { return "\(outer)::\(name)" }
                let kind = namespace == UInt8(ascii: "C") ? "closure" : namespace == UInt8(ascii: "S") ? "shim" : "\(Character(Unicode.Scalar(namespace)))"
                return "\(outer)::{\(kind)\(name.isEmpty ? "" : ":" + name)#\(number)}"
            case "I":
                let outer = parser.path()
                while !parser.failed, !parser.takes("E") { parser.argument() }
                return outer
            case "B": return parser.back { $0.path() }
            default:
                parser.failed = true
                return ""
            }
        }
    }

    /// The path of an `impl`, which says only where it stands.
    private mutating func implementation() {
        if takes("s") { _ = base62() }
        _ = path()
    }

    private mutating func conformance() -> String {
        let subject = type()
        return "<\(subject) as \(path())>"
    }

    private mutating func argument() {
        if takes("L") { _ = base62() } else if takes("K") { constant() } else { _ = type() }
    }

    private mutating func constant() {
        if takes("B") { _ = back { $0.constant(); return "" }; return }
        if takes("p") { return }
        _ = take()
        _ = takes("n")
        while !failed, !takes("_") { _ = take() }
    }

    private mutating func list() -> String {
        var parts: [String] = []
        while !failed, !takes("E") { parts.append(type()) }
        return parts.joined(separator: ", ")
    }

    private static let basic: [Character: String] = [
        "a": "i8", "b": "bool", "c": "char", "d": "f64", "e": "str", "f": "f32", "h": "u8", "i": "isize", "j": "usize", "l": "i32",
        "m": "u32", "n": "i128", "o": "u128", "s": "i16", "t": "u16", "u": "()", "v": "...", "x": "i64", "y": "u64", "z": "!", "p": "_",
    ]

    private mutating func type() -> String {
        nested { parser in
            let letter = Character(Unicode.Scalar(parser.peek ?? 0))
            if let name = Self.basic[letter] { parser.at += 1; return name }
            guard !"CMXYNI".contains(letter) else { return parser.path() }
            parser.at += 1
            switch letter {
            case "A":
                let element = parser.type()
                parser.constant()
                return "[\(element); _]"
            case "S": return "[\(parser.type())]"
            case "T": return "(\(parser.list()))"
            case "R", "Q":
                if parser.takes("L") { _ = parser.base62() }
                return (letter == "R" ? "&" : "&mut ") + parser.type()
            case "P", "O": return (letter == "P" ? "*const " : "*mut ") + parser.type()
            case "F": return parser.function()
            case "D": return parser.object()
            case "B": return parser.back { $0.type() }
            default:
                parser.failed = true
                return ""
            }
        }
    }

    private mutating func function() -> String {
        if takes("G") { _ = base62() }
        _ = takes("U")
        if takes("K"), !takes("C") { _ = identifier() }
        let arguments = list()
        let result = type()
        return "fn(\(arguments))" + (result == "()" ? "" : " -> \(result)")
    }

    private mutating func object() -> String {
        if takes("G") { _ = base62() }
        var bounds: [String] = []
        while !failed, !takes("E") {
            bounds.append(path())
            while takes("p") {
                _ = identifier()
                _ = type()
            }
        }
        if takes("L") { _ = base62() }
        return "dyn " + bounds.joined(separator: " + ")
    }
}
