import Evidence
import WaitGraph

/// An outer timeout that fired while the work inside it still advanced within its own limits.
struct TimeoutOrderRule: DiagnosisRule {
    let causes: [Cause] = [.timeoutOrder]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        for job in timeline.jobs {
            for fired in job.timers {
                let after_s = fired.event.attributes["after_s"]?.number
                // "Still advancing": within a twentieth of the timeout, 5 to 20 s.
                let recent_s = min(20, max(5, (after_s ?? 100) / 20))
                let inner = job.work.last { $0.index < fired.index && $0.index != job.start?.index && $0.event.means != .accepted }
                guard let inner, fired.time_s - inner.time_s <= recent_s else { continue }
                let steps = finishedSteps(job, before: fired)
                guard steps >= 1 else { continue }
                return .supported([candidate(job, fired, inner, after_s, steps)])
            }
        }
        let fired = timeline.jobs.contains { !$0.timers.isEmpty }
        return fired ? .refuted(.timeoutOrder, because: "the work had stood still before its timeout fired") : .unknown(nil)
    }

    /// Parts of the work that were done when the timeout fired: it had not been stuck from the start.
    private func finishedSteps(_ job: WorkTimeline.Job, before fired: WorkTimeline.Mark) -> Int {
        let told = job.work.filter { $0.index < fired.index && $0.event.means == .finished }.count
        return told > 0 ? told : job.endedSpans.filter { $0.index < fired.index }.count
    }

    private func candidate(_ job: WorkTimeline.Job, _ fired: WorkTimeline.Mark, _ inner: WorkTimeline.Mark, _ after_s: Double?, _ steps: Int) -> Candidate {
        let limit = after_s.map { " after \(NodeText.seconds($0))" } ?? ""
        var candidate = Candidate(
            .timeoutOrder, .contributing,
            summary: "The timeout `\(fired.event.name)` of job \(job.id) fired\(limit) in the middle of healthy work: \(steps) parts were done, "
                + "and \(inner.event.key) had come \(NodeText.seconds(fired.time_s - inner.time_s)) before",
            cited: [CitedEvidence(.event(fired.index), "the outer timeout fired"), CitedEvidence(.event(inner.index), "the work inside still advanced")])
        candidate.isPersistent = true
        return candidate
    }
}
