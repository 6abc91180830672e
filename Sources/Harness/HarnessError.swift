/// A run that could not be made, or not to its end.
package struct HarnessError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable name, such as "subject-not-ready".
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
