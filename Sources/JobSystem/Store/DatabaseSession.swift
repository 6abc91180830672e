internal import GRDB

/// A connection of its own that somebody keeps open across other work.
///
/// Only defects use one: the store's own two connections serve everything else.
final class DatabaseSession: Sendable {
    private let queue: DatabaseQueue

    /// Opening reads the file, and so waits for locks: not on a thread of the concurrency pool.
    static func open(_ opener: DatabaseOpener, label: String) async throws -> DatabaseSession {
        try await withTaskExecutorPreference(BlockingExecutor.shared) {
            try DatabaseSession(opener: opener, label: label)
        }
    }

    private init(opener: DatabaseOpener, label: String) throws {
        queue = try opener.open(
            label: label, busyTimeout: DatabaseOpener.sessionBusyTimeout, keepsTransactions: true)
    }

    /// Takes the write lock now, and keeps it until `write` or `rollBack`.
    func beginImmediate() async throws {
        try await unsafely { db in try db.execute(sql: "BEGIN IMMEDIATE") }
    }

    /// Writes within the open transaction, which this ends, or within one of its own.
    func write(_ update: @escaping @Sendable (Database) throws -> Void) async throws {
        try await unsafely { db in
            if !db.isInsideTransaction { try db.execute(sql: "BEGIN IMMEDIATE") }
            do {
                try update(db)
                try db.execute(sql: "COMMIT")
            } catch {
                if db.isInsideTransaction { try? db.execute(sql: "ROLLBACK") }
                throw error
            }
        }
    }

    func rollBack() async {
        try? await unsafely { db in if db.isInsideTransaction { try db.execute(sql: "ROLLBACK") } }
    }

    private func unsafely(_ body: @escaping @Sendable (Database) throws -> Void) async throws {
        try await queue.writeWithoutTransaction(body)
    }
}
