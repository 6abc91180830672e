import Evidence
import WaitGraph

/// Whoever waits for the result looks at something that does not tell it: the parts have
/// ended, and the whole is still shown as running.
struct PollerRule: DiagnosisRule {
    let causes: [Cause] = [.pollerBlind]

    private static let polls = 10

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, let run = evidence.run else { return .unknown(nil) }
        let wholes = WholeJob.unfinished(run, timeline)
        for whole in wholes where whole.isDoneButOpen {
            guard let last = whole.lastPart, timeline.end_s - last.time_s > timeline.patience_s / 2, let looks = looks(timeline, since: last.time_s, at: whole.id)
            else { continue }
            var candidate = Candidate(
                .pollerBlind, Self.isSwitchedOff(timeline) ? .contributing : .root,
                summary: "All \(whole.parts) parts of job \(whole.id) have ended and it is still \(whole.status ?? "open"): it was looked at \(looks.count) times in the \(timeline.words(timeline.end_s - last.time_s)) since, without effect",
                cited: [CitedEvidence(last.path, "the last part ended")] + looks.suffix(1).map { CitedEvidence(.event($0.index), "and still looked at: `\($0.event.name)`") },
                waiting: 1, since_s: (timeline.end_s - last.time_s) / timeline.timeScale)
            candidate.lead = [
                ChainLink(kind: .job, label: "job \(whole.id)", detail: "\(whole.status ?? "open"), \(whole.endedParts) of \(whole.parts) parts ended", since_s: (timeline.end_s - last.time_s) / timeline.timeScale, evidence: [last.path]),
                ChainLink(kind: .job, label: "whoever looks at it", detail: "\(looks.count) looks since, none of which saw it", evidence: looks.suffix(1).map { .event($0.index) }),
            ]
            candidate.isPersistent = true
            candidate.rank = 3
            return .supported([candidate])
        }
        guard let open = wholes.first else { return .unknown(nil) }
        return .refuted(.pollerBlind, because: "job \(open.id) has parts that have not ended: \(open.endedParts) of \(open.parts) have")
    }

    private static func isSwitchedOff(_ timeline: WorkTimeline) -> Bool { timeline.marks.contains { ServiceRule.saysDisabled($0.event) } }

    /// Events that tell of looking, or the same line again and again.
    private func looks(_ timeline: WorkTimeline, since time_s: Double, at whole: String) -> [WorkTimeline.Mark]? {
        let later = timeline.marks.filter { $0.time_s > time_s && ($0.event.kind == .log || $0.event.kind == .timer) && ($0.event.job ?? whole) == whole }
        let told = later.filter { $0.event.means == .look }
        if told.count >= Self.polls { return told }
        let groups = Dictionary(grouping: later) { mark in mark.event.name + (mark.event.message ?? "").filter { !$0.isNumber } }
        let most = groups.values.max { ($0.count, $1.first?.index ?? 0) < ($1.count, $0.first?.index ?? 0) }
        return most.flatMap { $0.count >= Self.polls ? $0 : nil }
    }
}
