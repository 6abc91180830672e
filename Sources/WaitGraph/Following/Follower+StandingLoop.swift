import Evidence

extension WaitGraph {
    package static let unpolled = "nobody polls the set that has the other end, and no other thread is at work"
    /// Known by the thread's own frames.
    package static let midRound = "in the middle of a round of the loop that polls for what comes at the other end"
}

/// Event loops that go round no more, since the thread that is to poll stands elsewhere.
extension Follower {
    /// On from a connection to the thread that keeps the event loop at its other end from going round, and to what that waits for; nil where no such is shown.
    mutating func throughLoop(_ edge: WaitEdge, _ socket: SocketRecord, _ standing: SocketStanding) -> Outcome? {
        switch standing {
        case .owed, .peerNotReading, .notAccepted: break
        default: return nil
        }
        guard socket.transport == .tcp, index.isClient(socket) == true else { return nil }
        let known = graph.index.rounds(socket).first { activity.change(of: $0.tid) == .stood }
        if let known, edge.from == .thread(pid: known.pid, tid: known.tid) { return nil }
        if case .notAccepted = standing, known == nil { return nil }
        let isOwn = !socket.owners.isEmpty && socket.owners.allSatisfy { own in socket.peer?.owners.contains { $0.pid == own.pid } == true }
        // It is owed an answer by a loop of its own process, which is no silent peer, and what keeps that is not shown.
        let elsewhere = Outcome.parked(Standstill(path: [edge], end: edge.to, ending: .socket(standing), isCommitted: false))
        // One that looks now and then took in what was asked.
        guard let loop = known ?? standingLoop(socket.peer) else { return isOwn && isUnpolled(socket) && (socket.peer?.receiveQueue ?? 0) > 0 ? elsewhere : nil }
        let across = WaitEdge(
            from: edge.to, to: .thread(pid: loop.pid, tid: loop.tid), relation: .otherEnd, knownFrom: known == nil ? WaitGraph.unpolled : WaitGraph.midRound,
            evidence: index.threadRow[loop.tid].map { [index.path(.threads, $0)] } ?? [], isCommitted: true)
        switch follow(across, behind: edge) {
        case .stuck(let standstill): return .stuck(standstill.following(edge))
        case .parked(let standstill):
            // One that takes its work elsewhere, or that is about to be let go on by its timer, keeps to its own order.
            guard case .neverSignalled = standstill.ending, Self.isDeep(loop), !takesWork(loop) else { break }
            return .stuck(standstill.following(edge))
        case .advancing(let why): if known != nil, isOwn { return .advancing("an event loop is to answer, and is in the middle of a round: \(why)") }
        case .atRest, .unclear: break
        }
        return known != nil && isOwn ? elsewhere : nil
    }

    /// Whether a connection's other end lies in the set of an event loop that nobody polls.
    private func isUnpolled(_ socket: SocketRecord) -> Bool {
        guard let peer = socket.peer, peer.kind == .local, let inode = peer.inode, let pid = peer.owners.first?.pid else { return false }
        return unpolled(inode, pid) != nil
    }

    /// The thread that was to poll: the only one of its process that is at work, where an event loop's set has the connection, and nobody waits at that set.
    private func standingLoop(_ peer: SocketPeer?) -> ThreadRecord? {
        guard let peer, peer.kind == .local, let inode = peer.inode, let pid = peer.owners.first?.pid, peer.owners.allSatisfy({ $0.pid == pid }),
            index.snapshot.threads.status == .complete, activity.window_s >= graph.hungAfter_s * 0.8, let watched = unpolled(inode, pid)
        else { return nil }
        let threads = index.threads(of: pid)
        guard index.process(pid).map({ $0.threadCount <= threads.count }) == true else { return nil }
        let atWork = threads.filter { isAtWork($0, watched) }
        guard atWork.count == 1, activity.change(of: atWork[0].tid) == .stood else { return nil }
        return atWork[0]
    }

    /// All that is in the sets that wait for input from a socket, where at both looks nobody polls one of them; nil where somebody does, or there is no such set. (EPOLLIN 1, epoll_ctl(2).)
    private func unpolled(_ inode: UInt64, _ pid: Int32) -> Set<UInt64>? {
        let all = index.descriptors(of: pid).filter { $0.epoll != nil }
        let sets = all.filter { $0.epoll?.contains { $0.inode == inode && $0.events & 1 != 0 } == true }
        guard !sets.isEmpty, let before = activity.earlier?.threads(of: pid), !before.isEmpty else { return nil }
        let polled = Set((index.threads(of: pid).map { graph.understood($0) } + before).flatMap { ($0.wait?.descriptors ?? []).map(\.fd) })
        // A set may lie in another.
        let nested = Set(all.flatMap { ($0.epoll ?? []).map(\.fd) })
        guard sets.allSatisfy({ !polled.contains($0.fd) && !nested.contains($0.fd) }) else { return nil }
        return Set(sets.flatMap { ($0.epoll ?? []).compactMap(\.inode) })
    }

    /// Whether a thread is neither at rest, nor waits for another's end or the very loop, nor merely wakes up by its timer without bringing anything.
    private func isAtWork(_ thread: ThreadRecord, _ watched: Set<UInt64>) -> Bool {
        let key = NodeKey.thread(pid: thread.pid, tid: thread.tid)
        if onTrail[key] != nil || thread.managedWait?.kind == .housekeeping { return false }
        // One that wakes up again and again may look at the set in between, and answer.
        if hadItsTurns(thread) { return !answersNobody(thread) }
        if graph.rest[key] != nil { return false }
        return !graph.out(key).contains { edge in
            guard case .socket(let inode, _) = edge.to, let row = index.socketRow[inode] else { return edge.relation == .joins }
            return index.sockets[row].peer?.inode.map(watched.contains) == true
        }
    }

    private func answersNobody(_ thread: ThreadRecord) -> Bool {
        givesNothing(thread) || isInert(thread) && thread.codeAhead?.outputs == .complete([])
    }

    /// Whether a thread waits where it takes the next piece of work in its loop, rather than in the middle of one.
    private func takesWork(_ thread: ThreadRecord) -> Bool {
        guard thread.codeAhead?.comesBack == true else { return false }
        switch thread.managedWait?.kind {
        case nil: return thread.codeAhead?.isMidRound != true
        case .queueTake?, .condition?, .semaphore?: return true
        default: return false
        }
    }
}
