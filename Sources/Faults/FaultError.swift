/// A fault that could not be made, armed or reached.
package struct FaultError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Stable name: "unknown-fault", "bad-option", "missing-capability", "injector-lost" ...
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

    /// A capability of the machine that a fault cannot do without, such as "tcp-repair":
    /// scenarios that need it are skipped, visibly.
    package static func missing(capability: String, remedy: String) -> FaultError {
        FaultError(code: "missing-capability", message: "This machine lacks \(capability)", remedy: remedy)
    }

    static func badOption(_ name: String, _ value: String, wanted: String) -> FaultError {
        FaultError(
            code: "bad-option", message: "Option \(name) is \"\(value)\"",
            remedy: "Give \(wanted).")
    }
}
