import Evidence

extension WaitGraph {
    /// What a thread waits for in its language's own terms, in place of the system call beneath.
    mutating func addManaged(_ wait: ManagedWait, of thread: ThreadRecord, _ key: NodeKey, _ cite: [EvidencePath]) {
        if let why = wait.rest {
            rest[key] = why
            return
        }
        let object = NodeKey.futex(pid: thread.pid, address: wait.object)
        let since_s = stoodSince(thread)
        func edge(_ from: NodeKey, _ to: NodeKey, _ relation: Relation, committed: Bool = false) -> WaitEdge {
            WaitEdge(
                from: from, to: to, relation: relation, since_s: from == key ? since_s : nil, knownFrom: wait.knownFrom, evidence: cite,
                isCommitted: committed)
        }
        switch wait.kind {
        case .lock:
            add(edge(key, object, .locks, committed: true))
            if let owner = wait.ownerTID, owner > 0, out(object).isEmpty {
                add(edge(object, .thread(pid: thread.pid, tid: owner), .heldBy, committed: true))
            }
        case .threadEnd:
            if let owner = wait.ownerTID, owner > 0 {
                add(edge(key, .thread(pid: thread.pid, tid: owner), .joins))
            } else {
                add(edge(key, object, .parksOn))
            }
        case .future: addFuture(wait, thread, object, key) { edge($0, $1, $2) }
        case .sleep: add(edge(key, .timer(pid: thread.pid, tid: thread.tid), .sleeps))
        case .housekeeping: rest[key] = "a thread of the language's runtime"
        case .condition, .event, .semaphore, .barrier, .queueTake, .queuePut, .queueJoin: add(edge(key, object, .parksOn))
        }
    }

    /// To the thread that runs the work, or to the executor in whose queue it lies, and on to its threads.
    private mutating func addFuture(
        _ wait: ManagedWait, _ thread: ThreadRecord, _ object: NodeKey, _ key: NodeKey, _ edge: (NodeKey, NodeKey, Relation) -> WaitEdge
    ) {
        let pid = thread.pid
        if let owner = wait.ownerTID, owner > 0 {
            add(edge(key, object, .awaits))
            if out(object).isEmpty { add(edge(object, .thread(pid: pid, tid: owner), .runsOn)) }
        } else if let executor = wait.executor, executor != 0, let workers = wait.workers, !workers.isEmpty {
            let pool = NodeKey.executor(pid: pid, address: executor)
            add(edge(key, object, .awaits))
            if out(object).isEmpty { add(edge(object, pool, .queuedOn)) }
            if out(pool).isEmpty {
                for worker in workers.prefix(4096) { add(edge(pool, .thread(pid: pid, tid: worker), .runsOn)) }
            }
        } else {
            add(edge(key, object, .parksOn))
        }
    }
}
