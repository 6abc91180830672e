internal import Archive
internal import Evidence
internal import Monitoring
internal import Scenario

/// Records what happens in a run, in order, and notices what somebody waits for: alarms,
/// triggers of faults, the point at which to capture.
actor RunRecorder {
    /// Something an event set off.
    enum Consequence: Sendable {
        case arm(FaultPlan)
        case capturePoint(Event)
    }

    private let writer: RunWriter
    private let watchdog: Watchdog
    private let numbering: EventNumbering
    private var triggers: [FaultPlan]
    private var capturePoint: EventKey?
    private var counts: [String: Int] = [:]
    private let consequences: AsyncStream<Consequence>.Continuation

    private(set) var lastWork: EventKey?
    private(set) var alarms: [AlarmRecord] = []
    /// The last work event before the first alarm.
    private(set) var standstill: EventKey?

    init(
        writer: RunWriter, watchdog: Watchdog, numbering: EventNumbering, triggers: [FaultPlan], capturePoint: EventKey?,
        consequences: AsyncStream<Consequence>.Continuation
    ) {
        self.writer = writer
        self.watchdog = watchdog
        self.numbering = numbering
        self.triggers = triggers
        self.capturePoint = capturePoint
        self.consequences = consequences
    }

    /// The work begins: rules count from here.
    func begin(at now: Moment) async { await raise(watchdog.observe(.began(now))) }

    /// An event of the subject, or of our own that has its ordinal.
    func record(_ event: Event) async {
        if let point = capturePoint, event.key == point {
            capturePoint = nil
            consequences.yield(.capturePoint(event))
        }
        if event.kind == .work { lastWork = event.key }
        fire(event)
        try? await writer.append(event)
        await raise(watchdog.observe(.event(event)))
    }

    /// Something the harness saw or did.
    func note(_ event: Event) async { await record(numbering.numbered(event)) }

    func record(_ sample: Sample) async {
        try? await writer.append(sample)
        await raise(watchdog.observe(.sample(sample)))
    }

    func record(_ rows: StoreRecord) async { try? await writer.append(rows) }

    func tick(at now: Moment) async { await raise(watchdog.observe(.tick(now))) }

    func raise(_ raised: [AlarmRecord]) async {
        for alarm in raised {
            if alarms.isEmpty { standstill = lastWork }
            alarms.append(alarm)
            await note(
                Event(
                    at: alarm.at, kind: .harness, name: "alarm", job: alarm.job,
                    attributes: ["rule": .string(alarm.rule.rawValue), "detail": .string(alarm.detail)]))
        }
    }

    /// True when no alarm can come any more by time alone.
    private func fire(_ event: Event) {
        guard event.kind != .harness else { return }
        counts[event.name, default: 0] += 1
        let count = counts[event.name]!
        let progress = event.attributes["progress"]?.number
        triggers.removeAll { plan in
            let isDue =
                switch plan.when {
                case .event(let name, let ordinal): name == event.name && count >= ordinal
                case .progress(let percent): (progress ?? -1) >= percent
                case .start, .at: false
                }
            if isDue { consequences.yield(.arm(plan)) }
            return isDue
        }
    }
}
