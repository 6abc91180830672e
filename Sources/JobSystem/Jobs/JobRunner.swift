internal import Logging
internal import ServiceContextModule
internal import Tracing

/// Runs one job from the queue to its end.
struct JobRunner: Sendable {
    /// The constant of the defect `wrong-model`.
    private static let wrongModel = "moonshot-v1-8k"

    var configuration: Configuration
    var defects: Defects
    var store: JobStore
    var board: JobBoard
    var analyzer: Analyzer
    var observability: Observability
    private var clock: ScaledClock { observability.clock }

    init(
        configuration: Configuration, defects: Defects, store: JobStore, board: JobBoard, analyzer: Analyzer,
        observability: Observability
    ) {
        self.configuration = configuration
        self.defects = defects
        self.store = store
        self.board = board
        self.analyzer = analyzer
        self.observability = observability
    }

    /// Runs the job and stores how it ended. Never throws: the end is the job's status.
    ///
    /// Cancelling the task ends the job as failed, with the error that `interruption` gives.
    func run(_ job: Job, interruption: @escaping @Sendable () -> JobError) async {
        var context = job.context
        context.jobID = "\(job.id)"
        await ServiceContext.$current.withValue(context) {
            var failure: (any Error)?
            do {
                try await observability.span("job.run") { try await runWithinDeadline(job) }
            } catch is CancellationError {
                failure = interruption()
            } catch {
                failure = error
            }
            await finish(job, failure)
        }
    }

    private func runWithinDeadline(_ job: Job) async throws {
        let plan = TimeoutPlan(chunks: job.script.chunks.count, configuration: configuration, defects: defects)
        guard let deadline = plan.job else { return try await perform(job, plan) }
        let observability = observability
        try await withTimeout(deadline, clock: clock) {
            observability.emit(.jobDeadline, ["after_s": .stringConvertible(deadline.seconds)], level: .error)
            return JobError(kind: .deadline, detail: "the job was not done within its deadline of \(deadline.settingText)")
        } operation: {
            try await perform(job, plan)
        }
    }

    private func perform(_ job: Job, _ plan: TimeoutPlan) async throws {
        let deadlineAt = plan.job.map { clock.seconds + $0.seconds }
        guard try await persist({ try await store.start(job.id, deadlineAt: deadlineAt) }) else {
            throw JobError(kind: .interrupted, detail: "the job had ended before it began")
        }
        let now = clock.seconds
        board.update(job.id) {
            $0.status = .processing
            $0.progress = 5
            $0.started_at = now
            $0.updated_at = now
            $0.deadline_at = deadlineAt
        }
        observability.emit(.jobStatus, ["status": "PROCESSING"])
        observability.emit(.jobProgress, ["progress": .stringConvertible(5)])
        var about: Logger.Metadata = ["timeout_s": .stringConvertible(plan.analysis.seconds)]
        if let deadline = plan.job { about["deadline_s"] = .stringConvertible(deadline.seconds) }
        observability.emit(.jobStarted, about)
        noteWork(job)

        let reporter = ProgressReporter(
            id: job.id, store: store, board: board, observability: observability, defects: defects)
        try await reporter.reportIfPossible(10, "analysing")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(name: "progress simulation") { await simulate(reporter) }
            try await analyzeWithinTimeout(job, plan.analysis)
            group.cancelAll()
        }
        try await reporter.reportIfPossible(90, "finishing")
    }

    private func simulate(_ reporter: ProgressReporter) async {
        do {
            try await ProgressSimulation(reporter: reporter, clock: clock, defects: defects).run()
        } catch is CancellationError {
            // The analysis has ended.
        } catch {
            // What is displayed is not worth a job; every failed write has been logged.
            if defects.contains(.swallowedErrors) { return }
            observability.logger.error("the progress simulation gave up", error: error)
        }
    }

    private func analyzeWithinTimeout(_ job: Job, _ limit: Duration) async throws {
        let observability = observability
        let onTimeout: @Sendable () -> any Error = {
            observability.emit(.analysisTimeout, ["after_s": .stringConvertible(limit.seconds)], level: .error)
            return JobError(kind: .analysisTimeout, detail: "the analysis timed out after \(limit.settingText)")
        }
        if defects.contains(.workOutlivesTimeout) {
            try await withAbandoningTimeout(limit, clock: clock, onTimeout: onTimeout) { try await analyze(job) }
        } else {
            try await withTimeout(limit, clock: clock, onTimeout: onTimeout) { try await analyze(job) }
        }
    }

    /// The LLM's work and the saving of what it found.
    private func analyze(_ job: Job) async throws {
        let session = try await openSession()
        do {
            let analysis = try await analyzer.analyze(job.script, model: job.model) { noteWork(job) }
            try await save(analysis, of: job, in: session)
        } catch {
            await session?.rollBack()
            throw error
        }
    }

    /// The session that three of the defects keep through the LLM call.
    private func openSession() async throws -> DatabaseSession? {
        let keepsSession: Defects = [.sessionContention, .workOutlivesTimeout, .longTransaction]
        guard !defects.isDisjoint(with: keepsSession) else { return nil }
        do {
            let session = try await DatabaseSession.open(store.opener, label: "analysis.session")
            if defects.contains(.longTransaction) { try await session.beginImmediate() }
            return session
        } catch {
            throw StoreError.wrap(error, "opening the analysis's session")
        }
    }

    private func save(_ analysis: Analysis, of job: Job, in session: DatabaseSession?) async throws {
        let model = defects.contains(.wrongModel) ? Self.wrongModel : analysis.model
        let report = ReportRecord(
            job_id: job.id, model: model, provider: analysis.provider, summary: analysis.summary,
            created_at: clock.seconds)
        if let session {
            do {
                try await session.write(JobStore.reportInsertion(report))
            } catch {
                throw StoreError.wrap(error, "saving the report of job \(job.id)")
            }
        } else {
            try await persist { try await store.save(report) }
        }
        board.update(job.id) { $0.model = model }
        noteWork(job)
        observability.emit(.resultsSaved, ["model": "\(model)", "provider": "\(analysis.provider)"])
    }

    /// Tries a write that matters again while the database is locked; `TimeoutPlan` counts with it.
    private func persist<Value>(_ write: () async throws -> Value) async throws -> Value {
        for _ in 1..<TimeoutPlan.writeAttempts {
            do {
                return try await write()
            } catch let error as StoreError where error.kind == .locked {
                observability.logger.warning("trying again after a locked database", error: error)
                try await clock.sleep(for: TimeoutPlan.writePause)
            }
        }
        return try await write()
    }

    /// Stores the job's end, in a task that no cancellation of the job reaches; each try is bounded.
    private func finish(_ job: Job, _ failure: (any Error)?) async {
        await Task(name: "job end") { await storeEnd(job, failure) }.value
    }

    private func storeEnd(_ job: Job, _ failure: (any Error)?) async {
        let status: JobStatus = failure == nil ? .completed : .failed
        let text = failure.map { "\($0)" }
        var about: Logger.Metadata = [
            "status": "\(status.rawValue)", "duration_s": .stringConvertible(clock.seconds - job.acceptedAt),
        ]
        if let failure { about["error.type"] = "\(errorType(failure))" }
        do {
            let isOurs = try await persist { try await store.finish(job.id, as: status, error: text) }
            board.finish(job.id, as: status, error: text, at: clock.seconds, isSaved: true)
            // Somebody else, such as the sweeper, may have ended it before.
            guard isOurs else { return }
            if failure == nil { observability.emit(.jobProgress, ["progress": .stringConvertible(100)]) }
            observability.emit(.jobStatus, ["status": "\(status.rawValue)"])
            observability.emit(.jobFinished, about, level: failure == nil ? .info : .error, error: failure)
        } catch {
            if defects.contains(.swallowedErrors) { return }
            // Clients are told the truth by what the server knows; the sweeper tries again.
            board.finish(job.id, as: status, error: text, at: clock.seconds, isSaved: false)
            about["stored"] = .stringConvertible(false)
            observability.emit(
                .jobStatus, ["status": "\(status.rawValue)", "stored": .stringConvertible(false)], level: .warning)
            observability.emit(.jobFinished, about, level: .error, error: failure ?? error)
            observability.logger.error(
                "the job's end could not be stored; the sweeper will try again", error: error,
                metadata: ["status": "\(status.rawValue)", "error.type": "\(errorType(error))"])
        }
    }

    private func noteWork(_ job: Job) { board.noteWork(job.id, at: clock.seconds) }
}
