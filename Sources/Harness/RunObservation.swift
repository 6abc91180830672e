internal import Archive
internal import Evidence
internal import Faults
internal import FoundationEssentials
internal import Monitoring
internal import Processes
internal import Scenario

/// A started run being watched: events, samples, probes, faults, workload and watchdog, until its end.
final class RunObservation: Sendable {
    /// Real time between two looks of the watchdog: small against any threshold.
    private static let tick = Duration.milliseconds(20)
    private static let sampleInterval = Duration.milliseconds(100)
    /// Real time that two snapshots of one hang are apart at least.
    private static let confirmation_s = 1.0
    private static let grace = Duration.seconds(4)

    private let run: VariantRun
    private let subject: SubjectProcess
    private let services: ServiceDirector
    private let references: References
    private let client: HTTPReader
    private let truth: TruthLog
    private let writer: RunWriter
    private let clock: ScenarioClock
    private let recorder: RunRecorder
    private let captures: Captures
    private let ledger: FaultLedger
    private let faults: [String: any Fault]
    private let consequences: AsyncStream<RunRecorder.Consequence>
    private let host: HostRecord

    init(
        run: VariantRun, writer: RunWriter, subject: SubjectProcess, services: ServiceDirector, references: References,
        client: HTTPReader, supervisor: ProcessSupervisor, truth: TruthLog, folder: String, clock: ScenarioClock,
        numbering: EventNumbering
    ) async throws {
        var services = services
        self.run = run
        self.writer = writer
        self.subject = subject
        self.references = references
        self.client = client
        self.truth = truth
        self.clock = clock
        if let base = subject.subject.baseURL { references.set("subject.url", base) }
        run.tell(.starting, "preparing the capture")
        let identity = subject.process.identity
        captures = await Captures(
            writer: writer, process: try? CaptureProcess.start(
                target: identity.pid, hangscope: run.tools.hangscope, salt: run.salt, spawner: supervisor, log: folder + "/capture.log"))
        var faults: [String: any Fault] = [:]
        for plan in run.variant.faults { faults[plan.id] = try await services.fault(plan) { identity } }
        self.faults = faults
        self.services = services
        let (consequences, continuation) = AsyncStream.makeStream(of: RunRecorder.Consequence.self)
        self.consequences = consequences
        recorder = RunRecorder(
            writer: writer, watchdog: Watchdog(run.variant.watchdog.map(\.rule)), numbering: numbering, triggers: run.variant.faults,
            capturePoint: run.capturePoint, consequences: continuation)
        let variant = run.variant.name
        let plans = Dictionary(run.variant.faults.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        ledger = FaultLedger { entry in
            truth.add(
                .init(
                    at: clock.now(), variant: variant, what: plans[entry.fault].map(Self.describe) ?? entry.fault, id: entry.fault,
                    action: entry.deed.rawValue))
        }
        host = HostReading.current()
    }

    private static func describe(_ plan: FaultPlan) -> String {
        let options = plan.options.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return options.isEmpty ? plan.kind : "\(plan.kind) (\(options))"
    }

    // MARK: The run

    func observe() async throws -> RunHeader {
        var header = RunHeader(startedAt: clock.now(), clocks: HostReading.clocks(), host: host, timeScale: clock.scale)
        header.subject = subject.process.identity
        header.subjectName = HostReading.name(of: subject.process.pid)
        if let reason = captures.unavailable { header.unobserved.append(Unobserved(what: "snapshots", why: reason)) }
        try await writer.write(header)
        for fault in faults.values { try await ledger.prepare(fault) }
        clock.restart()
        header.startedAt = clock.now()
        await recorder.begin(at: header.startedAt)
        noteDefects()
        let background = startBackground()
        for plan in run.variant.faults where plan.when == .start { try await arm(plan) }
        let workload = Task { [self] in
            await WorkloadDriver(
                steps: run.variant.workload, client: client, base: subject.subject.baseURL, references: references, clock: clock,
                recorder: recorder, subject: subject.process,
                report: { [self] in run.tell(.running, $0, at: clock.scenario_s) }
            ).run()
        }
        let ended = await watch(workload)
        header = await close(header, workload: workload, ended: ended)
        for task in background { task.cancel() }
        await ledger.close()
        await stopSubject(&header)
        for task in background { await task.value }
        await captures.end()
        await services.end()
        header.endedAt = header.endedAt ?? clock.now()
        if let failure = await writer.failure { header.unobserved.append(Unobserved(what: "records", why: failure.description)) }
        try await writer.write(header)
        return header
    }

    private func noteDefects() {
        guard case .jobSystem(_, let defects) = run.variant.subject else { return }
        for defect in defects {
            truth.add(.init(at: clock.now(), variant: run.variant.name, what: "defect \(defect)", id: defect, action: "armed"))
        }
    }

    /// What goes on beside the workload until the run ends.
    private func startBackground() -> [Task<Void, Never>] {
        var tasks = [
            Task { [self] in await readEvents() },
            Task { [self] in await sample() },
            Task { [self] in await follow() },
        ]
        for plan in run.variant.faults {
            guard case .at(let seconds) = plan.when else { continue }
            tasks.append(
                Task { [self] in
                    guard (try? await clock.sleep(until: seconds)) != nil else { return }
                    try? await arm(plan)
                })
        }
        for plan in run.variant.allProbes {
            guard let probe = ProbeReader(plan, references: references, client: client, base: subject.subject.baseURL) else { continue }
            tasks.append(Task { [self] in await probe.run(clock: clock, recorder: recorder) })
        }
        return tasks
    }

    private func readEvents() async {
        for await event in subject.events { await recorder.record(event) }
    }

    private func sample() async {
        var sampler = ProcessSampler(process: subject.process.identity, clock: clock)
        while !Task.isCancelled, let sample = sampler.sample() {
            await recorder.record(sample)
            try? await Task.sleep(for: Self.sampleInterval)
        }
    }

    /// Carries out what events set off.
    private func follow() async {
        for await consequence in consequences {
            switch consequence {
            case .arm(let plan): try? await arm(plan)
            case .capturePoint(let event):
                await captures.take(.samePoint, at: clock.now())
                await recorder.note(
                    Event(at: clock.now(), kind: .harness, name: "snapshot", attributes: ["point": .string(event.key.description)]))
            }
        }
    }

    private func arm(_ plan: FaultPlan) async throws {
        guard let fault = faults[plan.id] else { return }
        try await ledger.arm(fault)
        guard let seconds = plan.for_s else { return }
        Task { [self] in
            try? await clock.sleep(seconds)
            await ledger.heal(plan.id)
        }
    }

    // MARK: Standing still

    /// Waits for the end: the workload's, the subject's, or that of the observation of a hang.
    private func watch(_ workload: Task<WorkloadRecord, Never>) async -> WorkloadRecord? {
        let finished = Latch<WorkloadRecord>()
        Task { finished.set(await workload.value) }
        var endsAt_s: Double?
        let hasDeadline = run.variant.watchdog.contains { if case .deadline = $0 { true } else { false } }
        while finished.value == nil && !Task.isCancelled {
            let now = clock.now()
            await recorder.tick(at: now)
            let alarms = await recorder.alarms
            if let alarm = alarms.first, endsAt_s == nil {
                run.tell(.capturing, "standing still: \(alarm.detail)", at: clock.scenario_s)
                await captures.take(.alarm, at: clock.now())
                // A rule that stands alone gives no end: look again after as long as it waited.
                endsAt_s = now.monotonic_s + max(alarm.threshold_s / clock.scale, Self.confirmation_s)
                run.tell(.standing, alarm.detail, at: clock.scenario_s)
            }
            if alarms.contains(where: { $0.rule == .deadline }) { break }
            if !hasDeadline, let endsAt_s, now.monotonic_s >= endsAt_s { break }
            if subject.process.exitStatus != nil, await finished.wait(for: .seconds(1)) != nil { break }
            _ = await finished.wait(for: Self.tick)
        }
        return finished.value
    }

    /// Second look at what still stands; the workload's end.
    private func close(_ header: RunHeader, workload: Task<WorkloadRecord, Never>, ended: WorkloadRecord?) async -> RunHeader {
        var header = header
        let isStanding = ended == nil || ended?.end == .unfinished
        if isStanding && subject.process.exitStatus == nil && !Task.isCancelled {
            if await recorder.alarms.isEmpty, let step = ended?.step {
                await recorder.raise([
                    AlarmRecord(
                        at: clock.now(), rule: .deadline, threshold_s: clock.scenario_s,
                        detail: "the client's step was not finished within its limit: \(step)")
                ])
            }
            await confirm()
        }
        workload.cancel()
        header.workload = if let ended { ended } else { await workload.value }
        header.alarms = await recorder.alarms
        header.standstill = await recorder.standstill
        header.endedAt = clock.now()
        try? await writer.write(header)
        return header
    }

    private func confirm() async {
        if await captures.count == 0 { await captures.take(.alarm, at: clock.now()) }
        if let last = await captures.lastAt_s {
            let rest = last + Self.confirmation_s - clock.now().monotonic_s
            if rest > 0 { try? await Task.sleep(for: .seconds(rest)) }
        }
        run.tell(.capturing, "second look: what did not move", at: clock.scenario_s)
        await captures.take(.confirmation, at: clock.now())
    }

    private func stopSubject(_ header: inout RunHeader) async {
        header.endedByObserver = subject.process.exitStatus == nil
        let status = await subject.process.end(grace: Self.grace)
        switch status {
        case .exited(let code): header.exitStatus = code
        case .signalled(let number): header.exitSignal = number
        }
    }
}
