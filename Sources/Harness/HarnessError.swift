internal import Archive
internal import Faults
internal import Processes

/// A run that could not be made, or not to its end.
package struct HarnessError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The scenario or its surroundings are at fault: missing program, port in use, never ready, crashed.
        case run
        /// The machine lacks this capability, such as "tcp-repair".
        case missingCapability(String)
        /// Ctrl-C.
        case interrupted
    }
    package var kind: Kind
    /// Stable name, such as "subject-not-ready".
    package var code: String
    package var message: String
    /// What to do next.
    package var remedy: String

    package init(kind: Kind = .run, code: String, message: String, remedy: String) {
        self.kind = kind
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    package var description: String { "\(message) [\(code)]. \(remedy)" }

    /// Any error as one of these.
    package init(_ error: any Error, doing what: String) {
        switch error {
        case let error as HarnessError:
            self = error
        case let error as ProcessError:
            self.init(code: error.code, message: "\(what): \(error.message)", remedy: error.remedy)
        case let error as FaultError:
            let isMissing = error.code == "missing-capability"
            let capability = error.message.split(separator: " ").last.map(String.init) ?? "a capability"
            self.init(
                kind: isMissing ? .missingCapability(capability) : .run, code: error.code, message: "\(what): \(error.message)",
                remedy: error.remedy)
        case let error as ArchiveError:
            self.init(code: error.code.rawValue, message: "\(error.message): \(error.path)", remedy: error.remedy)
        default:
            self.init(code: "failed", message: "\(what): \(error)", remedy: "See the run's subject.log.")
        }
    }

    package static let interrupted = HarnessError(
        kind: .interrupted, code: "interrupted", message: "interrupted", remedy: "What was recorded until then is kept.")
}
