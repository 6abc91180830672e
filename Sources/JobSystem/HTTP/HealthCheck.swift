internal import Hummingbird
internal import NIOCore
internal import NIOPosix

/// `GET /health`: whether what the server depends on is there and its jobs advance.
struct HealthCheck: Sendable {
    /// How long a provider may take to accept a connection, in REAL time.
    private static let connectLimit = TimeAmount.milliseconds(500)

    var configuration: Configuration
    var defects: Defects
    var manager: JobManager
    var sweeper: StuckJobSweeper
    var clock: ScaledClock

    private struct Answer: Encodable {
        var status: String
        var checks: [String: Check]
    }

    struct Check: Encodable, Sendable {
        var status: String
        var detail: String

        static func healthy(_ detail: String) -> Check { Check(status: "healthy", detail: detail) }
        static func degraded(_ detail: String) -> Check { Check(status: "degraded", detail: detail) }
    }

    func response() async throws -> Response {
        if defects.contains(.blindHealth) { return try .json(["status": "healthy"]) }
        async let database = checkDatabase()
        async let llm = checkProviders()
        let (databaseChecks, llmChecks) = await (database, llm)
        var checks = databaseChecks.merging(llmChecks) { own, _ in own }
        checks["queue"] = checkQueue()
        let status = checks.values.allSatisfy { $0.status == "healthy" } ? "healthy" : "degraded"
        return try .json(Answer(status: status, checks: checks))
    }

    /// The database, and with it the jobs that should advance.
    private func checkDatabase() async -> [String: Check] {
        do {
            let running = try await manager.store.unfinished().filter { $0.status == .processing }
            let stuck = try await sweeper.stuckJobs()
            let now = clock.seconds
            // Twice the longest pause a healthy answer can make.
            let limit = 2 * configuration.readTimeout.seconds
            let idle = running.filter { now - (manager.board.lastWork($0.id) ?? $0.created_at) > limit }
            let names = Set(stuck + idle.map(\.id)).sorted().map(String.init).joined(separator: ", ")
            return [
                "database": .healthy("readable"),
                "stuck-jobs": names.isEmpty
                    ? .healthy("none of \(running.count) running jobs")
                    : .degraded("jobs without work for over \(Int(limit)) s, or past their time: \(names)"),
            ]
        } catch {
            return ["database": .degraded("\(error)"), "stuck-jobs": .degraded("unknown: the database cannot be read")]
        }
    }

    private func checkQueue() -> Check {
        let load = manager.load
        let detail = "\(load.queued) waiting, \(load.running) running"
        return load.queued * 10 >= configuration.maxQueuedJobs * 8 ? .degraded(detail) : .healthy(detail)
    }

    private func checkProviders() async -> [String: Check] {
        var checks: [String: Check] = [:]
        for provider in [configuration.provider] + (configuration.fallback.map { [$0] } ?? []) {
            checks["llm.\(provider.rawValue)"] = await checkProvider(configuration.endpoint(of: provider))
        }
        return checks
    }

    /// Whether the provider accepts a connection; that it answers only a request could show.
    private func checkProvider(_ endpoint: Configuration.Endpoint) async -> Check {
        guard let address = EndpointAddress(baseURL: endpoint.baseURL) else { return .degraded("not a URL") }
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(Self.connectLimit)
                .connect(host: address.host, port: address.port).get()
            try? await channel.close()
            return .healthy("\(address.text) accepts connections")
        } catch {
            return .degraded("\(address.text) cannot be reached: \(error)")
        }
    }
}
