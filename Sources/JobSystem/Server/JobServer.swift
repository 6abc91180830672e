internal import FoundationEssentials
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

/// The job system as a whole: store, jobs, sweeper and HTTP server, ready to run.
package struct JobServer: Sendable {
    /// How long a client's connection may be idle, in REAL time.
    private static let idleConnectionLimit = TimeAmount.seconds(60)

    private let settings: Settings
    private let observability: Observability
    private let store: JobStore
    private let manager: JobManager
    private let sweeper: StuckJobSweeper
    private let llm: LLMClient

    /// Opens the store; throws when that is not possible.
    package init(settings: Settings, output: LineOutput) throws {
        let configuration = settings.configuration
        let wallNow = Date.now.timeIntervalSince1970
        self.settings = settings
        store = try JobStore(
            opener: DatabaseOpener(
                path: configuration.database, journal: configuration.journal, clockScale: settings.clockScale),
            busyTimeout: configuration.busyTimeout, wallNow: wallNow
        ) { origin in
            let elapsed = max(0, wallNow - origin) * settings.clockScale
            return ScaledClock(scale: settings.clockScale, start: .milliseconds(Int64(elapsed * 1000)))
        }
        observability = Observability(output: output, clock: store.clock, defects: settings.defects)
        llm = LLMClient(configuration: configuration, defects: settings.defects, observability: observability)
        let runner = JobRunner(
            configuration: configuration, defects: settings.defects, store: store, board: JobBoard(),
            analyzer: Analyzer(llm: llm, observability: observability), observability: observability)
        manager = JobManager(runner: runner, llm: llm)
        sweeper = StuckJobSweeper(
            manager: manager, configuration: configuration, defects: settings.defects, observability: observability)
    }

    /// Serves until the task is cancelled (where asked for) SIGTERM or SIGINT comes; throws when it cannot listen.
    package func run(stopsOnSignals: Bool = false) async throws {
        try await failInterruptedJobs()
        var quiet = observability.logger
        quiet.logLevel = .error
        var group = ServiceGroupConfiguration(
            services: [manager, sweeper, application(logger: quiet)], 
            gracefulShutdownSignals: stopsOnSignals ? [.sigterm, .sigint] : [], logger: quiet)
        group.maximumGracefulShutdownDuration = settings.configuration.shutdownLimit
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            await llm.shutDown()
            throw error
        }
        await llm.shutDown()
    }

    /// Ends the process when it has not ended by itself within the limit after a signal.
    func limitShutdown() -> ShutdownLimit {
        ShutdownLimit(limit: settings.configuration.shutdownLimit, observability: observability)
    }

    private func application(logger: Logger) -> some Service {
        let configuration = settings.configuration
        let observability = observability
        let routes = JobRoutes(
            configuration: configuration, manager: manager, sweeper: sweeper,
            health: HealthCheck(
                configuration: configuration, defects: settings.defects, manager: manager, sweeper: sweeper,
                clock: store.clock),
            observability: observability)
        return Application(
            router: routes.router(),
            server: .http1(configuration: .init(idleTimeout: Self.idleConnectionLimit)),
            configuration: .init(
                address: .hostname(configuration.address, port: configuration.port), serverName: "jobd"),
            onServerRunning: { channel in
                observability.emit(
                    .serverListening,
                    [
                        "address": "\(channel.localAddress?.ipAddress ?? configuration.address)",
                        "port": .stringConvertible(channel.localAddress?.port ?? configuration.port),
                        "pid": .stringConvertible(Int(ProcessInfo.processInfo.processIdentifier)),
                    ])
            },
            logger: logger)
    }

    /// Ends the jobs that an earlier server left behind: nobody works on them any more.
    private func failInterruptedJobs() async throws {
        for job in try await store.unfinished() {
            _ = try await store.finish(job.id, as: .failed, error: "the server was stopped while the job was unfinished")
            observability.emit(.jobStatus, ["job.id": "\(job.id)", "status": "FAILED"], level: .warning)
        }
    }
}
