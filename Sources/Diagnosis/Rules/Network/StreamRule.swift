import Evidence
import WaitGraph

/// An answer that began and stopped, known from the run's open operations: the span of a
/// request is open, work events of its answer came, and its connection has had nothing since.
///
/// Or that never began: the request went out in the same tick of the kernel's clock in which the
/// answer before it ended, so that the connection's own times do not tell which came last.
struct StreamRule: DiagnosisRule {
    let causes: [Cause] = [.peerStalled, .peerSilent]
    /// Times of tcp_info are counted in ticks: 10 ms at CONFIG_HZ=100 (linux/tcp.h, jiffies_to_msecs).
    private static let tick_ms = 10.0

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, evidence.hasSnapshot else { return .unknown(nil) }
        var found: [(candidate: Candidate, remote: SocketAddress?)] = []
        for operation in Operations.open(timeline) {
            guard let row = Operations.connection(of: operation, evidence), case .quiet(let since) = graph.activity.standing(of: graph.index.sockets[row])
            else { continue }
            let socket = graph.index.sockets[row]
            guard let last = operation.answer.last ?? sentInTheSameTick(operation, socket, timeline) ?? receivedAfterSent(operation, socket) else { continue }
            // The silence on the wire must be as old as the silence of the work, within what
            // buffering and the time between two records explain.
            let age_s = Operations.realAge(of: last, evidence)
            guard since >= graph.hungAfter_s * 0.9, abs(since - age_s) <= max(1.5, 0.35 * max(since, age_s)) else { continue }
            found.append((candidate(operation, last, row, since, evidence, graph), socket.remote))
        }
        return found.isEmpty ? .unknown(nil) : .supported(Self.together(found))
    }

    /// Operations that wait for one server in the same way are one hang: the oldest stands for all.
    private static func together(_ found: [(candidate: Candidate, remote: SocketAddress?)]) -> [Candidate] {
        var together: [Candidate] = []
        for (_, group) in Dictionary(grouping: found, by: { "\($0.candidate.cause) \($0.remote?.description ?? "")" }).sorted(by: { $0.key < $1.key }) {
            guard var oldest = group.map(\.candidate).max(by: { $0.since_s ?? 0 < $1.since_s ?? 0 }) else { continue }
            if group.count > 1 {
                oldest.summary += "; \(group.count - 1) more operations wait for it in the same way"
                oldest.waiting = max(oldest.waiting, group.count)
            }
            together.append(oldest)
        }
        return together
    }

    /// The event that tells of a request having been sent, where nothing came after it and the wire shows a tie.
    private func sentInTheSameTick(_ operation: Operations.Operation, _ socket: SocketRecord, _ timeline: WorkTimeline) -> WorkTimeline.Mark? {
        guard let tcp = socket.tcp, abs(tcp.lastDataSent_ms - tcp.lastDataReceived_ms) <= Self.tick_ms else { return nil }
        return timeline.work.last { mark in
            mark.index > operation.span.index && mark.event.job == operation.job && mark.event.means == .request
        }
    }

    /// The last work in the operation, where the connection itself shows that bytes came after the last went out: an answer began.
    private func receivedAfterSent(_ operation: Operations.Operation, _ socket: SocketRecord) -> WorkTimeline.Mark? {
        guard let tcp = socket.tcp, tcp.lastDataSent_ms - tcp.lastDataReceived_ms > Self.tick_ms else { return nil }
        return operation.work.last
    }

    private func candidate(
        _ operation: Operations.Operation, _ sign: WorkTimeline.Mark, _ row: Int, _ since: Double, _ evidence: DiagnosisCase, _ graph: WaitGraph
    ) -> Candidate {
        let socket = graph.index.sockets[row]
        let key = graph.index.key(ofSocket: row)
        let task = graph.allEdges.first { edge in
            if case .task = edge.from { edge.to == key } else { false }
        }
        let standstill = Standstill(path: task.map { [$0] } ?? [], end: key, ending: .socket(.quiet(since_s: since)), isCommitted: true)
        let last = "`\(sign.event.name)` number \(sign.event.ordinal)"
        let peer = SocketText.peerText(socket, graph.index)
        let to = socket.remote.map(\.description) ?? "?"
        let isUnanswered = operation.answer.isEmpty && sign.event.means == .request
        var candidate = isUnanswered
            ? Candidate.root(
                .peerSilent, standstill, graph,
                "The request of \(operation.label) was sent to \(to) \(evidence.words(since)) ago and \(peer) has not answered a byte since",
                since_s: since)
            : Candidate.root(
                .peerStalled, standstill, graph,
                "The answer of \(peer) (\(to)) to \(operation.label) began and stopped after \(last): no byte for \(evidence.words(since))",
                since_s: since)
        candidate.lead = Operations.lead(operation, evidence)
        candidate.cited.insert(CitedEvidence(.event(sign.index), isUnanswered ? "the request: \(last)" : "last sign of the answer: \(last)"), at: 0)
        candidate.rank = 3
        return candidate
    }

    /// In words, the sign that the answer awaited on a connection had begun; nil when none is known.
    static func answerBegan(on socket: SocketRecord, _ evidence: DiagnosisCase) -> String? {
        guard let timeline = evidence.timeline else { return nil }
        for operation in Operations.open(timeline) where Operations.matches(operation, socket) {
            if let last = operation.answer.last { return "the last sign was `\(last.event.name)` number \(last.event.ordinal)" }
        }
        return nil
    }
}
