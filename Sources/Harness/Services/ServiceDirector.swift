internal import Evidence
internal import Faults
internal import Processes
internal import Scenario

/// Starts the services of a variant and makes its faults.
struct ServiceDirector {
    let tools: Tools
    let spawner: any ProcessSpawner
    let timeScale: Double
    let references: References
    /// Folder for the injectors' own logs.
    let logs: String
    private(set) var injectors: [String: InjectorProcess] = [:]
    private var locker: InjectorProcess?

    init(tools: Tools, spawner: any ProcessSpawner, timeScale: Double, references: References, logs: String) {
        self.tools = tools
        self.spawner = spawner
        self.timeScale = timeScale
        self.references = references
        self.logs = logs
    }

    /// Starts the services, a proxy after the one it leads to.
    mutating func start(_ services: [ServicePlan]) async throws {
        var waiting = services
        while !waiting.isEmpty {
            let ready = waiting.filter { isReady($0, among: waiting) }
            guard !ready.isEmpty else {
                throw HarnessError(
                    code: "services-in-a-circle", message: "the proxies \(waiting.map(\.name)) lead to each other",
                    remedy: "Let one of them lead to a real service.")
            }
            for service in ready { try await start(service) }
            waiting.removeAll { service in ready.contains { $0.name == service.name } }
        }
    }

    private func isReady(_ service: ServicePlan, among waiting: [ServicePlan]) -> Bool {
        guard case .proxy(let upstream) = service.kind else { return true }
        return !waiting.contains { $0.name == upstream || upstream.contains("${\($0.name).") }
    }

    private mutating func start(_ service: ServicePlan) async throws {
        let injector: InjectorProcess
        switch service.kind {
        case .modelServer(let options):
            let settings = try ModelServerSettings(options: references.expand(options), timeScale: timeScale)
            injector = try await start(service.name, .modelServer, settings)
        case .proxy(let upstream):
            let (host, port) = try address(upstream)
            let settings = FaultProxySettings(upstreamHost: host, upstreamPort: port, timeScale: timeScale)
            injector = try await start(service.name, .proxy, settings)
        }
        injectors[service.name] = injector
        references.set("\(service.name).url", injector.baseURL)
        references.set("\(service.name).host", injector.host)
        references.set("\(service.name).port", String(injector.port))
    }

    private func start(
        _ name: String, _ kind: InjectorKind, _ settings: some Encodable & Sendable
    ) async throws -> InjectorProcess {
        try await InjectorProcess.start(
            name: name, kind: kind, settings: settings, executable: tools.hangscope, spawner: spawner,
            log: "\(logs)/\(name).log")
    }

    private func address(_ upstream: String) throws -> (String, Int) {
        if let injector = injectors[upstream] { return (injector.host, injector.port) }
        let parts = references.expand(upstream).split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else {
            throw HarnessError(
                code: "bad-upstream", message: "a proxy cannot lead to \(upstream)", remedy: "Name a service, or host:port.")
        }
        return (String(parts[0]), port)
    }

    /// The fault a plan asks for, not armed yet.
    mutating func fault(_ plan: FaultPlan, subject: @escaping @Sendable () -> ProcessIdentity?) async throws -> any Fault {
        let kind = try FaultRegistry.kind(named: plan.kind)
        var options = references.expand(plan.options)
        if kind.targets.contains(.database) {
            options["database"] = options["database"] ?? references.value("database")
            if locker == nil { locker = try await start("locker", .lockDatabase, DatabaseLocker.Settings()) }
            return locker!.fault(id: plan.id, kind: plan.kind, options: options)
        }
        if kind.targets.contains(.subject) {
            return SubjectSignalFault(id: plan.id, signal: options["signal"] ?? "STOP", subject: subject)
        }
        guard let service = options.removeValue(forKey: "service"), let injector = injectors[service] else {
            throw HarnessError(
                code: "no-such-service", message: "fault \(plan.id) names no service of this variant",
                remedy: "Add `service:` with one of \(injectors.keys.sorted().joined(separator: ", ")).")
        }
        return injector.fault(id: plan.id, kind: plan.kind, options: options)
    }

    func end() async {
        for injector in injectors.values { await injector.end() }
        await locker?.end()
    }
}
