import Evidence
import WaitGraph

/// A job that nothing would ever have ended.
struct DeadlineRule: DiagnosisRule {
    let causes: [Cause] = [.deadlineMissing]

    /// Scenario seconds after which a job without any deadline is worth a word (the field's operation timeout).
    private static let plausible_s = 300.0
    private static let columns = ["deadline_at", "deadline", "expires_at", "timeout_at"]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, let run = evidence.run else { return .unknown(nil) }
        var found: [Candidate] = []
        for job in timeline.jobs where !job.isFinal {
            guard let start = job.start else { continue }
            let age_s = timeline.end_s - start.time_s
            let alarmed = run.header.alarms.contains { $0.rule == .deadline }
            // Whether a program that shows no deadline has one cannot be told from outside within a few minutes.
            if let row = deadlineRow(job.id, run) {
                guard row.isNull, age_s >= Self.plausible_s || alarmed else { continue }
                found.append(candidate(job, start, timeline.words(age_s), CitedEvidence(.store(row.index), "the job's row has no deadline")))
            } else if age_s >= Self.plausible_s, !job.timers.contains(where: { $0.event.means == .deadline }), start.event.attributes["deadline_s"] == nil {
                found.append(candidate(job, start, timeline.words(age_s), nil))
            }
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func deadlineRow(_ id: String, _ run: Run) -> (index: Int, isNull: Bool)? {
        for (index, record) in run.store.enumerated().reversed() {
            for row in record.rows where row["id"]?.text == id {
                guard let column = Self.columns.first(where: { row[$0] != nil }) else { continue }
                return (index, row[column] == .null)
            }
        }
        return nil
    }

    private func candidate(_ job: WorkTimeline.Job, _ start: WorkTimeline.Mark, _ age: String, _ row: CitedEvidence?) -> Candidate {
        Candidate(
            .deadlineMissing, .contributing,
            summary: "Job \(job.id) has been \(job.status ?? "under way") for \(age) and has no deadline: nothing would ever end it",
            cited: [CitedEvidence(.event(start.index), "the job started")] + (row.map { [$0] } ?? []))
    }
}
