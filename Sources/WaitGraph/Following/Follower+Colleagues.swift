import Evidence

/// Workers of one pool that queue up behind the one of them that waits for work, with the queue's lock in its hand; leader and followers
/// at one listener.
extension Follower {
    static let queues = "queues behind a worker that waits for work"

    /// Whether the holder waits for a connection that the waiter could have accepted as well.
    func acceptsForWaiter(_ tid: Int32, _ pid: Int32) -> Bool {
        guard let waiter = trail.last(where: { $0.relation == .locks }), case .thread(let other, _) = waiter.from else { return false }
        return index.thread(tid)?.wait?.descriptors?.contains { interest in
            guard interest.operation == .accept, let inode = index.descriptor(pid, interest.fd)?.inode else { return false }
            return index.descriptors(of: other).contains { $0.inode == inode }
        } == true
    }

    /// Whether the thread that waits for the lock at the end of the trail began where this one did, and is no main thread.
    func isColleague(_ tid: Int32, _ pid: Int32) -> Bool {
        guard let waiter = trail.last(where: { $0.relation == .locks }), case .thread(pid, let other) = waiter.from else { return false }
        return areColleagues(tid, other, pid)
    }

    private func areColleagues(_ tid: Int32, _ other: Int32, _ pid: Int32) -> Bool {
        guard other != tid, other != pid, tid != pid, let one = index.thread(tid), let two = index.thread(other) else { return false }
        func start(_ thread: ThreadRecord) -> [String] {
            // All threads of a virtual machine begin in the same native function: the program's own outermost one counts.
            if thread.managedStack?.elements.isEmpty == false { return StackShape(thread).own.last?.function.map { [$0] } ?? [] }
            return StackShape.start(of: thread.stack.elements)
        }
        // Dispatch's threads begin alike, whatever they do.
        return !start(one).isEmpty && start(one) == start(two) && !start(one).contains("_dispatch_worker_thread")
    }

    /// Of a program of machine code: a thread that goes on by itself and may let the holder of a lock go on, which waits for others to do so.
    func helper(ofHolder tid: Int32, _ pid: Int32) -> Outcome? {
        guard index.thread(tid)?.managedStack == nil, index.thread(tid)?.managedWait == nil else { return nil }
        for other in index.threads(of: pid) where other.tid != tid && onTrail[.thread(pid: pid, tid: other.tid)] == nil {
            switch activity.change(of: other.tid) {
            case .ran: return .advancing("thread \(other.tid) ran in between")
            case .woke where graph.understood(other).wait?.kind == .sleep && !isInert(other):
                return .unclear("it waits for a lock, whose holder waits for what a thread that goes on may bring")
            default: continue
            }
        }
        return nil
    }

    /// Whether a thread that wakes up by its timer may come to code that lets others go on.
    package func mayBeFed(by pid: Int32, _ tid: Int32) -> Bool {
        index.threads(of: pid).contains { $0.tid != tid && graph.ticks($0) && $0.codeAhead?.releases?.elements.contains { !$0.contains("unlock") } == true }
    }

    /// Where nothing tells who holds a lock: whether one of those who may is about to let go of it; nil where none is seen to.
    ///
    /// That is a worker that stands in the very functions in which the waiter does, and waits for work there; or whoever computes.
    mutating func hope(_ edge: WaitEdge, _ waiter: ThreadRecord, _ futex: FutexWait) -> Outcome? {
        let shown = futex.onStacksOf ?? []
        // In a condition's wait the lock has been let go.
        let mayHold = index.threads(of: waiter.pid).filter { other in
            other.tid != waiter.tid && other.wait?.futex?.objectAddress != futex.objectAddress && other.wait?.futex?.object != .condition && (shown.isEmpty || shown.contains(other.tid))
        }
        for other in mayHold {
            if !shown.isEmpty, case .ran = activity.change(of: other.tid) { return .advancing("thread \(other.tid) ran in between") }
            guard areColleagues(other.tid, waiter.tid, waiter.pid), StackShape(other).own.map(\.function) == StackShape(waiter).own.map(\.function) else { continue }
            if awaitsConnections(other) { return .atRest(Self.queues) }
            if case .parked(let standstill) = outcome(of: .thread(pid: other.pid, tid: other.tid)), case .neverSignalled = standstill.ending, !isClosed(other.pid) { return .atRest(Self.queues) }
        }
        return nil
    }

    private func awaitsConnections(_ thread: ThreadRecord) -> Bool { graph.understood(thread).wait?.descriptors?.contains { $0.operation == .accept } == true }

    func unrecorded(_ futex: FutexWait) -> String {
        let names = (futex.onStacksOf ?? []).prefix(4).compactMap { tid in index.thread(tid).map { "\(MachineShift.ownID(tid)) (\($0.name))" } }
        guard names.count > 1 else { return "who holds the lock is not recorded in it, and no stack tells" }
        return "who holds the lock is not recorded in it, and the stacks of threads \(names.joined(separator: ", ")) all have its address"
    }
}
