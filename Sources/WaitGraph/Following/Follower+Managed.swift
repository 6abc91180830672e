import Evidence

extension Follower {
    /// Work of an executor: goes on when the thread that runs it does, or when one of its threads comes free.
    mutating func work(_ edge: WaitEdge) -> Outcome {
        guard case .executor(let pid, _) = edge.to else { return follow(edge) }
        switch follow(edge) {
        // Work lies queued although a thread of the pool has nothing to do: it is about to begin.
        case .atRest: return .advancing("a thread of the pool of process \(pid) is free")
        case let other: return other
        }
    }

    /// Work of processes: where every one of them waits for its next task, the result has been lost.
    mutating func processWork(_ node: NodeKey) -> Outcome {
        let outcomes = graph.out(node).map { follow($0) }
        let resting = outcomes.allSatisfy { if case .atRest = $0 { true } else { false } }
        if resting { return .stuck(Standstill(end: node, ending: .neverSignalled(.condition), isCommitted: true)) }
        return any(outcomes)
    }

    /// A pool whose threads are known: any of them that comes to an end of what it does takes the next work.
    mutating func managedPool(_ node: NodeKey, _ pid: Int32) -> Outcome {
        let edges = graph.out(node)
        let outcomes = edges.prefix(256).map { follow($0) }
        let free = outcomes.first { outcome in
            switch outcome {
            case .advancing, .atRest, .unclear: true
            case .parked, .stuck: false
            }
        }
        if let free { return free }
        // What blocks a thread of it elsewhere is the end of the chain.
        let elsewhere = outcomes.filter { outcome in
            guard case .stuck(let standstill) = outcome else { return true }
            if case .cycle(let circle) = standstill.ending { return !circle.contains { $0.from == node || $0.to == node } }
            return standstill.end != node
        }
        if !elsewhere.isEmpty || outcomes.isEmpty { return Self.worst(elsewhere) ?? elsewhere.first ?? .unclear("the pool's threads were not seen") }
        return .stuck(Standstill(end: node, ending: .workersExhausted(threads: edges.count), isCommitted: true))
    }

    /// A task of another language's runtime than Swift's.
    mutating func managedTask(_ wait: ManagedWait, _ task: TaskRecord, _ key: NodeKey) -> Outcome {
        if activity.stood(task) == false, !isLibrarysClock(task) { return .advancing("task \(task.name ?? "") got on") }
        if let rest = graph.rest[key] { return .atRest(rest) }
        if let missed = missed(wait, activity.earlier?.task(task.pid, task.id)?.managedWait, task.pid, key, graph.out(key).first?.evidence ?? []) { return missed }
        guard let edge = graph.out(key).first, edge.relation != .parksOn else {
            if wait.kind == .sleep { return .parked(Standstill(end: key, ending: .timer(asked_s: wait.timeout_s), isCommitted: false)) }
            guard let edge = graph.out(key).first else { return .unclear("what task \(task.name ?? "") waits for is not known") }
            if nobodyReleases(wait, activity.earlier?.task(task.pid, task.id)?.managedWait) { return ends(edge, .neverSignalled(Self.kind(of: wait))) }
            return .parked(Standstill(path: [edge], end: edge.to, ending: .taskAtRest(why: wait.typeName), isCommitted: false))
        }
        if edge.relation == .reads { return midMessage(edge, wait, task) }
        return follow(edge)
    }

    /// Asleep in a library's own code, as the loop of a server that looks now and then whether it is to stop.
    private func isLibrarysClock(_ task: TaskRecord) -> Bool {
        guard task.managedWait?.kind == .sleep else { return false }
        let caller = task.backtrace.elements.dropFirst().first?.file
        return caller?.contains("-packages/") == true
    }

    /// Nothing can end the wait, by both looks: what is read from a process that goes on may be out of date within one.
    func nobodyReleases(_ wait: ManagedWait, _ before: ManagedWait?) -> Bool {
        guard wait.releasers == .complete([]) else { return false }
        return activity.earlier == nil || before?.releasers == .complete([]) && before?.object == wait.object
    }

    /// A reader that has part of a message is in the middle of it; one that has nothing may be waiting for the next.
    private mutating func midMessage(_ edge: WaitEdge, _ wait: ManagedWait, _ task: TaskRecord) -> Outcome {
        guard (wait.count ?? 0) > 0, case .socket(let inode, _) = edge.to, let row = socketRow(edge.to, inode),
            case .quiet(let since) = activity.standing(of: index.sockets[row])
        else { return taskSocket(edge, task.pid, task) }
        guard since >= graph.hungAfter_s * 0.9 else { return .advancing("received \(since) s ago") }
        var timed = edge
        timed.since_s = since
        return ends(timed, .socket(.quiet(since_s: since)))
    }

    /// What a lock's waiter knows of its holder, where the language's runtime tells.
    func managedLock(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome? {
        guard let wait = thread.managedWait, wait.kind == .lock, let owner = wait.ownerTID ?? (wait.ownerAlive == false ? 0 : nil) else { return nil }
        if owner == thread.tid { return ends(edge, .ownerSelf) }
        return wait.ownerAlive == false ? ends(edge, .ownerGone) : nil
    }

    /// A lock that a task of the runtime waits for, and that nobody who goes on can come to.
    func isGivenUp(_ node: NodeKey) -> Bool {
        guard case .futex(let pid, let address) = node, let wait = index.managedObject(pid, address) else { return false }
        return wait.kind == .lock && wait.ownerAlive == false
    }

    /// A lock of a language's runtime that no thread is seen to hold, in a process where all threads wait for each other:
    /// whoever took it is gone, or waits for it again.
    func isAbandoned(_ node: NodeKey) -> Bool {
        guard case .futex(let pid, let address) = node, index.managedObject(pid, address)?.kind == .lock else { return false }
        // Another thread that waits for something else may have it, taken in a function that has returned.
        let others = index.threads(of: pid).contains { thread in
            if isWithoutLocks(thread) { return false }
            guard let wait = thread.managedWait else { return true }
            let waitsForIt = wait.kind == .lock && wait.object == address
            return !waitsForIt && wait.rest == nil && wait.kind != .threadEnd && wait.kind != .housekeeping
        }
        return !others && (isClosed(pid) || isLulled(pid))
    }

    /// Whether a thread that waits in its language's terms leaves nobody to act; nil where the runtime says nothing of it.
    func standsForGood(_ thread: ThreadRecord) -> Bool? {
        guard let wait = thread.managedWait else { return nil }
        if wait.kind == .housekeeping { return true }
        // Another process that shares the object may end the wait.
        if wait.releasers == nil, thread.wait?.futex?.isOpenToOthers == true { return false }
        if wait.timeout_s != nil || wait.kind == .sleep || wait.releasers?.elements.isEmpty == false { return false }
        switch activity.change(of: thread.tid) {
        case .ran, .woke: return false
        case .stood, .unknown: return true
        }
    }

    static func kind(of wait: ManagedWait) -> FutexWait.ObjectKind {
        switch wait.kind {
        case .semaphore: .semaphore
        case .barrier: .barrier
        case .threadEnd: .join
        case .condition, .event, .queueTake, .queuePut, .queueJoin, .future: .condition
        case .lock, .sleep, .read, .housekeeping: .unknown
        }
    }
}
