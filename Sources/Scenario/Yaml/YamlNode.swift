/// A place in a scenario file; both count from 1, columns in Unicode scalars.
package struct Position: Codable, Sendable, Hashable, Comparable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A YAML value that knows where it stands, so that whatever is wrong with it can be pointed at.
struct YamlNode: Sendable {
    indirect enum Content: Sendable {
        /// `isPlain` is false where the text was quoted or a block: then it is text whatever it looks like.
        case scalar(String, isPlain: Bool)
        case sequence([YamlNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        var key: String
        var position: Position
        var value: YamlNode
    }

    var position: Position
    var content: Content
}

extension YamlNode {
    var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }
    var sequence: [YamlNode]? { if case .sequence(let nodes) = content { nodes } else { nil } }
    var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

    /// Nothing was written: an empty value, `~` or `null` (YAML 1.2 core schema, section 10.3.2).
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    subscript(key: String) -> YamlNode? { entries?.first { $0.key == key }?.value }

    /// What it is, in words, for "expected ..., found ...".
    var kindInWords: String {
        switch content {
        case .scalar where isNull: "nothing"
        case .scalar(let text, _): "`\(clipped(text, to: 40))`"
        case .sequence: "a list"
        case .mapping: "a map"
        }
    }
}
