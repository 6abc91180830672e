/// A process that could not be started, spoken to or ended.
package struct ProcessError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable name, such as "executable-missing".
    package var code: String
    package var message: String
    /// What to do next.
    package var remedy: String

    package init(code: String, message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    package var description: String { "\(message) [\(code)]. \(remedy)" }
}
