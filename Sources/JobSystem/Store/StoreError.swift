internal import GRDB

/// The job store did not do what was asked.
struct StoreError: CodedError, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// Another connection held a lock for longer than the busy timeout.
        case locked = "database-locked"
        case failed = "database-failed"
    }

    var kind: Kind
    var what: String
    var detail: String

    var code: String { kind.rawValue }
    var description: String {
        switch kind {
        case .locked: "\(what): the database is locked by another connection (\(detail))"
        case .failed: "\(what): \(detail)"
        }
    }

    /// What SQLite said, in our words; a cancellation stays one.
    static func wrap(_ error: any Error, _ what: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let locked = error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED
        return StoreError(
            kind: locked ? .locked : .failed, what: what,
            detail: error.message ?? "SQLite result \(error.extendedResultCode.rawValue)")
    }
}
