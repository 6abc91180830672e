import Evidence

extension WaitGraph {
    /// SQLite's busy handler sleeps at most this long at a time (sqliteDefaultBusyCallback, main.c: 1 to 100 ms);
    /// retry loops of programs use a little more.
    private static let busySleep_s = 0.25

    mutating func addFileLocks() {
        for (row, lock) in index.locks.enumerated() {
            for holder in lock.holders {
                add(WaitEdge(
                    from: .fileLock(row), to: .process(holder.pid), relation: .heldBy, knownFrom: "/proc/locks",
                    evidence: [index.path(.locks, row)]))
            }
        }
        for (row, thread) in index.threads.enumerated() {
            let cite = [index.path(.threads, row)]
            let thread = understood(thread)
            if thread.wait?.kind == .fileLock {
                addLockWait(thread, cite)
            } else if let database = sqliteWait(thread) {
                add(WaitEdge(
                    from: .thread(pid: thread.pid, tid: thread.tid), to: .fileLock(database), relation: .locksFile,
                    since_s: stoodInLine(thread, for: database) ? activity.window_s : nil,
                    knownFrom: "SQLite's busy handler sleeps and tries again", evidence: cite + [index.path(.locks, database)], isCommitted: true))
            }
        }
    }

    /// Whether the same thread was there in the earlier look, and who keeps it waiting had the database then too: those that wait in
    /// turns do not stand, which shows in what is committed meanwhile. Nor does a process that wrote meanwhile, and has no other thread that could have.
    private func stoodInLine(_ thread: ThreadRecord, for row: Int) -> Bool {
        guard activity.window_s > 0, activity.earlier?.thread(thread.tid)?.pid == thread.pid else { return false }
        if activity.written_bytes(by: thread.pid) > 0, index.threads(of: thread.pid).count == 1 { return false }
        let holders = Set(index.locks[row].holders.map(\.pid))
        return activity.earlier?.locks.contains { lock in
            guard let before = lock.sqlite, let now = index.locks[row].sqlite, before.database == now.database, before.blocksWriters || before.name == now.name else { return false }
            if let one = before.writtenAt_s, let other = now.writtenAt_s, one != other { return false }
            return lock.holders.contains { holders.contains($0.pid) }
        } == true
    }

    private mutating func addLockWait(_ thread: ThreadRecord, _ cite: [EvidencePath]) {
        let fd = thread.wait?.descriptors?.first?.fd
        let inode = fd.flatMap { index.descriptor(thread.pid, $0)?.inode }
        let candidates = index.locks.indices.filter { row in
            let lock = index.locks[row]
            let named = lock.waiters.contains { $0.pid == thread.pid && ($0.tid == nil || $0.tid == thread.tid) }
            let sameFile = inode != nil && lock.inode == inode && lock.holders.contains { $0.pid != thread.pid || $0.fd != fd }
            return (named || sameFile) && !lock.holders.isEmpty
        }
        let best = candidates.first { row in index.locks[row].waiters.contains { $0.pid == thread.pid } } ?? candidates.first
        if let best {
            add(WaitEdge(
                from: .thread(pid: thread.pid, tid: thread.tid), to: .fileLock(best), relation: .locksFile, since_s: stoodSince(thread),
                knownFrom: "system call \(thread.syscall?.name ?? "fcntl")", evidence: cite + [index.path(.locks, best)], isCommitted: true))
        } else {
            rest[.thread(pid: thread.pid, tid: thread.tid)] = "waits for a file lock whose holder was not seen"
        }
    }

    /// The lock row a thread in SQLite's busy handler waits for.
    private func sqliteWait(_ seen: ThreadRecord) -> Int? {
        // Caught between two of its sleeps, it is where it was when it was looked at before.
        let isAwake = seen.state == "R" && seen.wait == nil
        guard let thread = isAwake ? activity.earlier?.thread(seen.tid) : seen, thread.pid == seen.pid else { return nil }
        guard thread.wait?.kind == .sleep || thread.syscall?.name.contains("nanosleep") == true else { return nil }
        let shape = StackShape(thread)
        let inSQLite = shape.contains(anyOf: ["sqlite", "unixSleep", "BusyCallback", "busyHandler"])
        let briefly = (thread.wait?.timeout_s).map { $0 <= Self.busySleep_s } ?? false
        guard inSQLite || briefly else { return nil }
        // A short sleep says nothing of a lock that its own process holds, for a reason of its own.
        return index.blockingDatabaseLock(for: thread.pid, orOwn: inSQLite, before: activity.earlier)
    }
}

extension SnapshotIndex {
    /// A lock that keeps `pid` from writing to a SQLite database it has open.
    ///
    /// - Parameter orOwn: one that `pid` itself holds counts too, where no other process holds any.
    /// - Parameter before: what an earlier look showed; who reads from another place by now went on.
    package func blockingDatabaseLock(for pid: Int32, orOwn: Bool, before: SnapshotIndex? = nil) -> Int? {
        let own = descriptors(of: pid)
        let rows = locks.indices.filter { row in
            let lock = locks[row]
            guard let sqlite = lock.sqlite, sqlite.blocksWriters, !lock.holders.isEmpty else { return false }
            return own.contains {
                $0.kind == .file && ($0.target == sqlite.database || $0.target.hasPrefix(sqlite.database + "-") || $0.inode == lock.inode)
            }
        }
        let others = rows.filter { row in locks[row].holders.contains { $0.pid != pid } }
        // A read lock alone does not keep anybody waiting unless nothing stronger is there.
        let strong = others.filter { locks[$0].sqlite?.name != .shared }
        if strong.isEmpty, let reader = readerBeforeCheckpoint(of: pid, before) { return reader }
        return strong.first ?? others.first ?? (orOwn ? rows.first { locks[$0].sqlite?.name != .shared } : nil)
    }

    /// A checkpoint that is to begin the log anew waits until nobody reads from it any more: the other process's lock that says where it reads (walLockExclusive, wal.c).
    private func readerBeforeCheckpoint(of pid: Int32, _ before: SnapshotIndex?) -> Int? {
        func holds(_ lock: FileLock, _ pid: Int32) -> Bool { lock.holders.contains { $0.pid == pid } }
        func stayed(_ lock: FileLock) -> Bool {
            guard let before else { return true }
            return before.locks.contains { old in old.inode == lock.inode && old.start == lock.start && old.end == lock.end && lock.holders.contains { holds(old, $0.pid) } }
        }
        let databases = Set(locks.filter { $0.isCheckpoint && holds($0, pid) }.compactMap { $0.sqlite?.database })
        return locks.indices.first { row in
            guard let sqlite = locks[row].sqlite, sqlite.name == .walRead, databases.contains(sqlite.database) else { return false }
            return !locks[row].holders.isEmpty && !holds(locks[row], pid) && stayed(locks[row])
        }
    }
}
