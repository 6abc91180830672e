import Evidence

/// Answers that came, and for which nobody was found who waits.
extension Follower {
    mutating func missed(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome? {
        guard let wait = thread.managedWait, hasLasted(edge) else { return nil }
        return missed(wait, activity.earlier?.thread(thread.tid)?.managedWait, thread.pid, edge.from, edge.evidence)
    }

    /// A wait that only the reader of a connection could end: what came last was for nobody, as many pieces came as went out, and the other end waits for the next
    /// question and does nothing besides, at both looks.
    mutating func missed(_ wait: ManagedWait, _ before: ManagedWait?, _ pid: Int32, _ key: NodeKey, _ cite: [EvidencePath]) -> Outcome? {
        guard let fd = wait.missedOn, wait.timeout_s == nil, activity.earlier == nil || before?.missedOn == fd && before?.object == wait.object, let row = index.socketRow(pid: pid, fd: fd) else { return nil }
        let socket = index.sockets[row]
        guard socket.transport == .tcp, let tcp = socket.tcp, tcp.dataSegmentsIn >= tcp.dataSegmentsOut, case .quiet(let since) = activity.standing(of: socket), saidItsAnswer(socket),
            isThrough(socket.peer, with: pid)
        else { return nil }
        guard since >= graph.hungAfter_s * 0.9 else { return .advancing("received \(since) s ago") }
        let reads = WaitEdge(
            from: key, to: index.key(ofSocket: row), relation: .reads, since_s: since, knownFrom: "the reader of the connection alone leads to it, and found nobody who waits for what came last",
            evidence: cite + [index.path(.sockets, row)])
        return ends(reads, .unfulfilled(since_s: since))
    }

    /// Whether the process at the other end has nothing under way: no task or thread of it computes, sleeps, or waits for anything but what others send.
    private func isThrough(_ peer: SocketPeer?, with pid: Int32) -> Bool {
        guard let pids = peer.map({ Set($0.owners.map(\.pid)) }), !pids.isEmpty, !pids.contains(pid) else { return false }
        return pids.allSatisfy { other in
            let threads = index.threads(of: other)
            guard !threads.isEmpty, activity.isActive(other) == false else { return false }
            let tasksRest = index.tasks.allSatisfy { task in
                task.pid != other || task.state == .completed || graph.rest[.task(pid: other, id: task.id)] != nil || task.managedWait?.kind == .read || [.task, .group].contains(task.wait?.kind)
            }
            return tasksRest && threads.allSatisfy { thread in
                if graph.rest[.thread(pid: other, tid: thread.tid)] != nil { return true }
                let wait = graph.understood(thread).wait
                return wait?.kind == .descriptors && wait?.timeout_s == nil
            }
        }
    }
}
