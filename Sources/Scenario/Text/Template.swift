/// Text with `${name}` in it, filled in by the harness when the values are known.
package enum Template {
    /// A `${...}` that never ends.
    package struct Unclosed: Error, Sendable, Hashable {}

    /// The names referred to, in order.
    package static func references(in text: String) throws(Unclosed) -> [String] {
        var names: [String] = []
        for piece in try pieces(of: text) {
            if case .reference(let name) = piece { names.append(name) }
        }
        return names
    }

    /// Fills in the values; a name that has none stays as it is written.
    package static func expand(_ text: String, _ value: (String) -> String?) -> String {
        guard let pieces = try? pieces(of: text) else { return text }
        return pieces.map { piece in
            switch piece {
            case .text(let text): String(text)
            case .reference(let name): value(name) ?? "${\(name)}"
            }
        }.joined()
    }

    private enum Piece {
        case text(Substring)
        case reference(String)
    }

    private static func pieces(of text: String) throws(Unclosed) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "${") {
            if start.lowerBound > rest.startIndex { pieces.append(.text(rest[..<start.lowerBound])) }
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else { throw Unclosed() }
            pieces.append(.reference(String(rest[start.upperBound..<end])))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.text(rest)) }
        return pieces
    }
}
