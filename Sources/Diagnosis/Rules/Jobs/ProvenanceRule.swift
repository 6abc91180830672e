import Evidence
import WaitGraph

/// The model recorded with a result is not the one that was called.
struct ProvenanceRule: DiagnosisRule {
    let causes: [Cause] = [.wrongProvenance]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, let run = evidence.run else { return .unknown(nil) }
        var found: [Candidate] = []
        var agreed = false
        for job in timeline.jobs {
            let calls = job.work.filter { $0.event.attributes["model"] != nil && ($0.event.attributes["endpoint"] != nil || $0.event.means == .request) }
            let called = Set(calls.compactMap { $0.event.attributes["model"]?.string })
            guard !called.isEmpty, let recorded = recorded(job, run, calls) else { continue }
            if called.contains(where: { recorded.model.contains($0) }) {
                agreed = true
                continue
            }
            found.append(
                Candidate(
                    .wrongProvenance, .contributing,
                    summary: "The result of job \(job.id) says it came from `\(recorded.model)`; the model that was called is \(called.sorted().map { "`\($0)`" }.joined(separator: ", "))",
                    cited: [recorded.cited] + calls.suffix(2).map { CitedEvidence(.event($0.index), "the call: \($0.event.attributes["model"]?.text ?? "")") }))
        }
        if !found.isEmpty { return .supported(found) }
        return agreed ? .refuted(.wrongProvenance, because: "the recorded model is the one that was called") : .unknown(nil)
    }

    private func recorded(_ job: WorkTimeline.Job, _ run: Run, _ calls: [WorkTimeline.Mark]) -> (model: String, cited: CitedEvidence)? {
        for (index, record) in run.store.enumerated().reversed() {
            for row in record.rows where row["job_id"]?.text == job.id {
                if let model = row["model"]?.string { return (model, CitedEvidence(.store(index), "recorded in `\(record.name)`: \(model)")) }
            }
        }
        guard let saved = job.work.last(where: { $0.event.attributes["model"] != nil && $0.event.means == .saved }),
            let model = saved.event.attributes["model"]?.string
        else { return nil }
        return (model, CitedEvidence(.event(saved.index), "recorded: \(model)"))
    }
}
