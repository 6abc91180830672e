import Evidence

/// The two runs of the sample report.
enum SampleRun {
    static let scale = SampleReport.timeScale
    static let host = HostRecord(name: "ci-7", kernel: "6.18.0", architecture: "x86_64", bootID: "5f1c9b2e-0d0a-4a5e-9d38-0d6a6d3a1c55", processors: 2)
    static let workingSubject = ProcessIdentity(pid: 901, startTicks: 90_100)
    static let hangingSubject = ProcessIdentity(pid: 812, startTicks: 81_200)

    static func hangingMoment(_ scenario_s: Double) -> Moment { Moment(monotonic_s: 5000 + scenario_s / scale, scenario_s: scenario_s) }
    static func workingMoment(_ scenario_s: Double) -> Moment { Moment(monotonic_s: 4990 + scenario_s / scale, scenario_s: scenario_s) }

    static var working: Run {
        var header = RunHeader(startedAt: workingMoment(0), clocks: ClockReading(monotonic_s: 4990, boottime_s: 4990, wall_s: 1_795_230_880), host: host, timeScale: scale)
        header.endedAt = workingMoment(104)
        header.subject = workingSubject
        header.subjectName = "jobd"
        header.workload = WorkloadRecord(end: .completed, lastAnswer: ["status": "COMPLETED", "progress": 100])
        header.exitStatus = 0
        header.endedByObserver = true
        let events = SampleEvents(moment: workingMoment).working
        return Run(
            header: header, events: events, samples: samples(workingSubject, workingMoment, end: 104, stalledAt: nil),
            store: [StoreRecord(at: workingMoment(100), name: "jobs", rows: [["id": "1", "status": "COMPLETED", "progress": 100, "model": "moonshot-v1-8k"]])],
            snapshots: [SampleSnapshot(subject: workingSubject, modelPID: 903, isHanging: false).snapshot(1, .samePoint, workingMoment(40.6))])
    }

    static var hanging: Run {
        var header = RunHeader(startedAt: hangingMoment(0), clocks: ClockReading(monotonic_s: 5000, boottime_s: 5000, wall_s: 1_795_230_886), host: host, timeScale: scale)
        header.endedAt = hangingMoment(196)
        header.subject = hangingSubject
        header.subjectName = "jobd"
        header.workload = WorkloadRecord(end: .unfinished, step: "await job 1: status COMPLETED", detail: "still PROCESSING", lastAnswer: ["status": "PROCESSING", "progress": 85])
        header.alarms = [AlarmRecord(at: hangingMoment(101.4), rule: .noWork, threshold_s: 60, detail: "no work event of job 1 for 60 s; the last was `llm.token`", job: "1")]
        header.standstill = EventKey(name: "llm.token", ordinal: 41, job: "1")
        header.endedByObserver = true
        let capture = SampleSnapshot(subject: hangingSubject, modelPID: 814, isHanging: true)
        return Run(
            header: header, events: SampleEvents(moment: hangingMoment).hanging,
            samples: samples(hangingSubject, hangingMoment, end: 196, stalledAt: 41),
            store: [StoreRecord(at: hangingMoment(120), name: "jobs", rows: [["id": "1", "status": "PROCESSING", "progress": 85, "model": nil]])],
            snapshots: [capture.snapshot(1, .alarm, hangingMoment(102)), capture.snapshot(2, .confirmation, hangingMoment(150))])
    }

    /// A sample every 2 s of scenario time.
    private static func samples(_ subject: ProcessIdentity, _ moment: (Double) -> Moment, end: Double, stalledAt: Double?) -> [Sample] {
        stride(from: 0, through: end, by: 2).map { at in
            let active = stalledAt.map { min(at, $0) } ?? at
            var sample = Sample(at: moment(at), process: subject, cpu: CPUTime(user_s: active * 0.0046 + at * 0.0003 + (at > 20 ? 0.01 : 0), system_s: at * 0.0002))
            let threads = at < 4 ? 4 : at < 12 ? 7 : 9
            sample.threads = (0..<threads).map { ThreadSample(tid: subject.pid + Int32($0), state: "S", cpu_s: 0) }
            sample.descriptorCount = at < 6 ? 12 : 19 + (Int(at) % 8 == 0 ? 1 : 0)
            sample.resident_bytes = UInt64(38_000_000 + active * 31_000)
            let received = UInt64(max(0, active - 8) * 410)
            sample.sockets = [SocketSample(inode: 4711, state: .established, receiveQueue: 0, sendQueue: 0, bytesReceived: received, bytesSent: 1_840)]
            sample.gauges = ["jobs.processing": at > 1 && (stalledAt != nil || at < 98) ? 1 : 0]
            return sample
        }
    }
}
