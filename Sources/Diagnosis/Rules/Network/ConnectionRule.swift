import Evidence
import WaitGraph

/// What a connection that ends a chain of waits is short of.
struct ConnectionRule: DiagnosisRule {
    let causes: [Cause] = [
        .peerSilent, .peerStalled, .halfOpen, .connectBlackholed, .notAccepting, .backpressure, .mutualBackpressure, .nameResolution,
        .peerDripping, .connectionClosedEarly,
    ]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let found = evidence.units.standstills.compactMap { candidate($0, evidence, graph) }
        if !found.isEmpty { return .supported(found) }
        guard evidence.hasSnapshot, evidence.index.snapshot.sockets.status != .unavailable else { return .unknown("sockets were not seen") }
        let clients = evidence.index.sockets.filter { socket in
            socket.owners.contains { evidence.subjectProcesses.contains($0.pid) } && evidence.index.isClient(socket) == true
        }
        return .refuted(.peerSilent, because: clients.isEmpty ? "the process has no client connection" : "none of its \(clients.count) client connections is owed an answer")
    }

    private func candidate(_ standstill: Standstill, _ evidence: DiagnosisCase, _ graph: WaitGraph) -> Candidate? {
        if case .cycle(let edges) = standstill.ending { return circle(edges, standstill, graph) }
        if case .queueFull(let readers) = standstill.ending {
            return make(.backpressure, standstill, graph, readers.isEmpty ? "A message queue is full, and nobody is known to take anything out of it" : "A message queue is full: \(ChainWriter.names(readers, graph.index)) takes nothing out of it")
        }
        if case .nameLookup = standstill.ending { return make(.nameResolution, standstill, graph, "A name is being resolved and no name server answers") }
        guard case .socket(let standing) = standstill.ending, let (row, socket) = socket(standstill.end, graph) else { return nil }
        let to = socket.remote.map(\.description) ?? socket.unixPath ?? "its peer"
        let peer = SocketText.peerText(socket, graph.index)
        if let loop = loopThatAsksItself(standstill, socket, graph) {
            return make(.eventLoopBlocked, rank: 5, standstill, graph, "\(NodeText.short(loop, graph.index)) is an event loop and waits for \(to), where it would have to answer itself")
        }
        switch standing {
        case .owed(let since, _):
            if let began = StreamRule.answerBegan(on: socket, evidence) {
                return make(.peerStalled, standstill, graph, "The answer of \(peer) on the connection to \(to) began and stopped \(evidence.words(since)) ago (\(began))", since)
            }
            // A request may go out in pieces, the last of them after the answer has begun.
            if isAnswerUnderWay(standstill, graph) {
                return make(.peerStalled, standstill, graph, "The answer of \(peer) on the connection to \(to) began and has stood still for \(evidence.words(since))" + missing(standstill, graph), since)
            }
            if socket.transport == .udp {
                return make(.peerSilent, standstill, graph, "A datagram is awaited\(socket.remote == nil ? "" : " from \(to)") since \(evidence.words(since)), and none has come")
            }
            if socket.tcp?.bytesSent == 0 {
                return make(.peerSilent, standstill, graph, "The connection to \(to) is established, and \(peer) has not sent a byte on it for \(evidence.words(since))", since)
            }
            return make(.peerSilent, standstill, graph, "A request was sent to \(to) \(evidence.words(since)) ago and \(peer) has not answered a byte since", since)
        case .quiet(let since):
            return make(
                .peerStalled, standstill, graph,
                "The answer of \(peer) on the connection to \(to) began and has stood still for \(evidence.words(since))" + missing(standstill, graph), since)
        case .unacknowledged(let segments, let retransmits):
            return make(.halfOpen, standstill, graph, "The connection to \(to) is half-open: \(segments) segments sent again \(retransmits) times, none acknowledged")
        case .peerGone:
            return make(.halfOpen, standstill, graph, "The connection to \(to) is half-open: established here, and no socket is left at the other end")
        case .dripping(let bytes, let segments):
            return make(.peerDripping, standstill, graph, "The answer of \(peer) on the connection to \(to) drips: \(bytes) bytes in \(segments) segments over \(NodeText.seconds(graph.activity.window_s))")
        case .closedByPeer(owed: true):
            // It explains why nobody is left to wake those who wait for the answer.
            return make(.connectionClosedEarly, rank: 3, standstill, graph, "\(peer == to ? "The other end" : peer) closed the connection to \(to) without answering the last request, and nothing here has taken note of it")
        case .closedByPeer(owed: false):
            return make(.connectionClosedEarly, rank: 3, standstill, graph, "\(peer == to ? "The other end" : peer) has ended the connection to \(to), and what is awaited from it had not come by then: nothing here has taken note of that")
        case .connecting(let retransmits): return connecting(standstill, socket, retransmits, graph)
        case .notAccepted:
            let isOwn = graph.index.answerers(of: socket).allSatisfy { answerer in socket.owners.contains { $0.pid == answerer.pid } }
            return make(.notAccepting, standstill, graph, isOwn
                ? "\(peer) has connected to itself, to \(to), and waits there instead of accepting: the connection lies in its own listener's queue"
                : "The connection to \(to) waits in the listener's queue: \(peer) does not accept it")
        case .peerNotReading(let bytes):
            let mutual = (socket.peer?.sendQueue ?? 0) > 0 && socket.receiveQueue > 0
            let cause: Cause = mutual ? .mutualBackpressure : .backpressure
            return make(cause, standstill, graph, mutual
                ? "Both ends of the connection to \(to) write and neither reads"
                : "\(bytes) bytes written to \(to) are not read by \(peer)")
        case .unknown where standstill.path.last?.relation == .writes:
            return make(.backpressure, standstill, graph, "\(peer) does not read what is written to \(to)")
        default:
            _ = row
            return nil
        }
    }

    /// The thread of an event loop that waits, in the middle of a round of it, for what only its own process would send.
    private func loopThatAsksItself(_ standstill: Standstill, _ socket: SocketRecord, _ graph: WaitGraph) -> NodeKey? {
        guard let node = standstill.path.last?.from, case .thread(let pid, let tid) = node, let thread = graph.index.thread(tid) else { return nil }
        if graph.index.rounds(socket).contains(where: { $0.tid == tid }) { return node }
        guard StackShape(thread).runsEventLoop || StackShape(thread).contains(anyOf: ["BaseEventLoop._run_once"]),
            let inode = socket.peer?.inode, case let answerers = graph.index.answerers(of: socket), !answerers.isEmpty, answerers.allSatisfy({ $0.pid == pid })
        else { return nil }
        // Its other end, or the listener in whose queue that lies, is in an event loop's set that nobody polls.
        let sets = graph.index.descriptors(of: pid).filter { $0.epoll?.contains { $0.inode == inode } == true }
        let polled = Set(graph.index.threads(of: pid).flatMap { ($0.wait?.descriptors ?? []).map(\.fd) })
        guard !sets.isEmpty, sets.allSatisfy({ !polled.contains($0.fd) }) else { return nil }
        return node
    }

    private func connecting(_ standstill: Standstill, _ socket: SocketRecord, _ retransmits: Int, _ graph: WaitGraph) -> Candidate? {
        let to = socket.remote.map(\.description) ?? "its peer"
        let listener = graph.index.sockets.first { $0.state == .listening && $0.local.port == socket.remote?.port }
        if let listener, listener.sendQueue >= 0, listener.receiveQueue > 0, listener.receiveQueue >= listener.sendQueue {
            let owner = listener.owners.first.map(graph.index.title) ?? "its owner"
            return make(.notAccepting, standstill, graph, "The listener at \(to) is full (\(listener.receiveQueue) connections wait to be accepted): \(owner) does not accept")
        }
        return make(.connectBlackholed, standstill, graph, "The connection to \(to) is not answered: SYN sent \(retransmits == 0 ? "once" : "\(retransmits + 1) times"), neither accepted nor refused")
    }

    private func circle(_ edges: [WaitEdge], _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let writes = edges.filter { $0.relation == .writes }
        // What an event loop has to write is told by the connection alone.
        let ends = edges.compactMap { socket($0.to, graph)?.1 }
        let areFull = !ends.isEmpty && ends.allSatisfy { end in
            guard let peer = end.peer, let unread = peer.receiveQueue, let unsent = peer.sendQueue else { return false }
            return end.sendQueue > 0 && end.receiveQueue > 0 && unread > 0 && unsent > 0
        }
        guard areFull && !writes.isEmpty || writes.count >= 2 && writes.allSatisfy({ if case .socket = $0.to { true } else { false } }) else { return nil }
        return make(.mutualBackpressure, standstill, graph, "Both ends of a connection write and neither reads")
    }

    /// Whether its client's own objects say that the answer which is waited for has come in part.
    private func isAnswerUnderWay(_ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        switch standstill.path.last?.from {
        case .task(let pid, let id)?: graph.index.task(pid, id)?.wait.map { $0.owedRest != nil || $0.answerMissing_bytes != nil } == true
        case .thread(_, let tid)?: graph.index.thread(tid)?.wait?.owedRest != nil
        default: false
        }
    }

    /// How much of it, where its head told the length and the parser of whoever waits for it was seen; or what it answers.
    private func missing(_ standstill: Standstill, _ graph: WaitGraph) -> String {
        guard case .task(let pid, let id)? = standstill.path.last?.from, let wait = graph.index.task(pid, id)?.wait else { return "" }
        guard let bytes = wait.answerMissing_bytes else { return wait.answersTo.map { "; it answers a \($0), and its end has not come" } ?? "" }
        return ", \(bytes) bytes short of the length that it told"
    }

    private func socket(_ node: NodeKey, _ graph: WaitGraph) -> (Int, SocketRecord)? {
        guard case .socket(let inode, _) = node,
            let row = graph.index.socketRow[inode] ?? graph.index.sockets.indices.first(where: { graph.index.key(ofSocket: $0) == node })
        else { return nil }
        return (row, graph.index.sockets[row])
    }

    private func make(
        _ cause: Cause, rank: Int? = nil, _ standstill: Standstill, _ graph: WaitGraph, _ summary: String, _ since: Double? = nil
    ) -> Candidate {
        var candidate = Candidate.root(cause, standstill, graph, summary, since_s: since)
        candidate.rank = rank ?? candidate.rank
        return candidate
    }
}

extension Candidate {
    /// A root that a standstill ends in, with the evidence of its last steps cited.
    static func root(_ cause: Cause, _ standstill: Standstill, _ graph: WaitGraph, _ summary: String, since_s: Double? = nil, remedy: String? = nil) -> Candidate {
        let writer = ChainWriter(graph)
        let paths = writer.cite(standstill.end) + standstill.path.suffix(3).flatMap(\.evidence)
        var seen: Set<EvidencePath> = []
        let cited = paths.filter { seen.insert($0).inserted }.map { CitedEvidence($0, writer.ending(standstill)) }
        var candidate = Candidate(
            cause, .root, summary: summary, standstill: standstill,
            cited: cited.isEmpty ? [CitedEvidence(graph.index.path(.processes), writer.ending(standstill))] : cited, since_s: since_s)
        candidate.isPersistent = Persistence.isShown(standstill, graph)
        candidate.rank = standstill.isCommitted ? 2 : 1
        candidate.remedy = remedy
        return candidate
    }
}
