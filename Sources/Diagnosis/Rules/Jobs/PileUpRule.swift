import Evidence
import WaitGraph

/// Runs that are started though the former ones still stand.
struct PileUpRule: DiagnosisRule {
    let causes: [Cause] = [.runsPileUp]

    /// More than five unfinished runs, of which none advances (the field's alert).
    private static let many = 5

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        let standing = timeline.unfinished.filter { job in
            job.work.contains { $0.event.name.hasSuffix("started") } && timeline.end_s - (job.lastWork?.time_s ?? 0) > 60
        }
        guard standing.count > Self.many else { return .unknown(nil) }
        return .supported([
            Candidate(
                .runsPileUp, .contributing, summary: "\(standing.count) runs have started and stand still; new ones are started all the same",
                cited: standing.prefix(6).map { CitedEvidence(.event($0.first.index), "job \($0.id) is not finished") }, waiting: standing.count)
        ])
    }
}
