import Evidence

/// What the sessions of a database server say of themselves.
extension WaitGraph {
    /// A session of PostgreSQL that waits for another session's lock: its process title ends so for as long as it does
    /// (src/backend/storage/lmgr/proc.c, ProcSleep; src/backend/utils/misc/ps_status.c).
    static func waitsInDatabase(_ process: ProcessRecord?) -> Bool {
        guard let title = process?.arguments.first, title.utf8.count <= 4096 else { return false }
        return title.hasPrefix("postgres: ") && title.hasSuffix(" waiting")
    }

    /// A session of PostgreSQL that has answered and waits for the next query (src/backend/tcop/postgres.c, PostgresMain).
    static func isIdleSession(_ process: ProcessRecord?) -> Bool {
        guard let title = process?.arguments.first, title.utf8.count <= 4096, title.hasPrefix("postgres: ") else { return false }
        return title.hasSuffix(" idle") || title.hasSuffix(" idle in transaction")
    }

    /// Adds what a session waits for inside its server; false where it is not at such a place.
    mutating func addSession(_ thread: ThreadRecord, _ key: NodeKey, _ cite: [EvidencePath]) -> Bool {
        guard thread.isMain, let row = index.processRow[thread.pid], Self.waitsInDatabase(index.processes[row]) else { return false }
        add(WaitEdge(
            from: key, to: .databaseLock, relation: .locksFile, since_s: stoodSince(thread), knownFrom: "title of the session's process",
            evidence: cite + [index.path(.processes, row)], isCommitted: true))
        return true
    }
}

extension NodeKey {
    static let databaseLock = NodeKey.peer("a lock that another session of the database holds")
}
