internal import Logging
internal import ServiceContextModule
internal import ServiceLifecycle
internal import Synchronization

/// Accepts jobs, queues them, and runs a bounded number at a time.
final class JobManager: Service {
    /// How long jobs may take to end after they were cancelled for a shutdown, in REAL time, before
    /// the LLM client is closed under them.
    private static let shutdownGrace = Duration.milliseconds(500)

    private struct State {
        var queued = 0
        var running: [Int64: Task<Void, Never>] = [:]
        /// Why a running job was cancelled, when it was.
        var interruptions: [Int64: JobError] = [:]
        var isStopping = false
    }

    let store: JobStore
    let board: JobBoard
    private let runner: JobRunner
    private let llm: LLMClient
    private let configuration: Configuration
    private let observability: Observability
    private let state = Mutex(State())
    private let queue: AsyncStream<Job>
    private let feed: AsyncStream<Job>.Continuation

    init(runner: JobRunner, llm: LLMClient) {
        self.runner = runner
        self.llm = llm
        store = runner.store
        board = runner.board
        configuration = runner.configuration
        observability = runner.observability
        (queue, feed) = AsyncStream.makeStream(of: Job.self)
    }

    /// Jobs that wait, and jobs that run.
    var load: (queued: Int, running: Int) { state.withLock { ($0.queued, $0.running.count) } }

    /// Stores and queues a job; throws `APIError` when it cannot be taken.
    func submit(script: Script, model: String?) async throws -> JobRecord {
        try state.withLock { state in
            guard !state.isStopping else { throw APIError.stopping }
            guard state.queued < configuration.maxQueuedJobs else { throw APIError.queueFull(state.queued) }
            state.queued += 1
        }
        do {
            let requested = model ?? configuration.endpoint(of: configuration.provider).model
            let record = try await store.insert(model: requested)
            board.add(record)
            var context = ServiceContext.current ?? .topLevel
            context.jobID = "\(record.id)"
            ServiceContext.$current.withValue(context) {
                observability.emit(
                    .jobAccepted, ["model": "\(requested)", "chunk.total": .stringConvertible(script.chunks.count)])
                observability.emit(.jobStatus, ["status": "QUEUED"])
            }
            feed.yield(
                Job(id: record.id, script: script, model: model, context: context, acceptedAt: record.created_at))
            return record
        } catch {
            state.withLock { $0.queued -= 1 }
            throw error
        }
    }

    /// Cancels a running job, which then ends as failed for the reason given.
    func cancel(_ id: Int64, because reason: JobError) {
        let task = state.withLock { state in
            if state.running[id] != nil { state.interruptions[id] = reason }
            return state.running[id]
        }
        task?.cancel()
    }

    /// Runs jobs until the server shuts down or the task is cancelled.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await runQueue()
        } onCancelOrGracefulShutdown: {
            self.stop()
        }
    }

    private func runQueue() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await job in queue {
                if running >= configuration.maxConcurrentJobs {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask(name: "job \(job.id)") { await self.runOne(job) }
            }
        }
    }

    private func runOne(_ job: Job) async {
        let task: Task<Void, Never> = state.withLock { state in
            let task = Task(name: "job \(job.id)") {
                await runner.run(job) {
                    self.state.withLock { $0.interruptions[job.id] }
                        ?? JobError(kind: .interrupted, detail: "the job was cancelled")
                }
            }
            state.queued -= 1
            state.running[job.id] = task
            if state.isStopping {
                state.interruptions[job.id] = .serverStopped
                task.cancel()
            }
            return task
        }
        await task.value
        state.withLock { state in
            state.running[job.id] = nil
            state.interruptions[job.id] = nil
        }
    }

    /// Takes no more jobs and cancels those there are; what does not end then loses its connections.
    private func stop() {
        let running = state.withLock { state in
            state.isStopping = true
            for id in state.running.keys { state.interruptions[id] = .serverStopped }
            return state.running
        }
        feed.finish()
        for task in running.values { task.cancel() }
        Task(name: "shutdown grace") {
            try? await ContinuousClock().sleep(for: Self.shutdownGrace)
            await llm.shutDown()
        }
    }
}

extension JobError {
    static let serverStopped = JobError(kind: .interrupted, detail: "the server was stopped while the job ran")
}
