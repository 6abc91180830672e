import Evidence
import WaitGraph

/// Attempts: all used up, or made over and over without a pause.
struct RetryRule: DiagnosisRule {
    let causes: [Cause] = [.retriesExhausted, .retryStorm]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        var found: [Candidate] = []
        for job in timeline.jobs {
            let failed = job.failures.filter { $0.event.attributes["attempt"] != nil }
            guard failed.count >= 3, let first = failed.first, let last = failed.last else { continue }
            let span_s = max(0.001, last.time_s - first.time_s)
            if failed.count >= 10, Double(failed.count) / span_s > 1 {
                found.append(
                    Candidate(
                        .retryStorm, .contributing,
                        summary: "Job \(job.id) made \(failed.count) failed attempts within \(NodeText.seconds(span_s)) of scenario time, without a growing pause",
                        cited: [CitedEvidence(.event(first.index), "the first failed attempt"), CitedEvidence(.event(last.index), "the last")]))
            } else if job.status == "FAILED", !job.work.contains(where: { $0.index > last.index && !$0.event.name.hasPrefix("job.") }) {
                found.append(
                    Candidate(
                        .retriesExhausted, .contributing,
                        summary: "Job \(job.id) used up \(failed.count) attempts within \(NodeText.seconds(span_s)) of scenario time: \(reason(last))",
                        cited: failed.suffix(3).map { CitedEvidence(.event($0.index), "attempt \($0.event.attributes["attempt"]?.text ?? "") failed: \(reason($0))") }))
            }
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func reason(_ mark: WorkTimeline.Mark) -> String {
        String((mark.event.attributes["error.message"] ?? mark.event.attributes["error.type"])?.text.prefix(120) ?? "no reason is told")
    }
}
