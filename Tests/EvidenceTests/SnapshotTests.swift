import Evidence
import Testing

/// What a snapshot says of itself.
@Suite struct SnapshotTests {
    private static func snapshot(_ threads: [ThreadRecord], at time_s: Double, ofProcessFrom started_s: Double = 0) -> Snapshot {
        var snapshot = Snapshot(
            ordinal: 1, reason: .requested, takenAt: Moment(monotonic_s: time_s), clocks: ClockReading(monotonic_s: time_s, boottime_s: time_s, wall_s: time_s),
            host: HostRecord(name: "box", kernel: "6.18", architecture: "x86_64", bootID: "b", processors: 2),
            subject: ProcessIdentity(pid: 4, startTicks: 1))
        var process = ProcessRecord(identity: ProcessIdentity(pid: 4, startTicks: 1), name: "poller")
        process.started_s = started_s
        snapshot.processes = .complete([process])
        snapshot.threads = .complete(threads)
        return snapshot
    }

    private static func thread(_ state: String, cpu_s: Double, waits: Bool = false, pid: Int32 = 4) -> ThreadRecord {
        var thread = ThreadRecord(pid: pid, tid: pid, name: "t", state: state)
        thread.cpu = CPUTime(user_s: cpu_s)
        thread.wait = waits ? ThreadWait(kind: .sleep) : nil
        return thread
    }

    @Test func aSleeperThatIsAwakeIsToldFromWhatComputes() {
        let asleep = Self.snapshot([Self.thread("S", cpu_s: 0.1, waits: true)], at: 100)
        #expect(!asleep.metSleeperAwake(since: nil))
        let awake = Self.snapshot([Self.thread("R", cpu_s: 0.2)], at: 105)
        #expect(awake.metSleeperAwake(since: asleep) && awake.metSleeperAwake(since: nil))
        let computes = Self.snapshot([Self.thread("R", cpu_s: 4)], at: 105)
        #expect(!computes.metSleeperAwake(since: asleep))
        #expect(computes.metSleeperAwake(since: nil), "it may have begun to compute just now")
        let other = Self.snapshot([Self.thread("R", cpu_s: 0, pid: 5)], at: 105), ended = Self.snapshot([Self.thread("Z", cpu_s: 0)], at: 105)
        #expect(!other.metSleeperAwake(since: asleep) && !ended.metSleeperAwake(since: asleep))
        let young = Self.snapshot([Self.thread("R", cpu_s: 0)], at: 100.2, ofProcessFrom: 100)
        #expect(!young.metSleeperAwake(since: nil), "too young to tell")
    }

    @Test(arguments: [
        (["python3", "-u", "/srv/importer.py", "x"], "python3 importer.py"), (["python3", "-c", "print(1)"], "python3"), (["importer.py"], "python3"),
        (["sh", "a/../run now.sh"], "python3"), (["java", "-jar", "app.jar"], "python3 app.jar"), (["python3", "x\u{1b}[1m.py"], "python3"), ([], "python3"),
    ])
    func aScriptIsNamedBesideItsInterpreter(arguments: [String], title: String) {
        var process = ProcessRecord(identity: ProcessIdentity(pid: 4, startTicks: 1), name: "python3")
        process.arguments = arguments
        #expect(process.title == title)
    }
}
