import Evidence

extension Follower {
    /// A wait on a connection: by `reader`, or by an event loop when nil.
    mutating func socketEdge(_ edge: WaitEdge, pid: Int32, reader: ThreadRecord?) -> Outcome {
        guard case .socket(let inode, _) = edge.to, let row = socketRow(edge.to, inode) else { return .unclear("the connection was not seen") }
        let socket = index.sockets[row]
        let standing = activity.standing(of: socket)
        if let reader, isLookup(reader, socket) {
            return resolvesThroughout(edge, reader) ? ends(edge, .nameLookup) : .advancing("resolves a name")
        }
        switch standing {
        case .moving: return trickle(socket, reader).map { ends(edge, .socket($0)) } ?? .advancing("bytes move on the connection")
        case .dripping: return takesEach(edge, reader) ? .advancing("what comes on the connection is taken piece by piece") : ends(edge, .socket(standing))
        case .listening: return .atRest("waits for connections")
        case .connecting(let retransmits):
            guard retransmits >= 1 && lasted(edge, socket) || edge.since_s.map({ $0 >= graph.hungAfter_s * 0.8 }) == true else { return .advancing("connects") }
            return ends(edge, .socket(standing))
        case .notAccepted: return lasted(edge, socket) ? throughPeer(edge, socket, standing) : .advancing("connects")
        case .unacknowledged: return ends(edge, .socket(standing))
        case .peerGone: return edge.relation == .writes || reader != nil || socket.tcp != nil ? ends(edge, .socket(standing)) : .unclear("peer gone")
        case .owed(let since, _): return owed(edge, socket, since, standing, reader)
        case .peerNotReading:
            guard lasted(edge, socket) else { return .advancing("writes") }
            let found = throughPeer(edge, socket, standing)
            // A reader that keeps to a rate pauses for as long as it takes, and reads on.
            guard case .stuck(let standstill) = found, standstill.path.count == 1 else { return found }
            if wakesSoon(socket.peer) || hasTaskThatWakesSoon(socket.peer) { return .parked(standstill) }
            // What it had to say is out of its hands: why nobody fetches that is told of the peer.
            if edge.relation == .reads, let reader, index.isClient(socket) == false, !MidMessage.isShown(by: reader), !MidMessage.isInOperation(reader) {
                return .atRest("waits for the next request; its last answer was not fetched yet")
            }
            return found
        case .quiet(let since): return quiet(edge, socket, since, reader)
        case .served: return .atRest("waits for the next request on a connection")
        case .unread:
            // What lies here unread is no news to a thread that cannot get rid of what it writes.
            if edge.relation == .writes, hasLasted(edge) { return throughPeer(edge, socket, .peerNotReading(bytes: socket.sendQueue)) }
            return reader == nil ? .atRest("unread bytes") : .advancing("bytes lie ready for it")
        case .closedByPeer(let owed):
            return owed && activity.isActive(pid) == false ? ends(edge, .socket(standing)) : .atRest("closed by its peer")
        case .unknown:
            if edge.relation == .writes, hasLasted(edge) { return throughPeer(edge, socket, .peerNotReading(bytes: socket.sendQueue)) }
            return local(edge, socket, pid)
        }
    }

    mutating func owed(_ edge: WaitEdge, _ socket: SocketRecord, _ since: Double, _ standing: SocketStanding, _ reader: ThreadRecord?) -> Outcome {
        guard since >= graph.hungAfter_s * 0.9 else { return .advancing("waits for an answer since \(since) s") }
        // Where nothing tells client from server, and each waits for the other's bytes, nobody is owed anything.
        if index.isClient(socket) == nil, isAwaited(by: socket.peer) { return quiet(edge, socket, since, reader) }
        var timed = edge
        timed.since_s = since
        let found = throughPeer(timed, socket, standing)
        guard case .stuck(let standstill) = found, standstill.path.count == 1 else { return found }
        if isPassedOn(socket) { return .atRest("its peer has passed on what was sent, and waits for more") }
        let everReceived = if case .owed(_, everReceived: true) = standing { true } else { false }
        if everReceived, exchange(edge.from) == .answers { return .atRest(Self.answers) }
        if takesMessages(edge.from), everReceived && Self.isEven(socket) || hearsMore(socket.peer) && !(exchange(edge.from) == .asks && isForgone(socket)) { return .parked(standstill) }
        // It may have subscribed; others of its program may ask, or have told that they are done with what came.
        if exchange(edge.from) == .receives { return everReceived && Self.isEven(socket) ? .atRest(Self.answers) : .parked(standstill) }
        if turns(socket.peer), reader.map(MidMessage.awaitsReply) != true {
            // A worker that takes the next item when one comes, or a client in the middle of its work: the same from outside, but for the stack.
            return reader.map(MidMessage.isInOperation) == true ? .parked(standstill) : .atRest(Self.taken)
        }
        return wakesSoon(socket.peer) ? .parked(standstill) : found
    }

    /// Who speaks first on the connection that it reads from, as far as its code was read.
    func exchange(_ node: NodeKey) -> CodeAhead.Exchange? {
        switch node {
        case .thread(_, let tid): index.thread(tid)?.codeAhead?.exchange
        case .task(let pid, let id): index.task(pid, id)?.codeAhead?.exchange
        default: nil
        }
    }

    /// As many messages in either direction: of requests one more would have gone out, where each answer came in one segment.
    static func isEven(_ socket: SocketRecord) -> Bool { socket.tcp.map { $0.dataSegmentsIn > 0 && $0.dataSegmentsIn == $0.dataSegmentsOut } == true }

    func socketRow(_ key: NodeKey, _ inode: UInt64) -> Int? {
        if inode != 0, let row = index.socketRow[inode] { return row }
        return index.sockets.indices.first { index.key(ofSocket: $0) == key }
    }

    private func lasted(_ edge: WaitEdge, _ socket: SocketRecord) -> Bool {
        guard activity.window_s > 0 else { return true }
        if edge.since_s != nil { return true }
        guard let row = activity.earlier?.socketRow[socket.inode], let before = activity.earlier?.sockets[row] else { return false }
        return before.state == socket.state && before.local == socket.local && activity.moved(socket) != true
    }

    private func isLookup(_ thread: ThreadRecord, _ socket: SocketRecord) -> Bool {
        // Port 53: DNS (RFC 1035), over UDP, or over TCP where the answer is long.
        if socket.remote?.port == 53, index.isClient(socket) != false { return true }
        return StackShape(thread).contains(anyOf: ["getaddrinfo", "gethostbyname", "__res_context_send", "_nss_dns", "__res_send"])
    }

    /// A resolver asks again every few seconds, from a new socket now and then: it stands when both looks find the
    /// thread at a name server's port, and it woke no more often than that takes (resolv.conf(5): timeout 5 s).
    private func resolvesThroughout(_ edge: WaitEdge, _ thread: ThreadRecord) -> Bool {
        if hasLasted(edge) { return true }
        guard case .woke(let times) = activity.change(of: thread.tid), Double(times) <= 6 + activity.window_s,
            let before = activity.earlier?.thread(thread.tid), before.pid == thread.pid, let earlier = activity.earlier
        else { return false }
        return (before.wait?.descriptors ?? []).contains { interest in
            earlier.socketRow(pid: before.pid, fd: interest.fd).map { earlier.sockets[$0].remote?.port == 53 } ?? false
        }
    }

    /// The peer, where it is on this machine, may itself be stuck on something else: that is the end then.
    mutating func throughPeer(_ edge: WaitEdge, _ socket: SocketRecord, _ standing: SocketStanding) -> Outcome {
        let own = Set(socket.owners.map(\.pid))
        // Whoever started a process gives it orders and waits for it in its own time: what an
        // ancestor does at its other ends is not what keeps this connection waiting, unless it is asked as a server.
        let isAsked = socket.transport == .tcp && index.isClient(socket) == true
        let answerers = Set(index.answerers(of: socket).map(\.pid))
        // A child that was started with both ends answers at its own all the same.
        let others = answerers.isSubset(of: own) ? answerers.subtracting([Self.waiter(edge)].compactMap(\.self)) : answerers.subtracting(own)
        let peers = others.filter { peer in
            isAsked || ["T", "t"].contains(index.process(peer)?.state ?? "") || !own.contains { index.isAncestor(peer, of: $0) }
        }
        guard socket.peer?.kind == .local || socket.peer?.kind == .notAccepted, !peers.isEmpty else {
            return throughLoop(edge, socket, standing) ?? ends(edge, .socket(standing))
        }
        for peer in peers.sorted() {
            let across = WaitEdge(
                from: edge.to, to: .process(peer), relation: .otherEnd, knownFrom: "socket at the other end", evidence: edge.evidence, isCommitted: true)
            let found = follow(across, behind: edge)
            switch found {
            case .stuck(let standstill): return .stuck(standstill.following(edge))
            case _ where isOutOfDescriptors(peer):
                return .stuck(Standstill(path: [edge, across], end: .process(peer), ending: .descriptorsExhausted, isCommitted: true))
            case .advancing where isStarved(socket, standing):
                if let busy = busyThread(peer) {
                    let runs = WaitEdge(
                        from: .process(peer), to: .thread(pid: peer, tid: busy), relation: .runsOn, knownFrom: "thread of the process",
                        evidence: index.threadRow[busy].map { [index.path(.threads, $0)] } ?? [])
                    return .stuck(Standstill(path: [edge, across, runs], end: runs.to, ending: .busy, isCommitted: true))
                }
            case .advancing(let why):
                if case .owed = standing, isComputing(peer) { return .advancing("the peer works on it: \(why)") }
            default: break
            }
        }
        return throughLoop(edge, socket, standing) ?? ends(edge, .socket(standing))
    }

    private static func waiter(_ edge: WaitEdge) -> Int32? {
        switch edge.from {
        case .thread(let pid, _), .process(let pid), .task(let pid, _): pid
        default: nil
        }
    }

    private func isOutOfDescriptors(_ pid: Int32) -> Bool {
        guard let process = index.process(pid), let count = process.descriptorCount, let limit = process.descriptorLimit else { return false }
        return limit > 0 && count >= limit
    }

    /// What was sent has lain unread at the other end, or the connection in its queue, in both looks.
    private func isStarved(_ socket: SocketRecord, _ standing: SocketStanding) -> Bool {
        guard let row = activity.earlier?.socketRow[socket.inode], let before = activity.earlier?.sockets[row] else { return false }
        if case .notAccepted = standing { return before.peer?.kind == .notAccepted }
        return (socket.peer?.receiveQueue ?? 0) > 0 && (before.peer?.receiveQueue ?? 0) > 0
    }

    /// The thread of a process that ran in both looks and never slept between them.
    private func busyThread(_ pid: Int32) -> Int32? {
        index.threads(of: pid).first { thread in
            guard activity.runningThroughout.contains(thread.tid), case .ran(let share) = activity.change(of: thread.tid), share > 0.1,
                let before = activity.earlier?.thread(thread.tid)
            else { return false }
            return (thread.voluntarySwitches ?? 0) <= (before.voluntarySwitches ?? 0).addingReportingOverflow(40).partialValue
        }?.tid
    }

    private func isComputing(_ pid: Int32) -> Bool {
        index.threads(of: pid).contains {
            if case .ran(let share) = activity.change(of: $0.tid), share > 0.2 { true } else { false }
        }
    }

    private mutating func quiet(_ edge: WaitEdge, _ socket: SocketRecord, _ since: Double, _ reader: ThreadRecord?) -> Outcome {
        guard let reader else { return .atRest("connection at rest") }
        guard since >= graph.hungAfter_s * 0.9 else { return .advancing("received \(since) s ago") }
        var timed = edge
        timed.since_s = since
        // A peer that is shown to stand still explains it, whatever the protocol.
        if case .stuck(let standstill) = throughPeer(timed, socket, .quiet(since_s: since)), standstill.path.count > 1 { return .stuck(standstill) }
        // Connected, and not a byte either way: it waits for what the server says first.
        if let tcp = socket.tcp, index.isClient(socket) == true, tcp.bytesReceived == 0, tcp.bytesSent == 0, hasLasted(edge), !socket.owners.isEmpty {
            return ends(timed, .socket(.owed(since_s: min(since, max(edge.since_s ?? 0, graph.hungAfter_s)), everReceived: false)))
        }
        // Who called what returns only with an answer has asked; where both last bytes fall together, the request was the later.
        let isTie = socket.tcp.map { abs($0.lastDataSent_ms - $0.lastDataReceived_ms) <= Self.tie_ms } ?? false
        if isTie, reader.codeAhead?.exchange == .asks, Activity.wasAcknowledgedAlone(socket.tcp) { return owed(edge, socket, since, .owed(since_s: since, everReceived: true), reader) }
        if MidMessage.awaitsAnswer(reader), socket.tcp != nil {
            return isTie ? owed(edge, socket, since, .owed(since_s: since, everReceived: true), reader) : ends(timed, .socket(.quiet(since_s: since)))
        }
        // Of two that fall together the request was the later where more went out than came in.
        let isRequest = isTie && socket.tcp.map { $0.dataSegmentsOut > $0.dataSegmentsIn } == true
        if MidMessage.awaitsWhole(reader) { return ends(timed, .socket(isRequest ? .owed(since_s: since, everReceived: true) : .quiet(since_s: since))) }
        if isRequest, isForgone(socket) { return ends(timed, .socket(.owed(since_s: since, everReceived: true))) }
        if MidMessage.isShown(by: reader) { return ends(timed, .socket(.quiet(since_s: since))) }
        if let found = rest(timed, socket, since, reader) { return found }
        if isForgotten(by: socket.peer, socket) {
            return ends(timed, .socket(isRequest ? .owed(since_s: since, everReceived: true) : .quiet(since_s: since)))
        }
        let isMidWork = MidMessage.isInOperation(reader) || holdsOthersUp(reader) && !(isColleague(reader.tid, reader.pid) && Self.bringsNews(socket))
        if saidAll(socket) || !Self.isBulk(socket) && tellsOthersWord(socket), !isMidWork { return .atRest(Self.taken) }
        if wakesSoon(socket.peer), !isMidWork, !Self.isBulk(socket), index.isClient(socket) == true { return .atRest("its peer sent last, and wakes up by its timer") }
        return .parked(Standstill(path: [timed], end: edge.to, ending: .socket(.quiet(since_s: since)), isCommitted: false))
    }

    /// Of an answer that has come in part, by the length that its head told; nil where the peer is about to go on, or nothing of that is known.
    func rest(_ edge: WaitEdge, _ socket: SocketRecord, _ since_s: Double, _ reader: ThreadRecord) -> Outcome? {
        guard reader.wait?.owedRest != nil, !wakesSoon(socket.peer) || wakesInVain(socket.peer) else { return nil }
        let worksOnIt = socket.peer?.kind == .local && socket.peer?.owners.contains { isComputing($0.pid) } == true
        return worksOnIt ? .advancing("the peer works on the rest of its answer") : ends(edge, .socket(.quiet(since_s: since_s)))
    }

    /// Whether far more comes on it than is asked: workers may take turns at reading such, and what was told last may have been all.
    static func bringsNews(_ socket: SocketRecord) -> Bool { socket.tcp.map { $0.dataSegmentsIn / 2 > $0.dataSegmentsOut } == true }

    /// Whether a reader was come to as the holder of a lock that others wait for: nobody sits down with one to wait for news.
    private func holdsOthersUp(_ reader: ThreadRecord) -> Bool {
        trail.last.map { $0.relation == .heldBy && $0.to == .thread(pid: reader.pid, tid: reader.tid) } == true
    }

    /// A Unix socket: the kernel keeps no times, so only the peer's own state tells.
    private mutating func local(_ edge: WaitEdge, _ socket: SocketRecord, _ pid: Int32) -> Outcome {
        if socket.transport == .udp, socket.peer?.owners.contains(where: { $0.pid == pid }) != true { return datagrams(edge, socket) }
        if socket.sendQueue > 0, hasLasted(edge) {
            // Its answer was not fetched yet: the parent is at something else, and that is told of the parent.
            if edge.relation == .reads, socket.peer?.owners.contains(where: { index.isAncestor($0.pid, of: pid) }) == true { return closing(edge, socket, pid) ?? .atRest("waits for orders from its parent") }
            return throughPeer(edge, socket, .owed(since_s: edge.since_s ?? 0, everReceived: false))
        }
        if index.isClient(socket) == false { return .atRest("waits for the next request on a connection") }
        // Bound to a name and connected to nobody: whoever knows the name may write to it, as to a bound port.
        if socket.family == .unix, socket.transport == .datagram, socket.unixPath?.isEmpty == false, socket.unixPeerInode ?? 0 == 0 { return .atRest("waits for datagrams") }
        if let owners = socket.peer?.owners, !owners.isEmpty, owners.allSatisfy({ $0.pid == pid }) {
            return .parked(Standstill(path: [edge], end: edge.to, ending: .neverWoken, isCommitted: false))
        }
        let isLibrarys = isLibrarys(edge.from)
        if !isLibrarys, let circle = closing(edge, socket, pid) { return circle }
        if hasLasted(edge), let keepers = keepersOpen(socket, pid) { return ends(edge, .pipeOpen(holders: keepers)) }
        if let thread = index.thread(ofNode: edge.from), !childrenAttended(by: thread).isEmpty { return .atRest("looks after the end of a child") }
        let peers = (socket.peer?.owners ?? []).map(\.pid)
        if !peers.isEmpty, peers.allSatisfy({ WaitGraph.isIdleSession(index.process($0)) }) { return .atRest("its session with the database is idle: no answer is owed") }
        if peers.contains(where: { index.isAncestor($0, of: pid) }) { return .atRest("waits for orders from its parent") }
        let isChilds = !peers.isEmpty && peers.allSatisfy { index.isAncestor(pid, of: $0) }
        // Whoever waits for a child's end tells of it.
        if isLibrarys, isChilds, index.threads(of: pid).contains(where: { graph.out(.thread(pid: pid, tid: $0.tid)).contains { $0.relation == .waitsForExit } }) { return .atRest(Self.learns) }
        if case .stuck(let standstill) = throughPeer(edge, socket, .unknown), standstill.path.count > 1, !isLibrarys || !isOwed(by: pid, standstill) && !leadsBack(to: pid, standstill) { return .stuck(standstill) }
        if isLibrarys, isChilds { return .atRest(Self.learns) }
        if hasLasted(edge), !isLibrarys, isForgotten(by: socket.peer, socket) || isOccupied(socket.peer) { return ends(edge, .socket(.owed(since_s: edge.since_s ?? 0, everReceived: false))) }
        // Of several things that a main loop waits for at once, a connection whose other end listens owes nothing.
        if turns(socket.peer) || graph.out(edge.from).count > 1 && isAwaited(by: socket.peer) { return .atRest(Self.taken) }
        return .parked(Standstill(path: [edge], end: edge.to, ending: .socket(.unknown), isCommitted: false))
    }

    /// A thread with nothing of the program on its stack looks after a library's own sockets, such as the one by which
    /// Foundation learns of a child's end.
    func isLibrarys(_ node: NodeKey) -> Bool {
        guard case .thread(_, let tid) = node, let thread = index.thread(tid), !thread.isMain else { return false }
        let shape = StackShape(thread)
        return !shape.frames.isEmpty && shape.own.isEmpty && !shape.functions.contains("")
    }

    /// Whether a wait ends at a connection on which this process itself owes the answer.
    private func isOwed(by pid: Int32, _ standstill: Standstill) -> Bool {
        guard case .socket(let inode, _) = standstill.end, let row = socketRow(standstill.end, inode) else { return false }
        return index.sockets[row].peer?.owners.contains { $0.pid == pid } == true
    }

    /// Whether a child waits for what its parent may yet tell it.
    private func leadsBack(to pid: Int32, _ standstill: Standstill) -> Bool {
        guard case .cycle(let edges) = standstill.ending else { return false }
        return edges.contains { if case .thread(pid, _) = $0.from { true } else { false } }
    }

    /// The kernel keeps both times in jiffies of up to 10 ms (CONFIG_HZ), and an answer and the next request take a few ms of a program's.
    private static let tie_ms = 20.0

    /// What Foundation's `Process` has a thread for.
    static let learns = "learns of a child's end"

    static let answers = "takes what comes on a connection, and has answered the last of it"

    static let taken = "its peer has read all that was sent and waits for more"

    /// Datagrams have no end of their own. Who connected, or got a port by sending, has asked somebody; who bound an
    /// address serves whoever writes to it. Ports the kernel chooses begin at 32768 (ip_local_port_range, ip(7)).
    private func datagrams(_ edge: WaitEdge, _ socket: SocketRecord) -> Outcome {
        let hasPartner = (socket.remote?.port ?? 0) > 0
        let isUnbound = ["0.0.0.0", "::", "*", ""].contains(socket.local.host) && socket.local.port >= 32768
        guard hasPartner || isUnbound else { return .atRest("waits for datagrams") }
        guard let since = edge.since_s, since >= graph.hungAfter_s * 0.8 else { return .advancing("waits for a datagram") }
        return ends(edge, .socket(.owed(since_s: since, everReceived: false)))
    }
}
