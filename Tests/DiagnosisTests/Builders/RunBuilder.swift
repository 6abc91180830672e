import Evidence

/// Builds runs a line at a time; times are scenario seconds, sixty to a real one.
struct RunBuilder {
    var run: Run
    private var ordinals: [String: Int] = [:]
    static let scale = 60.0
    static let origin = 1000.0

    init(jobs: Bool = true) {
        let start = Moment(monotonic_s: Self.origin, scenario_s: 0)
        run = Run(header: RunHeader(
            startedAt: start, clocks: ClockReading(monotonic_s: Self.origin, boottime_s: Self.origin, wall_s: 1),
            host: HostRecord(name: "box", kernel: "6", architecture: "x86_64", bootID: "b", processors: 2), timeScale: Self.scale))
        run.header.subject = ProcessIdentity(pid: 100, startTicks: 1)
        run.header.subjectName = "jobd"
    }

    static func moment(_ time_s: Double) -> Moment { Moment(monotonic_s: origin + time_s / scale, scenario_s: time_s) }

    mutating func event(
        _ time_s: Double, _ kind: Event.Kind, _ name: String, job: String? = "1", span: String? = nil, parent: String? = nil, _ attributes: [String: JSONValue] = [:],
        means: Event.Meaning? = nil
    ) {
        let key = name + (job ?? "")
        ordinals[key, default: 0] += 1
        var event = Event(at: Self.moment(time_s), kind: kind, name: name, ordinal: ordinals[key] ?? 1, job: job, attributes: attributes)
        event.means = means
        event.span = span
        event.parentSpan = parent
        run.events.append(event)
    }

    /// A job up to its streaming answer, `tokens` of them a second apart from second 6.
    mutating func streaming(tokens: Int) {
        event(1, .work, "job.accepted", means: .accepted)
        event(2, .status, "job.status", ["status": "PROCESSING"])
        event(2, .work, "job.started", ["timeout_s": 300.0, "deadline_s": 600.0], means: .started)
        event(3, .spanStart, "job.run", span: "a")
        event(3, .spanStart, "llm.request", span: "b", parent: "a", ["endpoint": "127.0.0.1:9002", "model": "m-32k"])
        event(4, .work, "llm.request-sent", span: "b", ["endpoint": "127.0.0.1:9002", "model": "m-32k"], means: .request)
        for index in 0..<tokens { event(6 + Double(index), .work, "llm.token", span: "b", ["tokens": .int(Int64(index + 1))], means: .answer) }
    }

    mutating func finish(at time_s: Double) {
        event(time_s, .spanEnd, "llm.request", span: "b")
        event(time_s, .spanEnd, "job.run", span: "a")
        event(time_s, .work, "results.saved", ["model": "m-32k"], means: .saved)
        event(time_s, .status, "job.status", ["status": "COMPLETED"])
        event(time_s, .work, "job.finished", ["status": "COMPLETED"], means: .ended)
        end(time_s + 1, .completed)
    }

    mutating func alarm(_ time_s: Double, _ rule: AlarmRecord.Rule = .noWork, threshold_s: Double = 60) {
        run.header.alarms.append(AlarmRecord(at: Self.moment(time_s), rule: rule, threshold_s: threshold_s, detail: "no work event of job 1 for 60 s", job: "1"))
        run.header.standstill = run.events.last { $0.kind == .work }?.key
    }

    mutating func end(_ time_s: Double, _ end: WorkloadRecord.End) {
        run.header.endedAt = Self.moment(time_s)
        run.header.workload = WorkloadRecord(end: end, step: "await job 1")
    }

    mutating func snapshot(_ time_s: Double, _ ordinal: Int = 1, _ build: (inout SnapshotBuilder) -> Void) {
        var builder = SnapshotBuilder(name: "jobd", at: Self.origin + time_s / Self.scale, ordinal: ordinal, reason: .alarm)
        build(&builder)
        run.snapshots.append(builder.snapshot)
    }
}
