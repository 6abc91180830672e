internal import Evidence
internal import Faults
internal import Processes
internal import Scenario

/// Starts a variant's services, each after the one it leads to.
struct ServiceStarter: Sendable {
    var scale: Double
    var executable: String
    var spawner: any ProcessSpawner
    /// File their standard error goes to.
    var log: String

    func start(_ plans: [ServicePlan]) async throws -> [String: InjectorProcess] {
        var running: [String: InjectorProcess] = [:]
        var waiting = plans
        while !waiting.isEmpty {
            // Circles are refused when the scenario is read.
            guard let index = waiting.firstIndex(where: { isReady($0, running, waiting) }) else { break }
            let plan = waiting.remove(at: index)
            do {
                running[plan.name] = try await start(plan, running)
            } catch {
                for service in running.values { await service.end() }
                throw HarnessError(error, doing: "service \(plan.name)")
            }
        }
        return running
    }

    private func isReady(_ plan: ServicePlan, _ running: [String: InjectorProcess], _ waiting: [ServicePlan]) -> Bool {
        guard case .proxy(let upstream) = plan.kind else { return true }
        return running[upstream] != nil || !waiting.contains { $0.name == upstream }
    }

    private func start(_ plan: ServicePlan, _ running: [String: InjectorProcess]) async throws -> InjectorProcess {
        switch plan.kind {
        case .modelServer(let options):
            let settings = try ModelServerSettings(options: options, timeScale: scale)
            return try await InjectorProcess.start(
                name: plan.name, kind: .modelServer, settings: settings, executable: executable, spawner: spawner, log: log)
        case .proxy(let upstream):
            let host, port: Substring
            if let service = running[upstream] {
                (host, port) = (service.host[...], "\(service.port)"[...])
            } else {
                let parts = upstream.split(separator: ":")
                guard parts.count == 2 else {
                    throw HarnessError(code: "bad-upstream", message: "`\(upstream)` is no service and no host:port", remedy: "Correct the proxy's upstream.")
                }
                (host, port) = (parts[0], parts[1])
            }
            let settings = FaultProxySettings(upstreamHost: String(host), upstreamPort: Int(port) ?? 0, timeScale: scale)
            return try await InjectorProcess.start(
                name: plan.name, kind: .proxy, settings: settings, executable: executable, spawner: spawner, log: log)
        }
    }
}
