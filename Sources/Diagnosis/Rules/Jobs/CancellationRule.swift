import Evidence
import WaitGraph

/// A timeout that fired and did not end its work: nobody was told, or nobody listened.
struct CancellationRule: DiagnosisRule {
    let causes: [Cause] = [.cancellationIgnored, .workOutlivesTimeout]

    /// What cancelled work may take to wind down: a sixth of the patience with work that stands still.
    private func grace_s(_ timeline: WorkTimeline) -> Double { timeline.patience_s / 6 }

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        var found: [Candidate] = []
        if let timeline = evidence.timeline {
            for job in timeline.jobs { found += judge(job, timeline, evidence) }
        }
        if !found.contains(where: { $0.cause == .cancellationIgnored }), let task = cancelledTask(evidence, graph) { found.append(task) }
        if !found.isEmpty { return .supported(found) }
        let timers = evidence.timeline?.jobs.contains { !$0.timers.isEmpty } ?? false
        return timers ? .refuted(.cancellationIgnored, because: "the timeout that fired ended its work") : .unknown(nil)
    }

    private func judge(_ job: WorkTimeline.Job, _ timeline: WorkTimeline, _ evidence: DiagnosisCase) -> [Candidate] {
        guard let fired = job.timers.first else { return [] }
        let waited_s = timeline.end_s - fired.time_s
        let open = job.openSpans.filter { $0.index < fired.index }
        if let final = job.finalAt, final.index > fired.index || final.time_s >= fired.time_s {
            return outlives(job, fired, final, open, timeline)
        }
        guard !job.isFinal, waited_s > grace_s(timeline) else { return [] }
        // Work that still advances after its timeout is late, not deaf, unless it never ends.
        var candidate = Candidate(
            .cancellationIgnored, .contributing,
            summary: "The timeout `\(fired.event.name)` of job \(job.id) fired and nothing ended: \(timeline.words(waited_s)) later the job is \(job.status ?? "not ended")"
                + (open.isEmpty ? "" : " and \(names(open)) still open"),
            cited: [CitedEvidence(.event(fired.index), "the timeout fired")] + open.prefix(4).map { CitedEvidence(.event($0.index), "`\($0.event.name)` never ended") },
            since_s: waited_s / timeline.timeScale)
        candidate.isPersistent = true
        return [candidate]
    }

    private func outlives(
        _ job: WorkTimeline.Job, _ fired: WorkTimeline.Mark, _ final: WorkTimeline.Mark, _ open: [WorkTimeline.Mark], _ timeline: WorkTimeline
    ) -> [Candidate] {
        let after = job.work.filter { mark in
            mark.time_s > final.time_s + grace_s(timeline) && ![.ended, .failed, .cancelled].contains(mark.event.means)
        }
        let lives_s = timeline.end_s - final.time_s
        guard !after.isEmpty || !open.isEmpty && lives_s > grace_s(timeline) else { return [] }
        var candidate = Candidate(
            .workOutlivesTimeout, .contributing,
            summary: "Job \(job.id) was reported \(job.status ?? "ended") when `\(fired.event.name)` fired, and its work lives on: "
                + (open.isEmpty ? "" : "\(names(open)) still open \(timeline.words(lives_s)) later")
                + (after.isEmpty ? "" : (open.isEmpty ? "" : ", ") + "\(after.count) work events came afterwards"),
            cited: [CitedEvidence(.event(fired.index), "the timeout fired"), CitedEvidence(.event(final.index), "the job was reported as ended")]
                + open.prefix(4).map { CitedEvidence(.event($0.index), "`\($0.event.name)` never ended") }
                + after.prefix(2).map { CitedEvidence(.event($0.index), "work after the end") })
        candidate.isPersistent = true
        return [candidate]
    }

    private func names(_ spans: [WorkTimeline.Mark]) -> String {
        spans.suffix(3).map { "`\($0.event.name)`" }.joined(separator: ", ") + (spans.count == 1 ? " is" : " are")
    }

    /// A Swift task that was cancelled and still waits, while another task waits for it.
    private func cancelledTask(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> Candidate? {
        let index = graph.index
        for (row, task) in index.tasks.enumerated() where task.isCancelled && task.state == .suspended && task.codeAhead?.ignoresCancellation == nil {
            guard let before = graph.activity.earlier?.task(task.pid, task.id), before.isCancelled, before.wait?.kind == task.wait?.kind else { continue }
            let key = NodeKey.task(pid: task.pid, id: task.id)
            // The innermost cancelled task is the deaf one, and somebody must wait for it.
            guard !graph.out(key).contains(where: { if case .task = $0.to { true } else { false } }),
                let waiter = graph.allEdges.first(where: { $0.to == key && $0.relation == .awaits })
            else { continue }
            var candidate = Candidate(
                .cancellationIgnored, .contributing,
                summary: "\(NodeText.short(key, index)) was cancelled and goes on waiting; \(NodeText.short(waiter.from, index)) waits for it to end",
                cited: [CitedEvidence(index.path(.tasks, row), "cancelled, and still suspended in both looks")])
            candidate.isPersistent = true
            return candidate
        }
        return nil
    }
}
