package import Evidence
internal import GRDB
internal import Glibc

/// Holds locks on SQLite databases, through SQLite itself. A process of its own, since
/// POSIX locks belong to processes: within the victim they would not be seen.
package final class DatabaseLocker: Injector {
    package struct Settings: Codable, Sendable, Hashable {
        /// The file that a lock takes when its options name none.
        package var database: String?

        package init(database: String? = nil) { self.database = database }
    }

    private let settings: Settings
    private let events: EventSink

    package init(settings: Settings = Settings(), events: @escaping EventSink = { _ in }) {
        self.settings = settings
        self.events = events
    }

    package func start() async throws {}
    package func stop() async {}
    package func connections() -> JSONValue { [] }

    package func fault(id: String, kind name: String, options: [String: String]) throws -> any Fault {
        let kind = try FaultCatalogue.kind(named: name)
        guard kind.targets.contains(.database) else {
            throw FaultError(
                code: "wrong-target", message: "A database locker cannot do \"\(name)\"",
                remedy: "Arm it at \(kind.targets.map(\.rawValue).sorted().joined(separator: " or ")).")
        }
        let values = try OptionValues(options, of: kind.options, what: name)
        guard let path = try values.string("database") ?? settings.database else {
            throw FaultError(code: "bad-option", message: "No database to lock", remedy: "Name the SQLite file: database: PATH.")
        }
        let level = DatabaseLock.Level(rawValue: try values.string("lock") ?? "exclusive") ?? .exclusive
        let holder = LockHolder(lock: DatabaseLock(path: path, level: level), journal: try values.string("journal"))
        return SwitchFault(
            id: id,
            arm: { [events] in
                let journal = try await holder.take()
                events(
                    InjectorEvent(
                        name: "locked", monotonic_s: monotonicSeconds(),
                        attributes: ["database": .string(path), "lock": .string(level.rawValue), "journal": .string(journal)]))
            },
            heal: { [events] in
                await holder.release()
                events(InjectorEvent(name: "unlocked", monotonic_s: monotonicSeconds(), attributes: ["database": .string(path)]))
            })
    }
}

/// One lock on one database, held by an open transaction.
actor LockHolder {
    /// Real seconds to wait for others who hold the database just now.
    static let patience_s = 10.0

    private let lock: DatabaseLock
    private let journal: String?
    private var connection: DatabaseQueue?

    init(lock: DatabaseLock, journal: String?) {
        self.lock = lock
        self.journal = journal
    }

    /// Takes the lock; returns the database's journal mode.
    func take() async throws -> String {
        guard access(lock.path, F_OK) == 0 else {
            throw FaultError(
                code: "no-database", message: "There is no file \(lock.path)",
                remedy: "Lock it after the subject has made it, or name another file.")
        }
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.patience_s)
        // The transaction is meant to stay open: it is the lock.
        configuration.allowsUnsafeTransactions = true
        do {
            let connection = try DatabaseQueue(path: lock.path, configuration: configuration)
            self.connection = connection
            return try await connection.writeWithoutTransaction { [lock, journal] in
                try Self.begin(lock, journal: journal, in: $0)
            }
        } catch let error as DatabaseError {
            release()
            throw FaultError(
                code: "database-not-locked", message: "\(lock.path): \(error.message ?? "SQLite error") (\(error.resultCode.rawValue))",
                remedy: "See who holds it in /proc/locks; arm the fault when nobody does.")
        } catch {
            release()
            throw error
        }
    }

    func release() {
        guard let connection else { return }
        self.connection = nil
        try? connection.writeWithoutTransaction { database in
            if database.isInsideTransaction { try database.execute(sql: "ROLLBACK") }
        }
        try? connection.close()
    }

    private static func begin(_ lock: DatabaseLock, journal: String?, in database: Database) throws -> String {
        if let journal { _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = \(journal)") }
        let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode") ?? ""
        guard mode == journal ?? mode, lock.level != .walWriter || mode == "wal" else {
            throw FaultError(
                code: "wrong-journal", message: "The database's journal mode is \"\(mode)\"",
                remedy: "Set `journal: \(journal ?? "wal")` while nobody else has it open, or ask for another lock.")
        }
        switch lock.level {
        case .shared:
            try database.execute(sql: "BEGIN")
            // The lock is taken by the first read.
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master")
        case .reserved, .walWriter: try database.execute(sql: "BEGIN IMMEDIATE")
        case .exclusive: try database.execute(sql: "BEGIN EXCLUSIVE")
        }
        return mode
    }
}
