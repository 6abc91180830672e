import Evidence
import WaitGraph

/// Something failed, and the job neither failed nor said so.
struct SwallowedFailureRule: DiagnosisRule {
    let causes: [Cause] = [.failureSwallowed]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        var found: [Candidate] = []
        for job in timeline.jobs where job.end != .badly {
            if let silent = silentWrites(job, timeline, evidence) { found.append(silent) } else if let dropped = dropped(job, timeline, evidence) { found.append(dropped) }
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    /// A span ended with an error, or an operation failed, and the job went on as if it had not.
    private func dropped(_ job: WorkTimeline.Job, _ timeline: WorkTimeline, _ evidence: DiagnosisCase) -> Candidate? {
        guard !job.isFinal, let failure = job.failures.last(where: { $0.event.kind == .spanEnd || $0.event.kind == .log }) else { return nil }
        let waited_s = timeline.end_s - failure.time_s
        // A retry or an end follows a failure that is handled.
        let handled = job.work.contains { $0.index > failure.index } || job.statuses.contains { $0.index > failure.index }
        guard waited_s > timeline.patience_s / 2, !handled, !Self.isOfProgress(failure.event) else { return nil }
        let what = failure.event.attributes["error.message"]?.text ?? failure.event.attributes["error.type"]?.text ?? failure.event.message ?? "an error"
        return Candidate(
            .failureSwallowed, .contributing,
            summary: "`\(failure.event.name)` of job \(job.id) failed (\(what.prefix(120))) and the job, \(job.status ?? "not ended"), went on as if it had not",
            cited: [CitedEvidence(.event(failure.index), "the failure"), CitedEvidence(.event((job.statuses.last ?? job.first).index), "the job's last status")])
    }

    private static func isOfProgress(_ event: Event) -> Bool { event.attributes["progress"] != nil }

    /// The database refused writes for the whole window, the displayed progress stopped, and not a line says so.
    private func silentWrites(_ job: WorkTimeline.Job, _ timeline: WorkTimeline, _ evidence: DiagnosisCase) -> Candidate? {
        guard evidence.hasSnapshot, let row = evidence.index.blockingDatabaseLock(for: evidence.subjectPID, orOwn: true),
            let last = job.progress.last, job.progress.count >= 3
        else { return nil }
        let gaps = zip(job.progress, job.progress.dropFirst()).map { $1.time_s - $0.time_s }
        let end_s = job.finalAt?.time_s ?? timeline.end_s
        guard let usual = gaps.max(), end_s - last.time_s > max(8, 3 * usual) else { return nil }
        let told = timeline.marks.contains { mark in
            mark.time_s > last.time_s && (WorkTimeline.isFailure(mark.event) || mark.event.kind == .log)
                && ([mark.event.message ?? ""] + mark.event.attributes.values.compactMap(\.string)).contains(where: LogicalLockRule.mentionsLock)
        }
        guard !told else { return nil }
        let lock = evidence.index.locks[row]
        return Candidate(
            .failureSwallowed, .contributing,
            summary: "Job \(job.id) stopped writing its progress while \(ChainWriter.names(lock.holders, evidence.index)) held the database's lock, and for \(timeline.words(end_s - last.time_s)) no line says that a write failed",
            cited: [
                CitedEvidence(evidence.index.path(.locks, row), "the lock"), CitedEvidence(.event(last.index), "the last progress that was written"),
            ])
    }
}
