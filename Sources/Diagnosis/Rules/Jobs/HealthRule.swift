import Evidence
import WaitGraph

/// A health check that says all is well while jobs stand still.
struct HealthRule: DiagnosisRule {
    let causes: [Cause] = [.healthBlind]

    /// Scenario seconds without work after which a health check should have noticed (twice the
    /// usual read timeout of 30 s, and half as much again).
    private static let notice_s = 90.0
    private static let healthy: Set<String> = ["healthy", "ok", "up", "pass", "passing", "green", "200"]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        let probes = timeline.marks.filter { ($0.event.kind == .probe || $0.event.kind == .client) && $0.event.name.lowercased().contains("health") }
        guard let last = probes.last(where: { status($0) != nil }), let said = status(last) else { return .unknown(nil) }
        guard Self.healthy.contains(said.lowercased()) else { return .refuted(.healthBlind, because: "the health check says \"\(said)\"") }
        guard let sign = sign(at: last, timeline) else { return .refuted(.healthBlind, because: "nothing was wrong when it said \"\(said)\"") }
        return .supported([
            Candidate(
                .healthBlind, .contributing, summary: "The health check said \"\(said)\" while \(sign.text)",
                cited: [CitedEvidence(.event(last.index), "health: \(said)"), CitedEvidence(sign.path, sign.text)])
        ])
    }

    private func status(_ mark: WorkTimeline.Mark) -> String? {
        for key in ["status", "value", "health", "body.status"] {
            if let value = mark.event.attributes[key] {
                if let inner = value.object?["status"] { return inner.text }
                return value.text
            }
        }
        return nil
    }

    private func sign(at probe: WorkTimeline.Mark, _ timeline: WorkTimeline) -> (path: EvidencePath, text: String)? {
        for job in timeline.jobs {
            guard job.finalAt.map({ $0.index > probe.index }) ?? true, job.first.index < probe.index else { continue }
            guard let last = job.work.last(where: { $0.index < probe.index }), probe.time_s - last.time_s >= Self.notice_s else { continue }
            return (.event(last.index), "job \(job.id) had done no work for \(NodeText.seconds(probe.time_s - last.time_s)) of scenario time")
        }
        // Every request to a dependency failed for a while.
        let recent = timeline.marks.filter { $0.index < probe.index && probe.time_s - $0.time_s <= Self.notice_s }
        let failed = recent.filter { WorkTimeline.isFailure($0.event) && $0.event.attributes["endpoint"] != nil }
        if failed.count >= 3, let last = failed.last, !recent.contains(where: { $0.event.name.contains("token") || $0.event.name.contains("response") }) {
            return (.event(last.index), "\(failed.count) requests to \(last.event.attributes["endpoint"]?.text ?? "a dependency") in a row had failed")
        }
        return nil
    }
}
