import Evidence
import WaitGraph

/// The open operations of a run: spans that started and did not end, innermost first; and jobs without
/// spans that have sent a request, or got a piece of an answer, and nothing after it.
enum Operations {
    struct Operation {
        /// Where it began: the span's start, or the job's.
        var span: WorkTimeline.Mark
        var isSpan = true
        /// The spans around it, outermost first.
        var around: [WorkTimeline.Mark]
        /// What was done in it.
        var work: [WorkTimeline.Mark]
        /// Work events of its answer: those that say so, and where none says what it is, those that
        /// come again and again: a request goes out once, an answer comes in pieces.
        var answer: [WorkTimeline.Mark]
        var job: String?

        var label: String { isSpan ? "`\(span.event.name)`" : "job \(job ?? "")" }
    }

    private static let most = 64

    static func open(_ timeline: WorkTimeline) -> [Operation] {
        let spans = timeline.jobs.flatMap(\.openSpans) + timeline.strayspans
        let parents = Set(spans.compactMap(\.event.parentSpan))
        let bySpan = Dictionary(spans.compactMap { mark in mark.event.span.map { ($0, mark) } }, uniquingKeysWith: { first, _ in first })
        let told = spans.filter { !parents.contains($0.event.span ?? "") }.prefix(most).map { leaf in
            var around: [WorkTimeline.Mark] = []
            var current = leaf.event.parentSpan
            while let id = current, let mark = bySpan[id], around.count < 32 {
                around.insert(mark, at: 0)
                current = mark.event.parentSpan
            }
            let work = timeline.work.filter { mark in
                mark.index > leaf.index && (mark.event.span == leaf.event.span || mark.event.span == nil && mark.event.job == leaf.event.job)
            }
            return Operation(span: leaf, around: around, work: work, answer: answer(among: work), job: leaf.event.job)
        }
        return told + timeline.unfinished.filter { $0.spanCount == 0 }.prefix(most).compactMap { job in
            guard let last = job.lastWork, last.event.means == .answer || last.event.means == .request, let start = job.start else { return nil }
            return Operation(span: start, isSpan: false, around: [], work: job.work, answer: answer(among: job.work), job: job.id)
        }
    }

    private static func answer(among work: [WorkTimeline.Mark]) -> [WorkTimeline.Mark] {
        if work.contains(where: { $0.event.means != nil }) { return work.filter { $0.event.means == .answer } }
        var counts: [String: Int] = [:]
        for mark in work { counts[mark.event.name, default: 0] += 1 }
        return work.filter { counts[$0.event.name] ?? 0 > 1 }
    }

    static func endpoint(_ operation: Operation) -> String? {
        for key in ["endpoint", "peer", "server.address", "net.peer.name", "http.host", "address"] {
            if let value = operation.span.event.attributes[key]?.string { return value }
        }
        return nil
    }

    static func matches(_ operation: Operation, _ socket: SocketRecord) -> Bool {
        guard let endpoint = endpoint(operation), let remote = socket.remote else { return false }
        if endpoint == remote.description { return true }
        // A name instead of an address: the port must do.
        guard let port = endpoint.split(separator: ":").last.flatMap({ UInt16($0) }) else { return false }
        let host = endpoint.split(separator: ":").first.map(String.init) ?? ""
        return port == remote.port && (host == remote.host || !host.allSatisfy { $0.isNumber || $0 == "." })
    }

    /// The one client connection of the subject that an operation can mean.
    static func connection(of operation: Operation, _ evidence: DiagnosisCase) -> Int? {
        let index = evidence.index
        let own = Set(evidence.subjectProcesses)
        let clients = index.sockets.indices.filter { row in
            let socket = index.sockets[row]
            return socket.state == .established && socket.owners.contains { own.contains($0.pid) } && index.isClient(socket) != false
                && socket.transport == .tcp
        }
        if endpoint(operation) != nil {
            let fitting = clients.filter { matches(operation, index.sockets[$0]) }
            // Of several to one server, the one that moved last is the one in use; the others idle in the pool.
            return fitting.min { age(index.sockets[$0]) < age(index.sockets[$1]) }
        }
        guard clients.count > 1, let last = operation.work.last else { return clients.first }
        // Of several, the one that fell silent together with the work.
        let age_ms = 1000 * realAge(of: last, evidence)
        return clients.min { abs(age(index.sockets[$0]) - age_ms) < abs(age(index.sockets[$1]) - age_ms) }
    }

    private static func age(_ socket: SocketRecord) -> Double {
        socket.tcp.map { min($0.lastDataReceived_ms, $0.lastDataSent_ms) } ?? .infinity
    }

    /// Real seconds between an event and the last snapshot.
    static func realAge(of mark: WorkTimeline.Mark, _ evidence: DiagnosisCase) -> Double {
        guard let last = evidence.snapshots.last else { return 0 }
        return max(0, last.takenAt.monotonic_s - mark.event.at.monotonic_s)
    }

    /// The job and the spans that lead to an operation, as steps of a chain.
    static func lead(_ operation: Operation, _ evidence: DiagnosisCase) -> [ChainLink] {
        guard let timeline = evidence.timeline else { return [] }
        var links: [ChainLink] = []
        if let id = operation.job, let job = timeline.jobs.first(where: { $0.id == id }) { links.append(jobLink(job, evidence)) }
        for span in operation.around + (operation.isSpan ? [operation.span] : []) {
            links.append(ChainLink(
                kind: .span, label: "`\(span.event.name)`", detail: spanDetail(span), since_s: realAge(of: span, evidence),
                evidence: [.event(span.index)]))
        }
        return links
    }

    private static func spanDetail(_ span: WorkTimeline.Mark) -> String {
        let about = ["chunk.index", "provider", "model", "endpoint"].compactMap { key in
            span.event.attributes[key].map { "\(key) \($0.text)" }
        }
        return "open" + (about.isEmpty ? "" : ": " + about.joined(separator: ", "))
    }

    static func jobLink(_ job: WorkTimeline.Job, _ evidence: DiagnosisCase) -> ChainLink {
        let last = job.lastWork ?? job.first
        let shown = job.progress.last.flatMap { $0.event.attributes["progress"]?.number }.map { ", \(Int($0.isFinite ? max(-1e9, min($0, 1e9)) : 0)) % displayed" } ?? ""
        return ChainLink(
            kind: .job, label: "job \(job.id)", detail: "\(job.status ?? "not ended")\(shown); its last work was \(last.event.key)",
            since_s: evidence.snapshots.isEmpty ? nil : realAge(of: last, evidence), evidence: [.event(last.index)])
    }
}
