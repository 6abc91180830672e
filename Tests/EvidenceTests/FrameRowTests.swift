import Evidence
import Foundation
import Testing

/// Frames that come again are written once; the table reads as if they were not.
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

    private static func threads(_ stacks: [Observed<[Frame]>]) throws -> Data {
        var snapshot = Self.snapshot
        snapshot.threads = .complete(stacks.enumerated().map { ThreadRecord(pid: 4, tid: Int32($0), name: "t", state: "S", stack: $1) })
        return try #require(try snapshot.files().first { $0.name == SnapshotFile.threads.rawValue }).contents
    }

    @Test func equalStacksAreWrittenOnce() throws {
        // Enough for several pieces, each with its own first ones.
        let stacks = (0..<300).map { Self.stacks[$0 % Self.stacks.count] }
        let table = try Self.threads(stacks)
        let read = try EvidenceCoding.decode([ThreadRecord].self, from: table, name: "threads.json")
        let same = read.map(\.stack) == stacks
        #expect(same)
        let text = String(decoding: table, as: UTF8.self)
        let written = text.components(separatedBy: #"file":"a.c""#).count - 1
        #expect(written <= 2 * 4 && text.contains(#""sameAs":"#), "\(written)")
    }

    @Test func aStackOfNoEarlierRowIsDamage() throws {
        let text = String(decoding: try Self.threads([.complete(Self.frames)]), as: UTF8.self)
        let start = try #require(text.range(of: #""value":["#)), end = try #require(text.range(of: "]", options: .backwards, range: start.upperBound..<text.lastIndex(of: "}")!))
        let damaged = text.replacingCharacters(in: start.lowerBound..<end.upperBound, with: #""sameAs":0"#)
        #expect(throws: EvidenceError.self) { try EvidenceCoding.decode([ThreadRecord].self, from: Data(damaged.utf8), name: "threads.json") }
    }

    @Test(arguments: stacks) func threadsAreWrittenAsEver(_ stack: Observed<[Frame]>) throws {
        var thread = ThreadRecord(pid: 4, tid: 5, name: #""stack":{"#, state: "S", stack: stack)
        thread.managedStack = .complete(Self.frames)
        var snapshot = Self.snapshot
        snapshot.threads = .complete([thread])
        let table = try #require(try snapshot.files().first { $0.name == SnapshotFile.threads.rawValue }).contents
        let plain = try EvidenceCoding.encoder(pretty: false).encode(thread)
        let same = table == Data("[\n".utf8) + plain + Data("\n]\n".utf8)
        #expect(same, "\(String(decoding: table, as: UTF8.self))")
    }

    /// What differs from thread to thread is put between what they have in common.
    @Test func threadsThatAreAlikeAreWrittenAsEver() throws {
        var threads = (0..<40).map { number in
            var thread = ThreadRecord(pid: 4, tid: Int32(100 + number), name: number % 3 == 0 ? "pool" : "main", state: "S", stack: .complete(Self.frames))
            // Alike but for numbers; the last ones have what stands for numbers among the rest of the row.
            thread.name = number < 30 ? thread.name : "2147483171 and 2147483269"
            thread.voluntarySwitches = number % 2 == 0 ? UInt64(number) : nil
            thread.involuntarySwitches = .max - UInt64(number)
            thread.syscall = SyscallRecord(number: 202, name: "futex", arguments: [1, 2, .max], stackPointer: .max &- UInt64(number), programCounter: 7)
            return thread
        }
        threads[3].tid = .max
        threads[7].tid = -1
        threads[9].syscall?.stackPointer = 2_147_483_171
        var snapshot = Self.snapshot
        snapshot.threads = .complete(threads)
        let table = try #require(try snapshot.files().first { $0.name == SnapshotFile.threads.rawValue }).contents
        let lines = String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst().dropLast()
        for (line, thread) in zip(lines, threads) {
            let plain = try String(decoding: EvidenceCoding.encoder(pretty: false).encode(thread), as: UTF8.self)
            // Its frames are those of the first row.
            let start = try #require(plain.range(of: #""stack":{"status":"complete","#)), end = try #require(plain.range(of: "]}", range: start.upperBound..<plain.endIndex))
            let shared = plain.replacingCharacters(in: start.upperBound..<plain.index(before: end.upperBound), with: #""sameAs":0"#)
            let written = line.hasSuffix(",") ? line.dropLast() : line
            #expect(written == (thread.tid == 100 ? plain[...] : shared[...]))
        }
        #expect(lines.count == threads.count)
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
