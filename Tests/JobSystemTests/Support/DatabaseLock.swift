import GRDB

/// Holds a lock on a job store, as another program would.
final class DatabaseLock: Sendable {
    private let queue: DatabaseQueue

    /// `kind` is `EXCLUSIVE` or `IMMEDIATE` (RESERVED).
    init(_ path: String, _ kind: String = "EXCLUSIVE") async throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(20)
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try await queue.writeWithoutTransaction { db in try db.execute(sql: "BEGIN \(kind)") }
    }

    func release() async throws {
        try await queue.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
        try queue.close()
    }
}
