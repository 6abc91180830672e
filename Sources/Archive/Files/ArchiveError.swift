/// A run directory or index that cannot be written or read.
package struct ArchiveError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        case diskFull = "disk-full"
        case noPermission = "no-permission"
        case notFound = "not-found"
        case notARun = "not-a-run"
        case indexLocked = "index-locked"
        case indexDamaged = "index-damaged"
        case inputOutput = "input-output"
    }

    package var code: Code
    package var message: String
    package var path: String
    /// What to do next.
    package var remedy: String

    package init(code: Code, message: String, path: String, remedy: String) {
        self.code = code
        self.message = message
        self.path = path
        self.remedy = remedy
    }

    package var description: String { "\(message): \(path) [\(code.rawValue)]. \(remedy)" }
}
