import Evidence
import WaitGraph

/// A health check that says all is well while jobs stand still.
struct HealthRule: DiagnosisRule {
    let causes: [Cause] = [.healthBlind]

    /// A health check should have noticed work that stood still for half as long again as the watchdog's patience.
    private static let notice = 1.5
    /// What health checks say when all is well, and when not: draft-inadarei-api-health-check-06, section 3.1, with the
    /// words of Spring Boot and Kubernetes that it lists. Any other word is compared with what the working run's said.
    private static let well: Set<String> = ["healthy", "ok", "up", "pass", "passing", "green", "true", "200"]
    private static let ill: Set<String> = ["unhealthy", "degraded", "down", "fail", "error", "warn", "red", "false"]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline else { return .unknown(nil) }
        guard let last = timeline.marks.last(where: { Self.said($0.event) != nil }), let said = Self.said(last.event) else { return .unknown(nil) }
        guard saysWell(said, last.event, evidence) else { return .refuted(.healthBlind, because: "the health check says \"\(said)\"") }
        guard let sign = sign(at: last, timeline) else { return .refuted(.healthBlind, because: "nothing was wrong when it said \"\(said)\"") }
        return .supported([
            Candidate(
                .healthBlind, .contributing, summary: "The health check said \"\(said)\" while \(sign.text)",
                cited: [CitedEvidence(.event(last.index), "health: \(said)"), CitedEvidence(sign.path, sign.text)])
        ])
    }

    /// What a health check answered; nil for other events.
    private static func said(_ event: Event) -> String? {
        guard event.means == .health else { return nil }
        for key in ["status", "value", "http.status"] {
            if let value = event.attributes[key] { return (value.object?["status"] ?? value).text }
        }
        return nil
    }

    private func saysWell(_ said: String, _ event: Event, _ evidence: DiagnosisCase) -> Bool {
        if let status = event.attributes["http.status"]?.number, status >= 400 { return false }
        if Self.well.contains(said.lowercased()) { return true }
        if Self.ill.contains(said.lowercased()) { return false }
        guard let baseline = evidence.baseline, baseline.header.workload?.end == .completed else { return false }
        return baseline.events.contains { Self.said($0) == said }
    }

    private func sign(at probe: WorkTimeline.Mark, _ timeline: WorkTimeline) -> (path: EvidencePath, text: String)? {
        let notice_s = Self.notice * timeline.patience_s
        for job in timeline.jobs {
            guard job.finalAt.map({ $0.index > probe.index }) ?? true, job.first.index < probe.index else { continue }
            guard let last = job.work.last(where: { $0.index < probe.index }), probe.time_s - last.time_s >= notice_s else { continue }
            return (.event(last.index), "job \(job.id) had done no work for \(timeline.words(probe.time_s - last.time_s))")
        }
        // Every request to a dependency failed for a while.
        let recent = timeline.marks.filter { $0.index < probe.index && probe.time_s - $0.time_s <= notice_s }
        let failed = recent.filter { WorkTimeline.isFailure($0.event) && $0.event.attributes["endpoint"] != nil }
        if failed.count >= 3, let last = failed.last, !recent.contains(where: { $0.event.means == .answer }) {
            return (.event(last.index), "\(failed.count) requests to \(last.event.attributes["endpoint"]?.text ?? "a dependency") in a row had failed")
        }
        return nil
    }
}
