import Evidence
import WaitGraph

/// Whoever waits for the result looks at something that does not tell it: the parts have
/// ended, and the whole is still shown as running.
struct PollerRule: DiagnosisRule {
    let causes: [Cause] = [.pollerBlind]

    private static let polls = 10

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        let parents = Dictionary(grouping: timeline.marks.filter { $0.event.attributes["parent.job"] != nil || $0.event.attributes["pipeline"] != nil }) {
            ($0.event.attributes["parent.job"] ?? $0.event.attributes["pipeline"])?.text ?? ""
        }
        for (parent, marks) in parents.sorted(by: { $0.key < $1.key }) where !parent.isEmpty {
            let parts = Set(marks.compactMap(\.event.job))
            let ended = timeline.jobs.filter { parts.contains($0.id) && $0.isFinal }
            guard !parts.isEmpty, ended.count == parts.count, let whole = timeline.jobs.first(where: { $0.id == parent }), !whole.isFinal,
                let last = ended.compactMap(\.finalAt).max(by: { $0.time_s < $1.time_s }), timeline.end_s - last.time_s > 30
            else { continue }
            let looks = timeline.marks.filter { $0.event.name.contains("poll") && $0.time_s > last.time_s && $0.event.kind != .client }
            guard looks.count >= Self.polls else { continue }
            return .supported([
                Candidate(
                    .pollerBlind, .contributing,
                    summary: "All \(parts.count) parts of job \(parent) have ended and it is still \(whole.status ?? "open"): it was polled \(looks.count) times since, without effect",
                    cited: [CitedEvidence(.event(last.index), "the last part ended")] + looks.suffix(1).map { CitedEvidence(.event($0.index), "and still polled") })
            ])
        }
        return .unknown(nil)
    }
}
