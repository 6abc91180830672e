import Evidence

/// System V semaphores and message queues of both kinds.
extension WaitGraph {
    mutating func addMessages(_ thread: ThreadRecord, _ wait: ThreadWait, _ key: NodeKey, _ cite: [EvidencePath]) {
        let call = thread.syscall?.name ?? ""
        func edge(_ to: NodeKey, _ relation: Relation, committed: Bool) -> WaitEdge {
            WaitEdge(
                from: key, to: to, relation: relation, since_s: stoodSince(thread), knownFrom: wait.detail ?? "system call \(call)",
                evidence: cite, isCommitted: committed)
        }
        guard call.contains("msg") || call.contains("mq_") else {
            return add(edge(.futex(pid: thread.pid, address: thread.syscall?.arguments.first ?? 0), .parksOn, committed: false))
        }
        let queue = wait.descriptors?.first.map { NodeKey.descriptor(pid: thread.pid, fd: $0.fd) } ?? .peer(wait.detail ?? "a message queue")
        // Whoever sends has something to get rid of; whoever receives may be at rest, unless its last message
        // was taken by a process that has exited since.
        if call.contains("snd") || call.contains("send") {
            add(edge(queue, .writes, committed: true))
        } else if wait.lastUserAlive == false {
            add(edge(queue, .reads, committed: true))
        } else {
            rest[key] = "waits for a message"
        }
    }
}

extension Follower {
    /// A wait for a message queue.
    func queueEdge(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        guard hasLasted(edge) else { return .advancing("messages move") }
        guard edge.relation == .writes else { return ends(edge, .partnerGone(thread.wait?.lastUserPID ?? 0)) }
        let inode = thread.wait?.descriptors?.first.flatMap { index.descriptor(thread.pid, $0.fd)?.inode }
        let readers = index.descriptors.filter { inode != nil && $0.inode == inode && $0.pid != thread.pid && $0.kind != .socket }
        let known = readers.map { DescriptorReference(pid: $0.pid, fd: $0.fd, processName: index.name(of: $0.pid)) }
            + (thread.wait?.lastUserPID.map { [DescriptorReference(pid: $0, fd: -1, processName: index.name(of: $0))] } ?? [])
        return ends(edge, .queueFull(readers: known))
    }
}

extension Follower {
    /// A System V semaphore whose last permit was taken by a process that waits, in the end, for this very one (GETPID of semctl(2)), with no relative of theirs left who
    /// could give any back.
    mutating func semaphoreCircle(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome? {
        guard hasLasted(edge), thread.wait?.timeout_s == nil, let taker = takerOfSemaphore(thread), index.threads(of: taker).count == 1, index.threads(of: thread.pid).count == 1 else { return nil }
        let family = index.processes.filter { $0.role != .followed && ![taker, thread.pid].contains($0.identity.pid) && $0.state != "Z" }
        guard family.allSatisfy({ process in index.threads(of: process.identity.pid).allSatisfy { $0.wait?.kind == .child || $0.wait?.kind == .ipc && takerOfSemaphore($0) != nil } }) else { return nil }
        var next = edge
        next.to = .process(taker)
        next.relation = .locks
        next.knownFrom = "the last to take of \(thread.wait?.detail ?? "a semaphore")"
        next.isCommitted = true
        guard case .stuck(let standstill) = follow(next), case .cycle(let edges) = standstill.ending, edges.contains(where: { $0.from == edge.from }) else { return nil }
        return .stuck(standstill)
    }

    private func takerOfSemaphore(_ thread: ThreadRecord) -> Int32? {
        guard thread.wait?.kind == .ipc, thread.syscall?.name.hasPrefix("sem") == true, let taker = thread.wait?.lastUserPID, taker != thread.pid, index.process(taker) != nil else { return nil }
        return taker
    }
}
