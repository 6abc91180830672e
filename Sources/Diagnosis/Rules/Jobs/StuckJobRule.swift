import Evidence
import WaitGraph

/// A job that has stood still for ten minutes and more, and that nothing found.
struct StuckJobRule: DiagnosisRule {
    let causes: [Cause] = [.stuckJobUndetected]

    /// Ten times as long as the watchdog's patience is stuck: ten minutes (the field's own threshold) where that is one.
    private static let times = 10.0

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        let stuck_s = Self.times * timeline.patience_s
        var found: [Candidate] = []
        for job in timeline.jobs where !job.isFinal {
            guard let last = job.lastWork, timeline.end_s - last.time_s > stuck_s else { continue }
            let swept = timeline.marks.last { mark in
                mark.event.job == nil && mark.event.kind == .timer && mark.time_s > last.time_s + stuck_s
            }
            let touched = job.progress.last.map { $0.time_s > last.time_s + timeline.patience_s } ?? false
            found.append(
                Candidate(
                    .stuckJobUndetected, .contributing,
                    summary: "Job \(job.id) has done no work for \(timeline.words(timeline.end_s - last.time_s)) and is still \(job.status ?? "open"): "
                        + (swept.map { "`\($0.event.name)` ran and did not see it" } ?? "nothing looks for stuck jobs")
                        + (touched ? "; its row is touched all the time, so its age alone does not show it" : ""),
                    cited: [CitedEvidence(.event(last.index), "the job's last work")] + (swept.map { [CitedEvidence(.event($0.index), "a sweep that found nothing")] } ?? [])))
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }
}
