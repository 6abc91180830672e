import Evidence
import WaitGraph

/// What became of the work: for a run from its events, for a live process from its units.
enum Verdicts {
    static func ofRun(_ evidence: DiagnosisCase, _ timeline: WorkTimeline, hasRoot: Bool) -> (verdict: Verdict, because: String) {
        guard let run = evidence.run else { return (.unknown, "there is no run") }
        if let workload = run.header.workload {
            switch workload.end {
            case .completed:
                guard let late = run.header.alarms.first else { return (.completed, "every step of the workload succeeded") }
                return (.slow, "\(late.detail); every step of the workload succeeded after that")
            case .failed: return (.failed, workload.detail ?? workload.step ?? "a step of the workload got another answer than awaited")
            case .unfinished: break
            }
        }
        if run.header.exitSignal != nil && !run.header.endedByObserver { return (.failed, "the subject was ended by signal \(run.header.exitSignal ?? 0)") }
        guard let alarm = run.header.alarms.first else { return withoutAlarm(run, timeline, hasRoot: hasRoot) }
        let alarm_s = time(alarm.at, run)
        // An alarm about one job is about that job, whatever the others do.
        let work = alarm.job == nil ? timeline.work : timeline.work.filter { $0.event.job == alarm.job }
        let since = work.filter { $0.time_s > alarm_s }
        let silence_s = timeline.end_s - (work.last?.time_s ?? 0)
        // A deadline says nothing about standing still: the silence before and after it does.
        if alarm.rule == .deadline, !run.header.alarms.contains(where: { $0.rule != .deadline }) {
            let late = (verdict: Verdict.slow, because: "\(alarm.detail); work was done until \(NodeText.seconds(max(0, silence_s))) before the end")
            if !timeline.jobs.isEmpty, timeline.unfinished.isEmpty { return (.slow, "\(alarm.detail); every job has ended after that") }
            return silence_s > max(30, 0.2 * alarm.threshold_s) ? (.hang, alarm.detail) : late
        }
        if since.isEmpty { return (.hang, alarm.detail) }
        // Work went on after the alarm: late, unless it stopped again for at least as long as the alarm allows.
        if alarm.rule != .busyLoop, let rule = run.header.alarms.last(where: { $0.rule == .noWork }), silence_s >= rule.threshold_s { return (.hang, rule.detail) }
        if alarm.rule == .busyLoop, hasRoot { return (.hang, alarm.detail) }
        return (.slow, "\(alarm.detail); \(since.count) work events came after that")
    }

    private static func withoutAlarm(_ run: Run, _ timeline: WorkTimeline, hasRoot: Bool) -> (Verdict, String) {
        if timeline.jobs.isEmpty && timeline.work.isEmpty { return hasRoot ? (.hang, "the process stands still") : (.idle, "no work was given to it") }
        if timeline.unfinished.isEmpty {
            let failed = timeline.jobs.contains { $0.status == "FAILED" || $0.status == "ERROR" || $0.status == "TIMEOUT" }
            return failed ? (.failed, "a job ended as failed") : (.completed, "every job has ended")
        }
        let silence_s = timeline.end_s - (timeline.work.last?.time_s ?? 0)
        if silence_s < 10 { return (.advancing, "work was done until the end of the observation") }
        return (.unknown, "a job has not ended, no work was done for \(timeline.words(silence_s)), and no alarm was raised")
    }

    static func time(_ moment: Moment, _ run: Run) -> Double {
        moment.scenario_s ?? (moment.monotonic_s - run.header.startedAt.monotonic_s) * run.header.timeScale
    }

    /// More than those that a timer or two begins.
    private static let work_tasks = 3

    /// More than a line or two of a log: a page.
    private static let work_bytes: UInt64 = 4096

    static func ofProcess(_ evidence: DiagnosisCase, hasRoot: Bool) -> (verdict: Verdict, because: String) {
        guard evidence.hasSnapshot else { return (.unknown, "there is no snapshot") }
        let index = evidence.index
        guard index.snapshot.threads.status != .unavailable, !index.threads(of: evidence.subjectPID).isEmpty else {
            return (.unknown, "the threads of the process could not be seen: \(index.snapshot.threads.reason ?? "none were recorded")")
        }
        if hasRoot { return (.hang, "") }
        if let crashed = evidence.graph.crashed(evidence.subjectPID) {
            return (.failed, "\(NodeText.short(.thread(pid: crashed.pid, tid: crashed.tid), index)) has crashed, and the process is held while \(crashed.wait?.pid.map { "pid \(MachineShift.ownID($0)) (\(index.name(of: $0)))" } ?? "its child") writes the backtrace")
        }
        let units = evidence.units
        if let first = units.standstills.first, case .unnamed(let why) = first.ending { return (.hang, "\(NodeText.short(first.path.last?.from ?? first.start, index)) stands still; \(why)") }
        if !units.standstills.isEmpty { return (.hang, "it stands still, and what would have to move it is not shown") }
        if let stranded = units.stranded.first { return (.unknown, stranded) }
        if !units.doubtful.isEmpty, units.advancing.isEmpty { return (.unknown, "a thread waits for its peer, and nothing tells whether that owes anything: a stalled answer and a quiet subscription look alike from outside") }
        if !units.advancing.isEmpty { return (.advancing, units.advancing[0]) }
        if units.bystanders.isEmpty, !units.unclear.isEmpty { return (.unknown, units.unclear[0]) }
        if units.unclear.count > units.bystanders.count { return (.unknown, units.unclear[0]) }
        if let times = evidence.graph.activity.transfers { return (.advancing, "it woke up \(times) times in \(NodeText.seconds(evidence.graph.activity.window_s)), and read or wrote") }
        if let times = evidence.graph.activity.handovers(of: evidence.subjectPID) {
            return (.advancing, "a thread that waits for others was woken \(times) times in \(NodeText.seconds(evidence.graph.activity.window_s))")
        }
        if let begun = evidence.graph.activity.tasksBegun, begun >= Self.work_tasks {
            return (.advancing, "\(begun) tasks began and as many ended in \(NodeText.seconds(evidence.graph.activity.window_s))")
        }
        if evidence.graph.activity.written_bytes >= Self.work_bytes {
            return (.advancing, "it wrote \(evidence.graph.activity.written_bytes) bytes in \(NodeText.seconds(evidence.graph.activity.window_s))")
        }
        return (.idle, "every thread waits where a connection, a timer, its input or another thread would wake it, and nothing shows that any of these is owed")
    }
}
