import Evidence
import WaitGraph

/// A service that would finish the work is switched off: the run says so itself, or its
/// environment does and the working run's differs.
struct ServiceRule: DiagnosisRule {
    let causes: [Cause] = [.serviceDisabled]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, !timeline.unfinished.isEmpty else { return .unknown(nil) }
        let said = timeline.marks.first { mark in
            mark.event.attributes["enabled"]?.bool == false || mark.event.name.hasSuffix(".disabled")
        }
        guard let said else { return .unknown(nil) }
        return .supported([
            Candidate(
                .serviceDisabled, .contributing, summary: "`\(said.event.name)`: a service that the unfinished work may need is switched off in this process",
                cited: [CitedEvidence(.event(said.index), said.event.message ?? "disabled")])
        ])
    }
}
