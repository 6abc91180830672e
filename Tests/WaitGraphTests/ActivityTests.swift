import Evidence
import Testing
@testable import WaitGraph

/// What two looks and the samples between them say of a process's threads.
@Suite struct ActivityTests {
    private static let process = ProcessIdentity(pid: 1, startTicks: 1)

    private static func waiter(_ tid: Int32, at object: UInt64, limit_s: Double? = nil) -> ThreadRecord {
        var thread = ThreadRecord(pid: 1, tid: tid, name: "t\(tid)", state: "S")
        var wait = ThreadWait(kind: .futex)
        wait.futex = FutexWait(address: object, operation: 9, object: .condition)
        wait.timeout_s = limit_s
        thread.wait = wait
        return thread
    }

    private static func look(_ threads: [ThreadRecord], at time: Double) -> SnapshotIndex {
        var snapshot = Snapshot(
            reason: .requested, takenAt: Moment(monotonic_s: time), clocks: ClockReading(monotonic_s: time, boottime_s: time, wall_s: 0),
            host: HostRecord(name: "box", kernel: "6", architecture: "x86_64", bootID: "b", processors: 2), subject: process)
        snapshot.processes = .complete([ProcessRecord(identity: process, name: "p")])
        snapshot.threads = .complete(threads)
        return SnapshotIndex(snapshot)
    }

    /// Five seconds, in which each thread woke so many times.
    private static func activity(_ first: [ThreadRecord], _ second: [ThreadRecord], wakes: [Int32: UInt64]) -> Activity {
        let samples = [100.5, 104.5].map { time in
            var sample = Sample(at: Moment(monotonic_s: time), process: process)
            (sample.read_bytes, sample.written_bytes) = (time < 101 ? 0 : 4096, 0)
            sample.threads = (time < 101 ? first : second).map { ThreadSample(tid: $0.tid, state: "S", cpu_s: 0, switches: time < 101 ? 10 : 10 + (wakes[$0.tid] ?? 0)) }
            return sample
        }
        return Activity(earlier: look(first, at: 100), later: look(second, at: 105), samples: samples)
    }

    @Test func whoIsWokenAgainAndAgainByOthersIsHandedWork() {
        let threads = [Self.waiter(1, at: 16), Self.waiter(2, at: 32)]
        #expect(Self.activity(threads, threads, wakes: [2: 20]).handovers(of: 1) == 20)
        #expect(Self.activity(threads, threads, wakes: [2: 4]).handovers(of: 1) == nil)
    }

    @Test func whoWakesByItsOwnTimerIsHandedNothing() {
        let threads = [Self.waiter(1, at: 16), Self.waiter(2, at: 32, limit_s: 0.2)]
        #expect(Self.activity(threads, threads, wakes: [2: 25]).handovers(of: 1) == nil)
    }

    @Test func aRuntimesOwnThreadsCarryNothing() {
        var keeper = Self.waiter(2, at: 32)
        keeper.managedWait = ManagedWait(kind: .housekeeping, object: 0, typeName: "keeper", knownFrom: "test")
        #expect(Self.activity([keeper], [keeper], wakes: [2: 100]).transfers == nil)
        let worker = Self.waiter(2, at: 32)
        #expect(Self.activity([worker], [worker], wakes: [2: 100]).transfers == 100)
    }

    @Test func aNewcomerBehindOneWhoStandsChangesNothing() {
        let first = [Self.waiter(1, at: 16), Self.waiter(2, at: 32)]
        let activity = Self.activity(first, first + [Self.waiter(3, at: 32), Self.waiter(4, at: 48)], wakes: [:])
        #expect(activity.change(of: 3) == .stood)
        #expect(activity.change(of: 4) == .ran(share: 0))
        #expect(activity.arrivedAgo_s(3) == 0.5)
        #expect(activity.arrivedAgo_s(2) == nil)
    }

    // MARK: Connections

    /// A client's connection on which both last bytes fell into one tick, and an acknowledgement came so long after them.
    private static func connection(segments: (out: UInt64, in: UInt64), acknowledged_ms: Double) -> SocketRecord {
        var socket = SocketRecord(inode: 7, family: .inet, transport: .tcp, state: .established, local: SocketAddress(host: "127.0.0.1", port: 40_000))
        socket.remote = SocketAddress(host: "127.0.0.1", port: 80)
        socket.wasAccepted = false
        var tcp = TCPInfo(lastDataSent_ms: 9000, lastDataReceived_ms: 9000, bytesSent: 300, bytesReceived: 900)
        (tcp.dataSegmentsOut, tcp.dataSegmentsIn) = (segments.out, segments.in)
        tcp.lastAckReceived_ms = 9000 - acknowledged_ms
        socket.tcp = tcp
        return socket
    }

    @Test func anAcknowledgementThatCameByItselfTellsThatTheRequestWasTheLater() {
        let activity = Self.activity([], [], wakes: [:])
        #expect(activity.standing(of: Self.connection(segments: (3, 4), acknowledged_ms: 44)) == .owed(since_s: 9, everReceived: true))
        #expect(activity.standing(of: Self.connection(segments: (3, 4), acknowledged_ms: 0)) == .quiet(since_s: 9))
    }

    @Test func whoAnswersEveryMessageIsOwedNone() {
        let activity = Self.activity([], [], wakes: [:])
        #expect(activity.standing(of: Self.connection(segments: (4, 4), acknowledged_ms: 44)) == .quiet(since_s: 9))
    }

    @Test func whoHasYetToReadWhatCameDoesNotWaitForAPeerThatIsGone() {
        let activity = Self.activity([], [], wakes: [:])
        var socket = Self.connection(segments: (1, 4), acknowledged_ms: 0)
        socket.peer = SocketPeer(kind: .gone)
        #expect(activity.standing(of: socket) == .peerGone)
        socket.receiveQueue = 5
        #expect(activity.standing(of: socket) == .unread(bytes: 5))
    }
}
