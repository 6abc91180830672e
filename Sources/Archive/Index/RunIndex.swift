internal import Evidence
internal import FoundationEssentials
internal import GRDB

/// A list of all recorded runs in `reports/index.sqlite`, for finding them quickly.
///
/// The directories are the truth: the index holds nothing that `rebuild` would not find,
/// and a locked or damaged one never fails a run.
package struct RunIndex: Sendable {
    package static let fileName = "index.sqlite"
    /// Long enough for another run's one insert.
    static let busyTimeout_s = 1.0

    /// The folder of all reports.
    package let root: String
    package var path: String { root + "/" + Self.fileName }

    package init(root: String) { self.root = root }

    /// Adds or renews a run.
    ///
    /// - Returns: what went wrong, to be told and passed over; nil when nothing did.
    package func record(_ report: ReportDirectory) -> ArchiveError? {
        guard let entry = RunIndexEntry(report, root: root) else { return nil }
        do {
            try open { try $0.insert(entry) }
            return nil
        } catch {
            return error
        }
    }

    /// All runs, newest first.
    package func entries(scenario: String? = nil, limit: Int = 1000) throws(ArchiveError) -> [RunIndexEntry] {
        try open { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT path, scenario, time, variants, verdict, root FROM run WHERE ?1 IS NULL OR scenario = ?1 ORDER BY time DESC, path LIMIT ?2",
                arguments: [scenario, limit])
            return rows.map { row in
                RunIndexEntry(
                    path: row["path"] ?? "", scenario: row["scenario"] ?? "", time: row["time"] ?? "",
                    variants: (row["variants"] as String? ?? "").split(separator: ",").map(String.init), verdict: row["verdict"], root: row["root"])
            }
        }
    }

    /// Makes the index anew from the directories; a damaged one is thrown away first.
    ///
    /// - Returns: how many runs were found.
    @discardableResult
    package func rebuild() throws(ArchiveError) -> Int {
        let found = scan()
        do throws(ArchiveError) {
            try replaceAll(found)
        } catch where error.code == .indexDamaged {
            for suffix in ["", "-journal", "-wal", "-shm"] { BoundedFile.remove(path + suffix) }
            try replaceAll(found)
        }
        return found.count
    }

    private func replaceAll(_ entries: [RunIndexEntry]) throws(ArchiveError) {
        try open { database in
            try database.execute(sql: "DELETE FROM run")
            for entry in entries { try database.insert(entry) }
        }
    }

    private func scan() -> [RunIndexEntry] {
        BoundedFile.names(in: root).flatMap { scenario in
            BoundedFile.names(in: "\(root)/\(scenario)").compactMap { time -> RunIndexEntry? in
                let path = "\(root)/\(scenario)/\(time)"
                guard !BoundedFile.isLink(path), BoundedFile.isDirectory(path) else { return nil }
                return RunIndexEntry(ReportDirectory(path: path), root: root)
            }
        }
    }

    /// One transaction on the index, made where it is missing.
    private func open<Value>(_ body: (Database) throws -> Value) throws(ArchiveError) -> Value {
        do {
            try AtomicFile.makeDirectory(root)
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.busyTimeout_s)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            return try queue.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS run (
                          path TEXT PRIMARY KEY, scenario TEXT NOT NULL, time TEXT NOT NULL,
                          variants TEXT NOT NULL, verdict TEXT, root TEXT)
                        """)
                return try body(database)
            }
        } catch let error as ArchiveError {
            throw error
        } catch let error as DatabaseError {
            throw failure(error)
        } catch {
            throw ArchiveError(code: .inputOutput, message: "the index cannot be used: \(error)", path: path, remedy: "Delete it; nothing is lost.")
        }
    }

    private func failure(_ error: DatabaseError) -> ArchiveError {
        let text = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return ArchiveError(
                code: .indexLocked, message: "the index of runs is locked by another program", path: path,
                remedy: "The run itself is written; `hangscope` lists it after the index is rebuilt.")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR:
            return ArchiveError(
                code: .indexDamaged, message: "the index of runs is damaged: \(text)", path: path,
                remedy: "Delete it: it is made anew from the runs' folders, nothing is lost.")
        case .SQLITE_FULL:
            return ArchiveError(code: .diskFull, message: "the index of runs cannot be written: \(text)", path: path, remedy: "Free some space; the run itself is written.")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            return ArchiveError(
                code: .noPermission, message: "the index of runs cannot be opened: \(text)", path: path, remedy: "Check the folder's permissions; the run itself is written.")
        default:
            return ArchiveError(code: .inputOutput, message: "the index of runs cannot be used: \(text)", path: path, remedy: "Delete it; nothing is lost.")
        }
    }
}

extension Database {
    fileprivate func insert(_ entry: RunIndexEntry) throws {
        try execute(
            sql: "INSERT OR REPLACE INTO run (path, scenario, time, variants, verdict, root) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [entry.path, entry.scenario, entry.time, entry.variants.joined(separator: ","), entry.verdict, entry.root])
    }
}
