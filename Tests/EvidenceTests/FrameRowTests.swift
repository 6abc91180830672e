import Evidence
import FoundationEssentials
import Testing

/// Frames that come again are encoded once; the table reads as if they were not.
@Suite struct FrameRowTests {
    private static let frames = [
        Frame(programCounter: 1, function: #"odd "stack":{"value":[] name"#, module: "/lib/\u{1}x.so", file: "a.c", line: 3),
        Frame(programCounter: .max, function: "b", isInlined: true), Frame(programCounter: 2, isAsync: true),
    ]

    private static let snapshot = Snapshot(
        ordinal: 1, reason: .requested, takenAt: Moment(monotonic_s: 1), clocks: ClockReading(monotonic_s: 1, boottime_s: 1, wall_s: 1),
        host: HostRecord(name: "box", kernel: "6.18", architecture: "x86_64", bootID: "b", processors: 2),
        subject: ProcessIdentity(pid: 4, startTicks: 1))

    static let stacks: [Observed<[Frame]>] = [
        .unavailable(reason: #""stack":{"value":[]"#), .complete([]), .complete([frames[0]]), .complete(frames + frames),
        .partial(frames.reversed(), reason: #"cut at "value":[] and \"#), .partial([], reason: "nothing"),
    ]

    @Test(arguments: stacks) func threadsAreWrittenAsEver(_ stack: Observed<[Frame]>) throws {
        var thread = ThreadRecord(pid: 4, tid: 5, name: #""stack":{"#, state: "S", stack: stack)
        thread.managedStack = .complete(Self.frames)
        var snapshot = Self.snapshot
        snapshot.threads = .complete([thread, thread])
        let table = try #require(try snapshot.files().first { $0.name == SnapshotFile.threads.rawValue }).contents
        let plain = try EvidenceCoding.encoder(pretty: false).encode(thread)
        let same = table == Data("[\n".utf8) + plain + Data(",\n".utf8) + plain + Data("\n]\n".utf8)
        #expect(same, "\(String(decoding: table, as: UTF8.self))")
    }

    @Test(arguments: stacks) func tasksAreReadBackAsTheyWere(_ stack: Observed<[Frame]>) throws {
        var task = TaskRecord(pid: 4, id: 9, address: 64, kind: .unstructured, state: .suspended)
        task.backtrace = stack
        var snapshot = Self.snapshot
        snapshot.tasks = .complete([task])
        let files = Dictionary(uniqueKeysWithValues: try snapshot.files().map { ($0.name, $0.contents) })
        let same = try Snapshot(reading: { files[$0] }) == snapshot
        #expect(same)
    }
}
