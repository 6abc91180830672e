import Evidence
import WaitGraph

/// The open operations of a run: spans that started and did not end, innermost first.
enum Operations {
    struct Operation {
        var span: WorkTimeline.Mark
        /// The spans around it, outermost first.
        var around: [WorkTimeline.Mark]
        /// Work events of its answer: those after the one that sent the request.
        var answer: [WorkTimeline.Mark]
        var job: String?
    }

    /// Names of work events that only say that a request went out.
    private static let sent = ["sent", "request", "started", "connect", "submitted", "enqueued", "queued", "accepted"]

    static func open(_ timeline: WorkTimeline) -> [Operation] {
        let spans = timeline.jobs.flatMap(\.openSpans) + timeline.strayspans
        let parents = Set(spans.compactMap(\.event.parentSpan))
        let bySpan = Dictionary(spans.compactMap { mark in mark.event.span.map { ($0, mark) } }, uniquingKeysWith: { first, _ in first })
        return spans.filter { !parents.contains($0.event.span ?? "") }.prefix(64).map { leaf in
            var around: [WorkTimeline.Mark] = []
            var current = leaf.event.parentSpan
            while let id = current, let mark = bySpan[id], around.count < 32 {
                around.insert(mark, at: 0)
                current = mark.event.parentSpan
            }
            let work = timeline.work.filter { mark in
                mark.index > leaf.index && (mark.event.span == leaf.event.span || mark.event.span == nil && mark.event.job == leaf.event.job)
            }
            let answer = work.filter { mark in
                let last = mark.event.name.split(separator: ".").last.map(String.init) ?? mark.event.name
                return !sent.contains { last.hasSuffix($0) } || last.hasPrefix("response")
            }
            return Operation(span: leaf, around: around, answer: answer, job: leaf.event.job)
        }
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
        return clients.count == 1 ? clients[0] : nil
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
        for span in operation.around + [operation.span] {
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
