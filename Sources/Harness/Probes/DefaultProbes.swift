internal import Monitoring
internal import Scenario

extension Variant {
    /// The scenario's probes, and for the reference job system those that everybody would add:
    /// its store's tables, and what its health check says.
    var allProbes: [ProbePlan] {
        guard case .jobSystem = subject else { return probes }
        let usual = [
            ProbePlan(name: "jobs", source: .sqlite(database: "${database}", query: "SELECT * FROM jobs ORDER BY id"), meaning: .store, every_s: 6),
            ProbePlan(name: "reports", source: .sqlite(database: "${database}", query: "SELECT * FROM reports"), meaning: .store, every_s: 12),
            ProbePlan(name: "health", source: .http(path: "/health", pointer: nil), meaning: .store, every_s: 20),
        ]
        return probes + usual.filter { usual in !probes.contains { $0.name == usual.name } }
    }

    /// Probes that read the subject's output.
    var logProbes: [LogProbe] {
        probes.compactMap { plan in
            guard case .log(let pattern) = plan.source else { return nil }
            return try? LogProbe(name: plan.name, pattern: pattern)
        }
    }
}

extension WatchdogPlan {
    var rule: any WatchdogRule {
        switch self {
        case .noWork(let of, let for_s): NoWorkRule(threshold_s: for_s, perJob: of != nil)
        case .noEvent(let name, let for_s): NoEventRule(name: name, threshold_s: for_s)
        case .deadline(let seconds): DeadlineRule(threshold_s: seconds)
        case .busyLoop(let for_s): BusyLoopRule(threshold_s: for_s)
        }
    }
}
