internal import Faults
internal import Scenario

/// What the reference job system is told when the scenario does not say otherwise.
enum JobSystemDefaults {
    static func config(services: [String: InjectorProcess], plans: [ServicePlan]) -> [String: String] {
        // A hung job must not hold up the run's end for longer than the harness waits (real time).
        var config = ["address": "127.0.0.1", "port": "0", "server.shutdown-limit": "1s"]
        for plan in plans {
            guard case .modelServer(let options) = plan.kind, let front = front(of: plan.name, plans).flatMap({ services[$0] }) else { continue }
            let provider = options["provider"] ?? "both"
            if provider != "anthropic" { config["llm.openai.base-url"] = config["llm.openai.base-url"] ?? front.baseURL }
            if provider != "openai" { config["llm.anthropic.base-url"] = config["llm.anthropic.base-url"] ?? front.baseURL }
        }
        return config
    }

    /// The last proxy of those that lead to a service; the service itself where none does.
    private static func front(of service: String, _ plans: [ServicePlan]) -> String? {
        var current = service
        for _ in plans {
            guard let next = plans.first(where: { if case .proxy(current) = $0.kind { true } else { false } }) else { break }
            current = next.name
        }
        return current
    }
}
