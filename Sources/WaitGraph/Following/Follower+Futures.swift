import Evidence

/// Threads that wait for a future of an event loop, by what leads to that in memory.
extension Follower {
    /// Where the wait ends: on the connection whose handlers hold the future's promise, or at a timer of its loop; nil where that is not shown.
    mutating func future(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome? {
        guard let lead = thread.wait?.future, hasLasted(edge), activity.earlier.map({ $0.thread(thread.tid)?.wait?.future?.descriptor == lead.descriptor }) ?? true else { return nil }
        if let left = lead.remaining_s, activity.earlier.map({ $0.thread(thread.tid)?.wait?.future?.remaining_s != nil }) ?? true { return scheduled(edge, thread, left) }
        guard let descriptor = lead.descriptor, let row = index.socketRow(pid: thread.pid, fd: descriptor) else { return nil }
        let socket = index.sockets[row]
        guard socket.transport == .tcp, index.isClient(socket) != false, !(socket.peer?.owners.contains { $0.pid == thread.pid } ?? false) else { return nil }
        var reads = WaitEdge(
            from: edge.from, to: index.key(ofSocket: row), relation: .reads, since_s: edge.since_s, knownFrom: "handlers of the connection lead to the future",
            evidence: edge.evidence + [index.path(.sockets, row)])
        let found: Outcome
        switch activity.standing(of: socket) {
        case .quiet(let since):
            guard since >= graph.hungAfter_s * 0.9 else { return .advancing("received \(since) s ago") }
            reads.since_s = since
            // What came last may have been all that there is, unless it is a part of something; subscriptions are asked for by GET.
            if lead.isInputDecoded == false || lead.answerMissing_bytes != nil || lead.answersTo != nil { return ends(reads, .socket(.quiet(since_s: since))) }
            guard let asked = askedLast(reads, socket, isDecoded: lead.isInputDecoded) else { return nil }
            found = asked
        case .closedByPeer where activity.wasClosedThroughout(socket) && socket.receiveQueue <= 1: found = ends(reads, .socket(activity.standing(of: socket)))
        case .owed, .closedByPeer(owed: true), .unacknowledged, .peerGone, .moving, .dripping: found = socketEdge(reads, pid: thread.pid, reader: nil)
        default: return nil
        }
        switch found {
        case .stuck, .advancing: return found
        default: return nil
        }
    }

    /// Of a connection whose last bytes went both ways at one moment, and none of whose decoders keeps a part of an answer: whoever holds out for one, and has sent more often
    /// than received, has asked last. Who answers waits for the next request when it has said its answer; a ping and its pong are even.
    mutating func askedLast(_ edge: WaitEdge, _ socket: SocketRecord, isDecoded: Bool?) -> Outcome? {
        guard isDecoded == true, let tcp = socket.tcp, tcp.bytesSent > 0, tcp.lastDataSent_ms == tcp.lastDataReceived_ms, tcp.dataSegmentsOut > tcp.dataSegmentsIn, !saidItsAnswer(socket),
            let since = edge.since_s
        else { return nil }
        return owed(edge, socket, since, .owed(since_s: since, everReceived: true), nil)
    }

    /// A timer of the loop, in a process that serves nobody and computes nothing: a thread in the middle of its work does not mean to wait for a day.
    private func scheduled(_ edge: WaitEdge, _ thread: ThreadRecord, _ left_s: Double) -> Outcome? {
        let serves = (index.socketRows[thread.pid] ?? []).contains { index.sockets[$0].state == .listening || index.isClient(index.sockets[$0]) == false }
        let computes = index.threads(of: thread.pid).contains { if case .ran = activity.change(of: $0.tid) { true } else { false } }
        guard left_s >= Pause.day_s, left_s < Pause.forEver_s, !serves, !computes, Self.isDeep(thread) else { return nil }
        return ends(edge, .timer(asked_s: left_s))
    }
}
