import Evidence
import WaitGraph

/// Work of which no event or span tells anything between its start and its end.
struct TracingRule: DiagnosisRule {
    let causes: [Cause] = [.workUntraced]

    /// Scenario seconds of processing after which silence is a gap rather than a quick job.
    private static let least_s = 10.0
    private static let endShare = 0.05

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, let run = evidence.run, !timeline.jobs.isEmpty else { return .unknown(nil) }
        var found: [Candidate] = []
        for job in timeline.jobs {
            guard job.spanCount == 0, let start = job.start else { continue }
            let end_s = job.finalAt?.time_s ?? timeline.end_s
            // What comes together with the end, such as the storing of the result, tells nothing of the time before.
            let inner = job.work.filter { mark in
                mark.index > start.index && mark.time_s < end_s - max(1, Self.endShare * (end_s - start.time_s))
            }
            guard inner.isEmpty, end_s - start.time_s >= Self.least_s, let activity = activity(run, timeline, from: start.time_s, to: end_s, evidence) else { continue }
            found.append(
                Candidate(
                    .workUntraced, .contributing,
                    summary: "Job \(job.id) was processed for \(timeline.words(end_s - start.time_s)) and tells nothing of it: no span, no event, while \(activity.text)",
                    cited: [CitedEvidence(.event(start.index), "the last that is known of it"), CitedEvidence(activity.path, activity.text)]))
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    /// Something that shows it was at work all the same.
    private func activity(
        _ run: Run, _ timeline: WorkTimeline, from start_s: Double, to end_s: Double, _ evidence: DiagnosisCase
    ) -> (path: EvidencePath, text: String)? {
        var first: [UInt64: UInt64] = [:]
        for (index, sample) in run.samples.enumerated() {
            let time = sample.at.scenario_s ?? (sample.at.monotonic_s - run.header.startedAt.monotonic_s) * run.header.timeScale
            guard time >= start_s, time <= end_s + 1 else { continue }
            for socket in sample.sockets {
                guard let bytes = socket.bytesReceived else { continue }
                if let before = first[socket.inode], bytes > before { return (.sample(index), "\(bytes - before) bytes came in on one of its connections") }
                if first[socket.inode] == nil { first[socket.inode] = bytes }
            }
        }
        let own = Set(evidence.subjectProcesses)
        let row = evidence.index.sockets.firstIndex { socket in
            socket.state == .established && evidence.index.isClient(socket) == true && socket.owners.contains { own.contains($0.pid) }
        }
        return row.map { (evidence.index.path(.sockets, $0), "it has a connection to \(evidence.index.sockets[$0].remote?.description ?? "a server") open") }
    }
}
