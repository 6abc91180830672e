import Evidence
import WaitGraph

/// Progress that is displayed while no work is done.
struct ProgressRule: DiagnosisRule {
    let causes: [Cause] = [.progressSimulated]

    private static let least = 3

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, !timeline.jobs.isEmpty else { return .unknown(nil) }
        var found: [Candidate] = []
        for job in timeline.jobs {
            guard let last = job.lastWork, !job.isFinal else { continue }
            let shown = job.progress.filter { $0.index > last.index && $0.time_s > last.time_s }
            guard shown.count >= Self.least, let first = shown.first, let end = shown.last, end.time_s - last.time_s >= timeline.patience_s / 6 else { continue }
            let values = shown.compactMap { $0.event.attributes["progress"]?.number }
            let range = values.first.flatMap { low in values.last.map { high in low == high ? " (at \(text(high)) %)" : " (\(text(low)) to \(text(high)) %)" } } ?? ""
            var candidate = Candidate(
                .progressSimulated, .contributing,
                summary: "Job \(job.id) displayed progress \(shown.count) more times\(range) after its last work, \(last.event.key): what it shows is not what it does",
                cited: [
                    CitedEvidence(.event(last.index), "the last work"), CitedEvidence(.event(first.index), "progress displayed after it"),
                    CitedEvidence(.event(end.index), "and still \(timeline.words(end.time_s - last.time_s)) later"),
                ])
            candidate.isPersistent = true
            found.append(candidate)
        }
        return found.isEmpty ? .refuted(.progressSimulated, because: "progress was displayed only while work was done") : .supported(found)
    }

    private func text(_ value: Double) -> String { value.isFinite && abs(value) < 1e9 ? "\(Int(value))" : "?" }
}
