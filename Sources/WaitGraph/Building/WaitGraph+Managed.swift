import Evidence

extension WaitGraph {
    /// What a thread waits for in its language's own terms, in place of the system call beneath.
    mutating func addManaged(_ wait: ManagedWait, of thread: ThreadRecord, _ key: NodeKey, _ cite: [EvidencePath]) {
        if wait.kind == .future, MidMessage.awaitsWhole(thread), let socket = onlyClient(thread.pid) {
            return add(WaitEdge(
                from: key, to: index.key(ofSocket: socket), relation: .reads, since_s: stoodSince(thread), knownFrom: "the only connection of the client in whose call it waits",
                evidence: cite + [index.path(.sockets, socket)]))
        }
        addManaged(wait, pid: thread.pid, key, since_s: stoodSince(thread), cite)
    }

    /// The one connection by which a process asks somebody; nil where there are several, or none.
    private func onlyClient(_ pid: Int32) -> Int? {
        let rows = (index.socketRows[pid] ?? []).prefix(4096).filter { index.sockets[$0].transport == .tcp && index.sockets[$0].state != .listening && index.isClient(index.sockets[$0]) == true }
        return rows.count == 1 ? rows.first : nil
    }

    mutating func addManaged(_ wait: ManagedWait, pid: Int32, _ key: NodeKey, since_s: Double?, _ cite: [EvidencePath]) {
        if let why = wait.rest {
            rest[key] = why
            return
        }
        let object = NodeKey.futex(pid: pid, address: wait.object)
        func edge(_ from: NodeKey, _ to: NodeKey, _ relation: Relation, committed: Bool = false) -> WaitEdge {
            WaitEdge(
                from: from, to: to, relation: relation, since_s: from == key ? since_s : nil, knownFrom: wait.knownFrom, evidence: cite,
                isCommitted: committed)
        }
        switch wait.kind {
        case .lock:
            add(edge(key, object, .locks, committed: true))
            if let owner = wait.ownerTID, owner > 0, out(object).isEmpty {
                add(edge(object, .thread(pid: pid, tid: owner), .heldBy, committed: true))
            } else if let owner = wait.ownerTask, out(object).isEmpty {
                add(edge(object, .task(pid: pid, id: owner), .heldBy, committed: true))
            }
        case .threadEnd:
            if let owner = wait.ownerTID, owner > 0 {
                add(edge(key, .thread(pid: pid, tid: owner), .joins))
            } else {
                add(edge(key, object, .parksOn))
            }
        case .future: addFuture(wait, pid, object, key) { edge($0, $1, $2) }
        case .sleep:
            if case .thread(_, let tid) = key { add(edge(key, .timer(pid: pid, tid: tid), .sleeps)) }
        case .read:
            guard let fd = wait.descriptor, let row = index.socketRow(pid: pid, fd: fd) else { return add(edge(key, object, .parksOn)) }
            add(edge(key, index.key(ofSocket: row), .reads))
        case .housekeeping: rest[key] = "a thread of the language's runtime"
        case .condition, .event, .semaphore, .barrier, .queueTake, .queuePut, .queueJoin: add(edge(key, object, .parksOn))
        }
    }

    /// To the thread that runs the work, or to the executor in whose queue it lies, and on to its threads.
    private mutating func addFuture(
        _ wait: ManagedWait, _ pid: Int32, _ object: NodeKey, _ key: NodeKey, _ edge: (NodeKey, NodeKey, Relation) -> WaitEdge
    ) {
        if let processes = wait.processes, !processes.isEmpty {
            add(edge(key, object, .awaits))
            if out(object).isEmpty {
                for worker in processes.prefix(256) { add(edge(object, .process(worker), .runsOn)) }
            }
        } else if let task = wait.ownerTask.flatMap({ index.task(pid, $0) }), task.state == .suspended, wait.ownerTID.map({ index.thread($0)?.wait?.kind == .descriptors }) == true {
            // The loop goes round: it is the task on it that has not come to its end.
            add(edge(key, object, .awaits))
            if out(object).isEmpty { add(edge(object, .task(pid: pid, id: task.id), .runsOn)) }
        } else if let owner = wait.ownerTID, owner > 0 {
            add(edge(key, object, .awaits))
            if out(object).isEmpty { add(edge(object, .thread(pid: pid, tid: owner), .runsOn)) }
        } else if let executor = wait.executor, executor != 0, let workers = wait.workers, !workers.isEmpty {
            let pool = NodeKey.executor(pid: pid, address: executor)
            add(edge(key, object, .awaits))
            if out(object).isEmpty { add(edge(object, pool, .queuedOn)) }
            if out(pool).isEmpty {
                for worker in workers.prefix(4096) { add(edge(pool, .thread(pid: pid, tid: worker), .runsOn)) }
            }
        } else if let workers = wait.workers, !workers.isEmpty, wait.kind == .future {
            // The result of any of several pieces of work.
            add(edge(key, object, .awaits))
            if out(object).isEmpty { for worker in workers.prefix(4096) { add(edge(object, .thread(pid: pid, tid: worker), .runsOn)) } }
        } else {
            add(edge(key, object, .parksOn))
        }
    }
}
