/// One thing wrong with a scenario file: where, what, and what to do about it.
package struct ScenarioProblem: Error, Codable, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Codable, Sendable, Hashable {
        case unreadable, size, syntax, alias
        case duplicateKey = "duplicate-key"
        case unknownKey = "unknown-key"
        case missingKey = "missing-key"
        case wrongType = "wrong-type"
        case badValue = "bad-value"
        case unknownName = "unknown-name"
        case badReference = "bad-reference"
        case badPath = "bad-path"
        case conflict
    }

    package var code: Code
    package var file: String
    package var position: Position
    /// What is wrong, one clause without a full stop.
    package var message: String
    /// What to do, such as "Did you mean `stall`?".
    package var hint: String?

    package init(code: Code, file: String, position: Position, message: String, hint: String? = nil) {
        self.code = code
        self.file = file
        self.position = position
        self.message = message
        self.hint = hint
    }

    /// As compilers write it, so that editors and CI find the place.
    package var description: String {
        "\(file):\(position.line):\(position.column): error: \(message)\(hint.map { ". \($0)" } ?? "")"
    }
}

/// Everything wrong with a scenario file, in the order of the file.
package struct ScenarioProblems: Error, Sendable, Hashable, CustomStringConvertible {
    package var problems: [ScenarioProblem]

    package init(_ problems: [ScenarioProblem]) { self.problems = problems }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
