internal import Evidence
internal import Archive
internal import Faults
internal import FoundationEssentials
internal import Glibc
internal import Monitoring
internal import ProcessInspection
internal import Processes
internal import Scenario
internal import Synchronization

/// One plan, one variant, one run: arms, starts, watches, captures, heals, cleans up.
///
/// What happened is recorded here and judged elsewhere.
final class RunExecution: Sendable {
    /// Real time a subject has to end by itself after SIGTERM.
    static let grace = Duration.milliseconds(1500)

    let request: RunRequest
    let clock: ScenarioClock
    let recorder: Recorder
    let scheduler: FaultScheduler
    let hub: RunHub
    let http = HTTPDriver()
    let truth: TruthLog
    private let header: Mutex<RunHeader>

    /// Makes the run's directory.
    init(_ request: RunRequest) throws {
        self.request = request
        clock = ScenarioClock(scale: request.plan.timeScale, isHeld: true)
        do {
            recorder = try Recorder(directory: request.directory)
            truth = try TruthLog(directory: request.truthDirectory, variant: request.variant, clock: clock)
        } catch {
            throw HarnessError(error, doing: "the run's folder")
        }
        scheduler = FaultScheduler(truth: truth, clock: clock)
        hub = RunHub(
            clock: clock, recorder: recorder, watchdog: Watchdog(request.variant.watchdogRules), scheduler: scheduler,
            words: request.variant.words,
            capturePoint: request.capturePoint)
        var first = RunHeader(startedAt: clock.now(), clocks: HostFacts.clocks(), host: HostFacts.record(), timeScale: request.plan.timeScale)
        first.statusWords = request.variant.statusWords
        first.patience_s = request.variant.patience_s
        header = Mutex(first)
    }

    /// Runs to the end and leaves nothing behind, however it ends.
    ///
    /// - Returns: the header as it was recorded.
    /// - Throws: `HarnessError` when the run could not be made; what was recorded until then is kept.
    func run() async throws -> RunHeader {
        var failure: HarnessError?
        await change { _ in }
        let folder = "\(FileManager.default.temporaryDirectory.path)/hangscope-run-\(UUID().uuidString)"
        do {
            try makeFolder(folder)
            say(.starting, "starting the supervisor")
            let supervisor = try await ProcessSupervisor.start(executable: request.tools.hangscope)
            do {
                try await observe(supervisor, folder: folder)
            } catch {
                failure = HarnessError(error, doing: "the run")
            }
            say(.ending, "healing and ending what was started")
            await scheduler.end()
            await supervisor.finish()
        } catch {
            failure = HarnessError(error, doing: "the run")
        }
        await http.end()
        try? FileManager.default.removeItem(atPath: folder)
        if let failure { hub.tell("run.failed", ["code": .string(failure.code), "message": .string(failure.message)]) }
        let missing = await recorder.close()
        await change { header in
            header.endedAt = header.endedAt ?? clock.now()
            header.unobserved += missing
            if let failure { header.unobserved.append(Unobserved(what: "the rest of the run", why: failure.message)) }
        }
        if let failure { throw failure }
        return header.withLock { $0 }
    }

    // MARK: In order

    private func observe(_ supervisor: ProcessSupervisor, folder: String) async throws {
        let references = References(["folder": request.plan.folder, "run": folder, "database": "\(folder)/jobs.sqlite"])
        try checkInterruption()
        say(.starting, request.variant.services.isEmpty ? "starting" : "starting \(request.variant.services.map(\.name).joined(separator: ", "))")
        let services = try await ServiceStarter(
            scale: clock.scale, executable: request.tools.hangscope, spawner: supervisor, log: "\(request.truthDirectory)/services.log"
        ).start(request.variant.services)
        for service in services.values {
            references.add(service)
            Task { [truth] in for await event in service.events { truth.note(event, of: service.name) } }
        }
        let pid = Mutex<ChildProcess?>(nil)
        try await scheduler.prepare(
            request.variant.faults,
            context: FaultContext(
                services: services, database: isJobSystem ? references["database"] : nil, executable: request.tools.hangscope,
                spawner: supervisor, resolve: { references.fill($0) },
                signalSubject: { number in pid.withLock { $0 }?.signal(number) }))
        try checkInterruption()
        say(.starting, "starting the subject")
        let subject = try makeSubject(services, references)
        var probes = try ProbeSet(request.variant.probes, references: references, address: { subject.address }, http: http, hub: hub)
        if isJobSystem, let database = references["database"] { probes.addJobStore(database) }
        let session = try await SubjectSession.start(subject, supervisor: supervisor, run: self, probes: probes)
        pid.withLock { $0 = session.child }
        do {
            try await session.waitUntilReady()
            if let address = subject.address { references["subject.url"] = address }
            try await watch(session, probes, references, supervisor)
        } catch {
            await stop(session, services)
            throw error
        }
        await stop(session, services)
    }

    private func stop(_ session: SubjectSession, _ services: [String: InjectorProcess]) async {
        hub.end()
        say(.ending, "ending the subject")
        // Healed first, so that the subject can end as it would.
        await scheduler.end()
        let ended = session.child.exitStatus
        let status: ExitStatus = if let ended { ended } else { await session.child.end(grace: Self.grace) }
        await session.drain()
        hub.tell(ended == nil ? "subject.ended" : "subject.exited", ["how": .string(status.description)])
        await change { header in
            header.endedByObserver = ended == nil
            switch status {
            case .exited(let code): header.exitStatus = code
            case .signalled(let number): header.exitSignal = number
            }
        }
        for service in services.values { await service.end() }
    }

    private func watch(_ session: SubjectSession, _ probes: ProbeSet, _ references: References, _ supervisor: ProcessSupervisor) async throws {
        say(.starting, "preparing the capture")
        var capturer: Capturer?
        do {
            capturer = try await Capturer.start(
                subject: session.child.identity, salt: request.salt, executable: request.tools.hangscope, spawner: supervisor,
                recorder: recorder)
        } catch {
            let error = HarnessError(error, doing: "capture")
            await change { $0.unobserved.append(Unobserved(what: "snapshots", why: "\(error.message). \(error.remedy)")) }
        }
        let observation = RunObservation(run: self, session: session, probes: probes, references: references, capturer: capturer)
        let result = await observation.run()
        let problems = await capturer?.problems ?? []
        for problem in problems { say(.ending, "not seen: \(problem.what): \(problem.why)") }
        await change { header in
            header.endedAt = result.endedAt
            header.workload = result.workload
            header.alarms = hub.alarms
            header.standstill = hub.standstill
            header.unobserved += problems
        }
        await capturer?.end()
        if let failure = result.failure { throw failure }
    }

    // MARK: Parts

    var isJobSystem: Bool { if case .jobSystem = request.variant.subject { true } else { false } }

    private func makeSubject(_ services: [String: InjectorProcess], _ references: References) throws -> any Subject {
        switch request.variant.subject {
        case .command(let plan):
            return try CommandSubject(plan: plan, references: references, folder: request.plan.folder, http: http)
        case .jobSystem(var config, let defects):
            truth.noteDefects(defects)
            for (key, value) in JobSystemDefaults.config(services: services, plans: request.variant.services) where config[key] == nil {
                config[key] = value
            }
            if let database = config["database"] { references["database"] = references.fill(database) }
            config["database"] = references["database"]
            return JobSystemSubject(
                executable: request.tools.jobSystem, config: config.mapValues(references.fill), defects: defects, scale: clock.scale)
        }
    }

    /// Changes the header and writes it; a header that cannot be written is told by the recorder.
    func change(_ body: (inout RunHeader) -> Void) async {
        let changed = header.withLock { header in
            body(&header)
            return header
        }
        try? await recorder.writer.write(changed)
    }

    func say(_ phase: RunProgress.Phase, _ detail: String) {
        let time_s = phase == .starting ? 0 : clock.scenario_s
        request.onProgress(RunProgress(variant: request.variant.name, phase: phase, scenario_s: time_s, detail: detail))
    }

    func checkInterruption() throws {
        if request.interruption.value != nil { throw HarnessError.interrupted }
    }
}
