internal import Evidence
internal import Monitoring
internal import Processes
internal import Scenario
internal import Synchronization

/// Where everything that happens in a run passes through: it is recorded, and whoever acts on it is told.
final class RunHub: Sendable {
    /// Lines of output kept for the message when a subject ends too early.
    static let keptLines = 5

    private struct State {
        var lastWork: EventKey?
        var standstill: EventKey?
        var alarms: [AlarmRecord] = []
        var gauges: [String: Double] = [:]
        var lastLines: [String] = []
        var isWatched = false
        var hasEnded = false
        var pointWasReached = false
    }

    let clock: ScenarioClock
    let numbering: EventNumbering
    let recorder: Recorder
    /// Set at the first alarm.
    let firstAlarm = Latch<AlarmRecord>()
    /// Set when the work reaches `capturePoint`.
    let pointReached = Latch<Event>()
    private let watchdog: Watchdog
    private let scheduler: FaultScheduler
    private let capturePoint: EventKey?
    private let state = Mutex(State())

    init(clock: ScenarioClock, recorder: Recorder, watchdog: Watchdog, scheduler: FaultScheduler, words: EventWords, capturePoint: EventKey?) {
        self.clock = clock
        numbering = EventNumbering(clock: clock, words: words)
        self.recorder = recorder
        self.watchdog = watchdog
        self.scheduler = scheduler
        self.capturePoint = capturePoint
    }

    var alarms: [AlarmRecord] { state.withLock { $0.alarms } }
    /// The last work event before the first alarm.
    var standstill: EventKey? { state.withLock { $0.standstill } }
    var gauges: [String: Double] { state.withLock { $0.gauges } }
    var lastLines: [String] { state.withLock { $0.lastLines } }
    var mayAlarmStill: Bool { watchdog.mayStillFire }

    // MARK: What happens

    /// An event of the subject, numbered already.
    func subject(_ event: Event, line: String) {
        // Healed and being ended, it does things that were not part of what was observed; subject.log has them.
        if state.withLock({ $0.hasEnded }) { return }
        recorder.record(event)
        let isAtPoint = state.withLock { state in
            if event.kind == .work { state.lastWork = event.key }
            let text = event.message ?? line
            state.lastLines = state.lastLines.suffix(Self.keptLines - 1) + [String(text.prefix(300))]
            guard event.key == capturePoint, !state.pointWasReached else { return false }
            state.pointWasReached = true
            return true
        }
        if isAtPoint { pointReached.set(event) }
        scheduler.observe(event)
        watch(.event(event))
    }

    /// An event of the harness, the client or a probe.
    func tell(_ event: Event) {
        // Nor do its probes tell of what it does once it is being ended.
        if event.kind != .harness, state.withLock({ $0.hasEnded }) { return }
        let event = numbering.numbered(event)
        recorder.record(event)
        if event.kind == .work { state.withLock { $0.lastWork = event.key } }
        if event.kind != .harness {
            scheduler.observe(event)
            watch(.event(event))
        }
    }

    func tell(_ name: String, _ attributes: [String: JSONValue] = [:]) {
        tell(Event(at: clock.now(), kind: .harness, name: name, attributes: attributes))
    }

    func sample(_ sample: Sample) {
        recorder.record(sample)
        watch(.sample(sample))
    }

    /// The work begins: rules count from now.
    func begin() {
        state.withLock { $0.isWatched = true }
        tell("workload.started")
        watch(.began(clock.now()))
        scheduler.begin()
    }

    /// The observation is over: no alarm any more, and nothing of the subject's is recorded as an event.
    func end() { state.withLock { ($0.isWatched, $0.hasEnded) = (false, true) } }

    func tick() { watch(.tick(clock.now())) }

    func set(gauges: [String: Double]) { state.withLock { $0.gauges.merge(gauges) { _, new in new } } }

    private func watch(_ observation: Observation) {
        guard state.withLock({ $0.isWatched }) else { return }
        watchdog.observe(observation).forEach(raise)
    }

    func raise(_ alarm: AlarmRecord) {
        let isFirst = state.withLock { state in
            state.alarms.append(alarm)
            if state.alarms.count == 1 { state.standstill = state.lastWork }
            return state.alarms.count == 1
        }
        var attributes: [String: JSONValue] = [
            "rule": .string(alarm.rule.rawValue), "threshold_s": .double(alarm.threshold_s), "detail": .string(alarm.detail),
        ]
        if let job = alarm.job { attributes["job"] = .string(job) }
        tell("watchdog.alarm", attributes)
        if isFirst { firstAlarm.set(alarm) }
    }
}

extension Variant {
    /// The statuses that end a job: those that are named so, those that the workload waits for, and those by which a step of it fails.
    var statusWords: StatusWords {
        var words = self.words.statuses
        for case .await(_, let until, let failure, _, _) in workload {
            words.well += until.values
            words.badly += failure.values.flatMap(\.self)
        }
        return words
    }

    var patience_s: Double? { watchdog.compactMap { if case .noWork(_, let seconds) = $0 { seconds } else { nil } }.min() }
    var watchdogRules: [any WatchdogRule] { watchdog.map { $0.rule(statusWords) } }
}

extension WatchdogPlan {
    func rule(_ words: StatusWords) -> any WatchdogRule {
        switch self {
        case .noWork(let of, let seconds): NoWorkRule(threshold_s: seconds, perJob: of == "job", words: words)
        case .noEvent(let name, let seconds): NoEventRule(name: name, threshold_s: seconds)
        case .deadline(let seconds): DeadlineRule(threshold_s: seconds)
        case .busyLoop(let seconds): BusyLoopRule(threshold_s: seconds)
        }
    }

    var threshold_s: Double {
        switch self {
        case .noWork(_, let seconds), .noEvent(_, let seconds), .deadline(let seconds), .busyLoop(let seconds): seconds
        }
    }
}
