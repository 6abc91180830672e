import Evidence

/// Holders of locks that do not say who holds them, by what the stacks show.
extension WaitGraph {
    mutating func addHolders(of object: NodeKey, _ futex: FutexWait, _ waiter: ThreadRecord) {
        if futex.object == .once { return addInitialiser(of: object, waiter) }
        let shown = holders(futex, waiter)
        let left = (futex.onStacksOf ?? []).isEmpty ? remaining(futex, waiter) : nil
        for tid in (left.map { [$0] } ?? shown).prefix(16) {
            add(WaitEdge(
                from: object, to: .thread(pid: waiter.pid, tid: tid), relation: .heldBy,
                knownFrom: left == nil ? Self.guardOnStack : Self.byElimination,
                evidence: index.threadRow[tid].map { [index.path(.threads, $0)] } ?? [], isCommitted: true))
        }
    }

    package static let guardOnStack = "the lock's address on its stack"
    package static let byElimination = "every other thread only ticks or waits for threads to end"

    /// Those whose stacks tell that they hold the lock, where it is one for whom there is room: a second one may only refer to it.
    /// A thread in a condition's wait has let go of the mutex whose address it keeps; of a read-write lock only where its condition is for any lock.
    private func holders(_ futex: FutexWait, _ waiter: ThreadRecord) -> [Int32] {
        let shown = (futex.onStacksOf ?? []).filter { tid in
            guard let other = index.thread(tid), other.pid == waiter.pid else { return false }
            let mayLetGo = futex.object == .mutex || StackShape(other).contains(anyOf: ["condition_variable_any"], within: 16)
            return tid == waiter.tid || other.wait?.futex?.object != .condition || !mayLetGo
        }
        let room = futex.object == .readWriteLock ? max(1, futex.count ?? 1) : 1
        return shown.count <= room ? shown : []
    }

    /// The one other thread that waits for another such lock, where both know both locks and all the rest only wait for threads to end.
    private func remaining(_ futex: FutexWait, _ waiter: ThreadRecord) -> Int32? {
        guard index.snapshot.threads.status == .complete else { return nil }
        let others = index.threads(of: waiter.pid).filter { $0.tid != waiter.tid && $0.wait?.futex?.object != .join && $0.state != "Z" }
        guard others.count == 1, let other = others[0].wait?.futex, other.object == .mutex || other.object == .readWriteLock, other.ownerTID == nil,
            other.objectAddress != futex.objectAddress, futex.knownTo?.contains(others[0].tid) == true, other.knownTo?.contains(waiter.tid) == true
        else { return nil }
        return others[0].tid
    }

    package static let byCount = "as many threads are at work as it was entered more often than left"

    /// Who is to leave a group of Dispatch, where just as many threads are in the middle of something as it waits for; false where that is not so.
    mutating func addLeavers(of object: NodeKey, _ futex: FutexWait, _ waiter: ThreadRecord) -> Bool {
        guard futex.flavour == "dispatch group", let entries = futex.count, (1...64).contains(entries), index.snapshot.threads.status == .complete else { return false }
        let follower = Follower(self)
        let others = index.threads(of: waiter.pid).filter { other in
            guard other.tid != waiter.tid, other.state == "S", other.wait?.kind != .sleep, other.wait?.futex?.object != .join,
                other.wait?.futex?.flavour != futex.flavour, !follower.isInert(other)
            else { return false }
            let shape = StackShape(other)
            return !shape.own.isEmpty && !shape.runsEventLoop
        }
        guard others.count == entries else { return false }
        guard out(object).isEmpty else { return true }
        for other in others {
            add(WaitEdge(
                from: object, to: .thread(pid: other.pid, tid: other.tid), relation: .heldBy, knownFrom: Self.byCount,
                evidence: index.threadRow[other.tid].map { [index.path(.threads, $0)] } ?? [], isCommitted: true))
        }
        return true
    }

    /// A one-time initialisation has no owner in memory; whoever runs it has the function that runs it on its stack.
    private mutating func addInitialiser(of object: NodeKey, _ waiter: ThreadRecord) {
        let frames = waiter.stack.elements.filter { !$0.isInlined }
        guard let entry = frames.firstIndex(where: { Self.runsOnce($0.symbol ?? $0.function ?? "") }) else { return }
        // C++ calls the initialiser from the very function that asks: that one is on both stacks.
        let marks = frames[entry...].prefix(2).compactMap { $0.symbol ?? $0.function }.filter { !$0.contains("guard_acquire") }
        let others = index.threads(of: waiter.pid).filter { other in
            let waitsForSame = other.wait?.futex?.objectAddress == waiter.wait?.futex?.objectAddress
            guard other.wait?.futex?.object != .once || !waitsForSame || other.tid == waiter.tid else { return false }
            let names = other.stack.elements.filter { !$0.isInlined }.map { $0.symbol ?? $0.function ?? "" }
            if other.tid == waiter.tid { return names.filter { $0 == marks.first }.count > 1 }
            // One that waits for another initialisation asks for that in its innermost functions.
            return names.dropFirst(other.wait?.futex?.object == .once ? 2 : 1).contains { marks.contains($0) }
        }
        let isShown = !others.isEmpty
        if let first = others.first ?? otherInitialiser(waiter) {
            add(WaitEdge(
                from: object, to: .thread(pid: first.pid, tid: first.tid), relation: .heldBy, knownFrom: isShown ? "`\(marks[0])` on its stack" : Self.byElimination,
                evidence: index.threadRow[first.tid].map { [index.path(.threads, $0)] } ?? [], isCommitted: true))
        }
    }

    /// The one other thread that waits for another initialisation, where none of the rest can be at one: they tick, or wait for threads to end.
    private func otherInitialiser(_ waiter: ThreadRecord) -> ThreadRecord? {
        guard index.snapshot.threads.status == .complete else { return nil }
        let follower = Follower(self)
        let others = index.threads(of: waiter.pid).filter {
            $0.tid != waiter.tid && $0.wait?.futex?.object != .join && $0.state != "Z" && !follower.isWithoutLocks($0)
        }
        guard others.count == 1, let other = others.first?.wait?.futex, other.object == .once, other.objectAddress != waiter.wait?.futex?.objectAddress else { return nil }
        return others[0]
    }

    private static func runsOnce(_ symbol: String) -> Bool {
        ["pthread_once", "swift_once", "dispatch_once", "guard_acquire", "4once5futex", "once::futex::Once"].contains { symbol.contains($0) }
    }

    private func joins(_ thread: ThreadRecord, waiterOf futex: FutexWait) -> Bool {
        guard thread.wait?.futex?.object == .join, let target = thread.wait?.futex?.ownerTID, let joined = index.thread(target) else { return false }
        return joined.wait?.futex?.objectAddress == futex.objectAddress
    }

    /// Whether the holder of an ownerless lock can only be the waiter itself or a thread that has exited.
    func holderIsLost(_ futex: FutexWait, _ waiter: ThreadRecord) -> Bool {
        guard index.snapshot.threads.status == .complete, futex.object == .mutex || futex.object == .readWriteLock else { return false }
        let others = index.threads(of: waiter.pid).filter {
            $0.tid != waiter.tid && $0.state != "Z" && $0.wait?.futex?.objectAddress != futex.objectAddress && !joins($0, waiterOf: futex)
                && !Follower(self).isWithoutLocks($0)
        }
        return others.isEmpty && (futex.object == .mutex || (futex.count ?? 1) > 0)
    }
}
