import Evidence
import WaitGraph

/// Runs that are started though the former ones still stand.
struct PileUpRule: DiagnosisRule {
    let causes: [Cause] = [.runsPileUp]

    /// More than five unfinished runs, of which none advances (the field's alert).
    private static let many = 5

    private struct Standing {
        var id: String
        var begun_s: Double
        /// Since when it has done nothing.
        var since_s: Double
        var path: EvidencePath
    }

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, let run = evidence.run else { return .unknown(nil) }
        let told = timeline.unfinished.compactMap { job in
            job.start.map { Standing(id: job.id, begun_s: $0.time_s, since_s: (job.lastWork ?? $0).time_s, path: .event($0.index)) }
        }
        let stored = StoreTimeline(run).rows.filter { $0.end == nil && $0.parent == nil }
            .map { Standing(id: $0.id, begun_s: $0.first_s, since_s: $0.changed_s, path: .store($0.first)) }
        for runs in [told, stored] {
            let standing = runs.filter { timeline.end_s - $0.since_s > timeline.patience_s }.sorted { $0.begun_s < $1.begun_s }
            guard standing.count > Self.many, let first = standing.first, let last = standing.last else { continue }
            // Many at once are a full queue. Here the later ones were begun while the first stood still already.
            let begunInVain = runs.filter { $0.begun_s > first.since_s + timeline.patience_s }
            guard let example = begunInVain.first else { continue }
            var candidate = Candidate(
                .runsPileUp, .contributing,
                summary: "\(runs.count) runs are unfinished and \(standing.count) of them stand still; run \(first.id) had done nothing for \(timeline.words(timeline.patience_s)) when the next ones were started all the same",
                cited: [CitedEvidence(first.path, "run \(first.id) began"), CitedEvidence(last.path, "run \(last.id) began \(NodeText.seconds(last.begun_s - first.begun_s)) later"), CitedEvidence(example.path, "begun while run \(first.id) stood still")],
                waiting: standing.count)
            candidate.isPersistent = true
            return .supported([candidate])
        }
        return .unknown(nil)
    }
}
