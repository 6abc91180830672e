internal import Evidence
internal import Monitoring
internal import Processes
internal import Scenario

/// The part of a run in which the workload is driven and the subject is watched.
struct RunObservation: Sendable {
    /// Real time between two looks at a hang at least, so that what stayed can be told from what moved.
    static let confirmationDelay = Duration.seconds(1)
    /// Real time between two progress messages.
    static let progressInterval = Duration.milliseconds(200)

    struct Result: Sendable {
        var workload: WorkloadRecord?
        /// When the workload ended, or was given up: before the last looks were taken.
        var endedAt: Moment?
        var failure: HarnessError?
    }
    private enum End: Sendable {
        case workload(WorkloadRecord?)
        case subjectExited(ExitStatus)
        /// Every alarm has been raised, and the last look taken.
        case watched
        case interrupted
        case faultFailed(HarnessError)
    }

    let run: RunExecution
    let session: SubjectSession
    let probes: ProbeSet
    let references: References
    let capturer: Capturer?
    private let end = Latch<End>()
    private let captured = Latch<ContinuousClock.Instant>()

    init(run: RunExecution, session: SubjectSession, probes: ProbeSet, references: References, capturer: Capturer?) {
        self.run = run
        self.session = session
        self.probes = probes
        self.references = references
        self.capturer = capturer
    }

    private var hub: RunHub { run.hub }

    func run() async -> Result {
        if run.isJobSystem { await health() }
        var steps = run.request.variant.workload
        // Without a workload the subject works by itself, until it ends.
        if steps.isEmpty { steps = [.exit(within_s: 1e7)] }
        let endsByItself = steps.contains { if case .exit = $0 { true } else { false } }
        let driver = WorkloadDriver(
            steps: steps, subject: session.subject, child: session.child, references: references, clock: run.clock, http: run.http,
            emit: { [hub] in hub.tell($0) })
        run.clock.restart()
        await run.change { $0.startedAt = run.clock.now() }
        hub.begin()
        let tasks: [Task<Void, Never>] = [
            Task { _ = end.set(.workload(await driver.run())) },
            Task { if let status = await session.child.wait(), !endsByItself { _ = end.set(.subjectExited(status)) } },
            Task { if await run.request.interruption.wait() != nil { _ = end.set(.interrupted) } },
            Task { if let failure = await run.scheduler.failure.wait() { _ = end.set(.faultFailed(failure)) } },
            Task { await captureAtPoint() },
            Task { await watchAlarms() },
            Task { await tick(driver) },
            Task { await sample() },
            Task { await probes.run() },
        ]
        let ended = await end.wait() ?? .interrupted
        let endedAt = run.clock.now()
        var result = await conclude(ended, driver)
        hub.end()
        tasks.forEach { $0.cancel() }
        result.endedAt = endedAt
        if case .workload(let record) = ended { result.workload = record ?? driver.unfinished }
        return result
    }

    // MARK: At the end

    private func conclude(_ ended: End, _ driver: WorkloadDriver) async -> Result {
        var result = Result()
        switch ended {
        case .workload(let record): result.workload = record
        case .watched: result.workload = driver.unfinished
        case .interrupted:
            result.workload = driver.unfinished
            result.failure = .interrupted
            return result
        case .faultFailed(let failure):
            result.workload = driver.unfinished
            result.failure = failure
            return result
        case .subjectExited(let status):
            hub.tell("subject.lost", ["how": .string(status.description)])
            result.workload = WorkloadRecord(
                end: .failed, step: driver.waitsFor, detail: "the subject ended with \(status)", lastAnswer: driver.unfinished.lastAnswer)
            return result
        }
        hub.tell("workload.ended", ["end": .string(result.workload?.end.rawValue ?? "unfinished")])
        if result.workload?.end == .unfinished, hub.firstAlarm.value == nil, session.child.exitStatus == nil {
            // No rule saw it, but the client's own patience has ended.
            hub.raise(
                AlarmRecord(
                    at: run.clock.now(), rule: .deadline, threshold_s: run.clock.scenario_s,
                    detail: "the client's step was not finished within its limit: \(result.workload?.step ?? "")"))
        }
        if hub.firstAlarm.value != nil, session.child.exitStatus == nil { await hold() }
        guard session.child.exitStatus == nil, let capturer else { return result }
        if hub.firstAlarm.value != nil {
            // The first snapshot may still be under way.
            let first = await captured.wait(for: Capturer.patience)
            if case .watched = ended {
                // Nothing: `watchAlarms` has waited.
            } else if result.workload?.end == .unfinished, let first {
                try? await Task.sleep(until: first + Self.confirmationDelay)
            }
            await capture(capturer, .confirmation)
        } else if run.request.capturePoint != nil, hub.pointReached.value == nil {
            await capture(capturer, .samePoint)
        }
        return result
    }

    /// Until it is let go, or the run is interrupted.
    private func hold() async {
        guard let hold = run.request.hold else { return }
        let released = Latch<Void>()
        let identity = session.child.identity
        let holding = Task {
            await hold(identity)
            released.set(())
        }
        let interrupted = Task { if await run.request.interruption.wait() != nil { released.set(()) } }
        _ = await released.wait()
        holding.cancel()
        interrupted.cancel()
    }

    // MARK: Meanwhile

    private func watchAlarms() async {
        guard let alarm = await hub.firstAlarm.wait() else { return }
        run.say(.capturing, alarm.detail)
        if let capturer { await capture(capturer, .alarm) }
        let clock = ContinuousClock()
        let first = clock.now
        captured.set(first)
        if run.isJobSystem { await health() }
        await run.change { header in
            header.alarms = hub.alarms
            header.standstill = hub.standstill
        }
        // Past the deadline nothing more is waited for, even while work goes on.
        while hub.mayAlarmStill && !hub.alarms.contains(where: { $0.rule == .deadline }) {
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { return }
        }
        guard (try? await clock.sleep(until: first + Self.confirmationDelay)) != nil else { return }
        end.set(.watched)
    }

    private func captureAtPoint() async {
        guard let event = await hub.pointReached.wait(), let capturer else { return }
        await capture(capturer, .samePoint, at: event.key)
    }

    private func capture(_ capturer: Capturer, _ reason: SnapshotReason, at key: EventKey? = nil) async {
        let isTaken = await capturer.capture(reason, scenario_s: run.clock.scenario_s)
        var attributes: [String: JSONValue] = ["reason": .string(reason.rawValue)]
        if let key { attributes["at"] = .string(key.description) }
        if isTaken { attributes["ordinal"] = .int(Int64(await capturer.count)) }
        hub.tell(isTaken ? "snapshot.taken" : "snapshot.failed", attributes)
    }

    /// What the subject says of its own health.
    private func health() async {
        let reading = await ProbeRunner(
            HTTPProbe(name: "health", url: { [subject = session.subject] in (subject.address ?? "") + "/health" }, pointer: nil, http: run.http),
            interval: .zero
        ).readOnce()
        let attributes: [String: JSONValue] =
            switch reading {
            case .value(let value): value.object ?? ["value": value]
            case .failed(let reason): ["error": .string(reason)]
            case .rows: [:]
            }
        var event = Event(at: run.clock.now(), kind: .probe, name: "health", attributes: attributes)
        event.means = .health
        hub.tell(event)
    }

    /// A fiftieth of the shortest threshold, so that an alarm comes within 1.1 times its threshold.
    private var tickInterval: Duration {
        let shortest = run.request.variant.watchdog.map(\.threshold_s).min() ?? 60
        return min(max(run.clock.real(shortest / 50), .milliseconds(5)), .milliseconds(50))
    }

    private func tick(_ driver: WorkloadDriver) async {
        let clock = ContinuousClock()
        var last = clock.now - Self.progressInterval
        while (try? await Task.sleep(for: tickInterval)) != nil {
            hub.tick()
            if clock.now - last >= Self.progressInterval {
                last = clock.now
                if let alarm = hub.alarms.last {
                    run.say(.standing, alarm.detail)
                } else {
                    run.say(.running, driver.waitsFor ?? "")
                }
            }
        }
    }

    private func sample() async {
        var sampler = ProcessSampler(process: session.child.identity, clock: run.clock)
        repeat {
            guard let sample = sampler.sample(gauges: hub.gauges) else { return }
            hub.sample(sample)
        } while (try? await Task.sleep(for: run.request.sampleInterval)) != nil
    }
}
