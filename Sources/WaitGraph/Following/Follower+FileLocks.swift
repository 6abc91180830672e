import Evidence

extension Follower {
    /// A file lock ends at its holder, unless the holder is shown to be stuck on something else.
    mutating func fileLock(_ row: Int) -> Outcome {
        guard index.locks.indices.contains(row) else { return .unclear("the lock was not seen") }
        let held = graph.out(.fileLock(row))
        var outcomes: [Outcome] = []
        for edge in othersFirst(held).prefix(64) {
            guard case .process(let pid) = edge.to, index.process(pid) != nil else { continue }
            // A holder that merely takes its time, or waits for a child that does, is the lock's holder all the same.
            switch follow(edge) {
            case .stuck(let standstill) where !standstill.ending.isPatience && !isBetweenItself(standstill, pid) && !isAtItsInput(standstill, pid, row): outcomes.append(.stuck(standstill))
            case .advancing(let why) where isComputing(pid): return .advancing(why)
            case .atRest(let why) where why.hasPrefix("waits for connections") && isSibling(pid): return .atRest("queues behind a sibling that waits for connections")
            default: break
            }
        }
        if let worst = Self.worst(outcomes), case .stuck(let standstill) = worst, !endsInOwnLock(standstill, row) { return worst }
        return .stuck(Standstill(path: Array(othersFirst(held).prefix(1)), end: othersFirst(held).first?.to ?? .fileLock(row), ending: .fileLock(row: row), isCommitted: true))
    }

    /// Who was started with a descriptor that has the lock shares it with whoever took it, also where it then waits for that lock itself: it waits for the others.
    private func othersFirst(_ held: [WaitEdge]) -> [WaitEdge] {
        guard case .thread(let own, _)? = trail.last(where: { $0.relation == .locksFile })?.from else { return held }
        let others = held.filter { $0.to != .process(own) }
        return others.isEmpty ? held : others
    }

    /// Whether a holder, or a child of it, computes most of the time, or would if it were let: it is at what it took the lock for. One that only wakes up now and then may as
    /// well look for what never comes.
    private func isComputing(_ holder: Int32) -> Bool {
        index.threads.contains { thread in
            guard thread.pid == holder || index.isAncestor(holder, of: thread.pid), thread.codeAhead?.spins != true, case .ran(let share) = activity.change(of: thread.tid) else { return false }
            return share >= Self.busyShare / 2 || activity.runningThroughout.contains(thread.tid)
        }
    }

    /// A holder that waits for nobody but itself, as at a pipe whose both ends it has, stays where it is of its own will.
    private func isBetweenItself(_ standstill: Standstill, _ pid: Int32) -> Bool {
        if case .pipeOpen(let holders) = standstill.ending { holders.allSatisfy { $0.pid == pid } } else { false }
    }

    /// A session of a database that waits for its next statement, with a transaction open, is why the others wait: whoever types them takes his time.
    private func isAtItsInput(_ standstill: Standstill, _ pid: Int32, _ row: Int) -> Bool {
        guard index.locks[row].sqlite != nil, case .pipeOpen = standstill.ending else { return false }
        return standstill.path.contains { edge in
            guard edge.relation == .reads, case .thread(pid, _) = edge.from, case .pipe(let inode) = edge.to, let pipe = index.pipeRow[inode] else { return false }
            return index.pipes[pipe].readers.contains { $0.pid == pid && $0.fd == 0 }
        }
    }

    /// Whether the process that waits for the lock at the end of the trail is of one brood with another: servers
    /// that fork their workers let one of them at a time wait for connections.
    private func isSibling(_ pid: Int32) -> Bool {
        guard let waiter = trail.last(where: { $0.relation == .locksFile }), case .thread(let own, _) = waiter.from,
            let one = index.process(pid), let two = index.process(own)
        else { return false }
        return pid != own && one.parentPID == two.parentPID && one.parentPID > 1 && one.executable != nil && one.executable == two.executable
    }

    /// A holder in the same process is found again through its waiter: that circle is the lock itself.
    private func endsInOwnLock(_ standstill: Standstill, _ row: Int) -> Bool {
        guard case .cycle = standstill.ending else { return false }
        return standstill.end == .fileLock(row) && Set(index.locks[row].holders.map(\.pid)).count == 1
            && index.locks[row].sqlite != nil
    }
}

extension Ending {
    /// Asleep or waiting for a signal, of its own will.
    var isPatience: Bool {
        switch self {
        case .childStays, .timer: true
        default: false
        }
    }
}
