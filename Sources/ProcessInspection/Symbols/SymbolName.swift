/// Turns demangled names into what people write: `LLMClient.complete(_:prompt:)`.
package enum SymbolName {
    /// `jobd.LLMClient.complete(Swift.String, prompt: Swift.String) async throws -> Swift.String`
    /// becomes `LLMClient.complete(_:prompt:)`, and C++'s `ns::f(int, char)` becomes `ns::f`.
    package static func shortened(_ name: String, isSwift: Bool = true) -> String {
        guard name.utf8.count < 20_000 else { return String(name.prefix(200)) + "..." }
        guard isSwift else { return withoutArguments(name) }
        let short = split(withoutDiscriminators(name), by: " in ").map(component).joined(separator: " in ")
        return short.isEmpty ? name : short
    }

    /// `Type.(run in _C2B1528F4FBA68A3)` is `Type.run`: the hash tells private names of several files apart.
    private static func withoutDiscriminators(_ name: String) -> String {
        var result = ""
        var rest = Substring(name)
        while let open = rest.firstIndex(of: "(") {
            let inside = rest[rest.index(after: open)...]
            guard let close = inside.firstIndex(of: ")"), let separator = inside[..<close].firstRange(of: " in _"),
                inside[separator.upperBound..<close].allSatisfy(\.isHexDigit), !inside[..<separator.lowerBound].contains("(")
            else {
                result += rest[...open]
                rest = inside
                continue
            }
            result += rest[..<open] + inside[..<separator.lowerBound]
            rest = inside[inside.index(after: close)...]
        }
        return result + rest
    }

    /// `memcpy@@GLIBC_2.14` is `memcpy`.
    package static func withoutVersion(_ symbol: String) -> String { String(symbol.prefix { $0 != "@" }) }

    /// C++: up to the arguments, template arguments kept off too; "(anonymous namespace)" stays.
    private static func withoutArguments(_ name: String) -> String {
        var depth = 0
        var result = ""
        var rest = Substring(name)
        while let character = rest.first {
            if depth == 0, rest.hasPrefix("(anonymous namespace)") {
                result += "(anonymous namespace)"
                rest = rest.dropFirst("(anonymous namespace)".count)
                continue
            }
            if depth == 0, character == "(", !result.hasSuffix("operator"), !result.isEmpty { break }
            if character == "<", !result.hasSuffix("operator") { depth += 1 } else if character == ">", depth > 0 { depth -= 1 } else if depth == 0 { result.append(character) }
            rest = rest.dropFirst()
        }
        // A template function's return type stands before its name.
        return result.split(separator: " ").last.map(String.init).flatMap { result.contains("operator") || result.contains("(anonymous") ? nil : $0 } ?? result
    }

    /// What the demangler puts before a name, and what is left of it.
    private static let prefixes: [(String, String)] = [
        ("static ", ""), ("async function pointer to ", ""), ("merged ", ""), ("dispatch thunk of ", ""),
        ("generic specialization <", "<"), ("function signature specialization <", "<"),
        ("generic not re-abstracted specialization <", "<"), ("generic partial specialization <", "<"),
        ("protocol witness for ", ""), ("partial apply forwarder for ", ""), ("partial apply for ", ""),
        ("suspend resume partial function for ", ""), ("await resume partial function for ", ""),
        ("@objc ", ""), ("@nonobjc ", ""), ("override ", ""),
        ("variable initialization expression of ", ""), ("property wrapper backing initializer of ", ""),
    ]

    private static func component(_ text: Substring) -> String {
        var text = text.drop { $0 == " " }
        var changed = true
        while changed {
            changed = false
            // "(1) suspend resume partial function for ...": a piece of an async function.
            if text.hasPrefix("("), let close = text.firstIndex(of: ")"), text[text.index(after: text.startIndex)..<close].allSatisfy(\.isNumber) {
                text = text[text.index(after: close)...].drop { $0 == " " }
                changed = true
            }
            for (prefix, rest) in prefixes where text.hasPrefix(prefix) {
                text = text.dropFirst(prefix.count)
                changed = true
                // "generic specialization <A, B> of name"
                if rest == "<", let of = text.firstRange(of: "> of ") { text = text[of.upperBound...] }
            }
        }
        for kept in ["closure #", "implicit closure #", "default argument ", "deferred closure "] where text.hasPrefix(kept) {
            // "closure #1 () async -> () in f": its signature says nothing.
            let words = text.split(separator: " ")
            return words.prefix(kept.hasPrefix("implicit") ? 3 : 2).joined(separator: " ")
        }
        if text.hasPrefix("reabstraction thunk") || text.hasPrefix("thunk for") { return "thunk" }
        guard text.contains(".") || text.contains("(") else { return String(text) }
        return declaration(text)
    }

    private static func declaration(_ text: Substring) -> String {
        var text = text
        if text.hasPrefix("(extension in "), let end = text.firstRange(of: "):") { text = text[end.upperBound...] }
        // The name ends where arguments, a generic clause, a type or effects begin.
        var depth = 0
        var name = ""
        var index = text.startIndex
        scan: while index < text.endIndex {
            let character = text[index]
            switch character {
            case "<" where !name.hasSuffix("."): depth += 1
            case ">" where depth > 0: depth -= 1
            case "(" where depth == 0 && !name.isEmpty && !name.hasSuffix("."): break scan
            case " " where depth == 0: break scan
            default: if depth == 0 { name.append(character) }
            }
            index = text.index(after: index)
        }
        if index < text.endIndex, text[index] == "(" { name += labels(text[index...]) }
        return withoutModule(name)
    }

    /// `(Swift.String, prompt: Swift.String) -> ...` gives `(_:prompt:)`.
    private static func labels(_ text: Substring) -> String {
        var depth = 0
        var current = ""
        var arguments: [String] = []
        for character in text {
            switch character {
            case "(", "<", "[":
                depth += 1
                if depth == 1 { continue }
            case ")", "]":
                depth -= 1
                if depth == 0 {
                    if !current.isEmpty { arguments.append(current) }
                    return "(" + arguments.map(label).joined() + ")"
                }
            case ">" where !current.hasSuffix("-"): depth -= 1
            case "," where depth == 1:
                arguments.append(current)
                current = ""
                continue
            default: break
            }
            current.append(character)
        }
        return "()"
    }

    private static func label(_ argument: String) -> String {
        let name = argument.drop { $0 == " " }.prefix { $0 != ":" }
        let isLabel = name.count < argument.drop { $0 == " " }.count && !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        return isLabel ? "\(name):" : "_:"
    }

    /// `jobd.LLMClient.complete` gives `LLMClient.complete`, `main.work(_:)` gives `work(_:)`.
    private static func withoutModule(_ name: String) -> String {
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex, name.index(after: dot) != name.endIndex,
            name[..<dot].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return name }
        return String(name[name.index(after: dot)...])
    }

    /// Splits at a separator that stands outside all brackets.
    private static func split(_ text: String, by separator: String) -> [Substring] {
        var parts: [Substring] = []
        var depth = 0
        var begin = text.startIndex
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            if character == "(" || character == "<" || character == "[" { depth += 1 }
            if character == ")" || character == "]" { depth -= 1 }
            if character == ">", index > text.startIndex, text[text.index(before: index)] != "-" { depth -= 1 }
            if depth == 0, character == " ", text[index...].hasPrefix(separator) {
                parts.append(text[begin..<index])
                index = text.index(index, offsetBy: separator.count)
                begin = index
                continue
            }
            index = text.index(after: index)
        }
        parts.append(text[begin...])
        return parts
    }
}
