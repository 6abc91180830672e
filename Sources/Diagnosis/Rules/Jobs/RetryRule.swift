import Evidence
import WaitGraph

/// Attempts: all used up, or made over and over without a pause.
struct RetryRule: DiagnosisRule {
    let causes: [Cause] = [.retriesExhausted, .retryStorm]

    /// Fewer failed attempts are no series.
    private static let series = 3
    private static let storm = 10
    /// A pause that doubles, or grows by half, is longer at the end by more than this.
    private static let growth = 2.0
    /// Attempts a scenario second beyond which nobody has waited in between.
    private static let rate = 1.0

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        var found: [Candidate] = []
        var bounded = false
        for job in timeline.jobs {
            let failed = job.failures.filter { $0.event.attributes["attempt"] != nil }
            guard failed.count >= Self.series, let first = failed.first, let last = failed.last else { continue }
            let span_s = max(0.001, last.time_s - first.time_s)
            if failed.count >= Self.storm, Double(failed.count) / span_s > Self.rate, !Self.pauseGrows(failed) {
                found.append(
                    Candidate(
                        .retryStorm, .contributing,
                        summary: "Job \(job.id) made \(failed.count) failed attempts within \(timeline.words(span_s)), without a growing pause: \(reason(last))",
                        cited: [CitedEvidence(.event(first.index), "the first failed attempt"), CitedEvidence(.event(last.index), "the last")], waiting: failed.count))
            } else if job.end == .badly, let end = job.finalAt, !job.work.contains(where: { $0.index > last.index && Self.isWorkOfItsOwn($0.event) }) {
                found.append(
                    Candidate(
                        .retriesExhausted, .contributing,
                        summary: "Job \(job.id) used up \(failed.count) attempts within \(timeline.words(span_s)) and failed: \(reason(last))",
                        cited: failed.suffix(Self.series).map { CitedEvidence(.event($0.index), "attempt \($0.event.attributes["attempt"]?.text ?? "") failed: \(reason($0))") }
                            + [CitedEvidence(.event(end.index), "then the job ended as failed")]))
            } else {
                bounded = true
            }
        }
        if !found.isEmpty { return .supported(found) }
        return bounded ? .refuted(.retryStorm, because: "the pause between the attempts grew, or an attempt succeeded") : .unknown(nil)
    }

    private static func isWorkOfItsOwn(_ event: Event) -> Bool { ![.ended, .failed, .cancelled].contains(event.means) }

    /// Whether the pauses of the second half are longer than those of the first.
    private static func pauseGrows(_ failed: [WorkTimeline.Mark]) -> Bool {
        let pauses = zip(failed, failed.dropFirst()).map { $1.time_s - $0.time_s }
        let half = pauses.count / 2
        let early = pauses.prefix(half).sorted(), late = pauses.suffix(half).sorted()
        guard half > 0 else { return false }
        return late[half / 2] > growth * early[half / 2]
    }

    private func reason(_ mark: WorkTimeline.Mark) -> String {
        String((mark.event.attributes["error.message"] ?? mark.event.attributes["error"] ?? mark.event.attributes["error.type"])?.text.prefix(120) ?? "no reason is told")
    }
}
