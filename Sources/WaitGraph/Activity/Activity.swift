package import Evidence

/// What changed between two snapshots of the same processes, and in the samples between them.
package struct Activity: Sendable {
    /// How a thread spent the window.
    package enum Change: Hashable, Sendable {
        /// Never ran: the same wait at both ends.
        case stood
        /// Woke up now and then with next to no CPU time: it polls.
        case woke(times: Int)
        /// Used `share` (0 to 1) of a processor.
        case ran(share: Double)
        /// Only one look, or nothing to compare.
        case unknown
    }

    /// Real seconds between the first and the last look; 0 with one snapshot.
    package let window_s: Double
    package let earlier: SnapshotIndex?
    package let later: SnapshotIndex
    package let wakes: [Int32: Int]
    private let firstSeen_s: [Int32: Double]
    private let sampledCPU: [Int32: Double]
    private let sampledWindow_s: Double
    /// Whether the sampled process read or wrote anything (rchar, wchar) in between; nil when that was not sampled.
    package let transferred: Bool?
    /// Bytes that the sampled process wrote in between.
    package let written_bytes: UInt64
    /// Bytes that it read or wrote in between, whichever is more.
    private let transferred_bytes: UInt64
    private let sampledPID: Int32?
    private let socketBytes: [UInt64: (first: SocketSample, last: SocketSample)]

    package init(earlier: SnapshotIndex?, later: SnapshotIndex, samples: [Sample]) {
        self.earlier = earlier
        self.later = later
        let start = earlier?.snapshot.takenAt.monotonic_s
        let end = later.snapshot.takenAt.monotonic_s
        window_s = start.map { max(0, end - $0) } ?? 0
        // A snapshot's own stops wake threads: samples strictly between both are free of that.
        let settled_s = (start ?? .infinity) + (earlier?.snapshot.cost.wall_ms ?? 0) / 1000
        let between = samples.filter { $0.at.monotonic_s >= settled_s && $0.at.monotonic_s <= end }
        var first: [Int32: ThreadSample] = [:]
        var firstSeen_s: [Int32: Double] = [:]
        var last: [Int32: ThreadSample] = [:]
        var sockets: [UInt64: (first: SocketSample, last: SocketSample)] = [:]
        for sample in between {
            for thread in sample.threads {
                if first[thread.tid] == nil { (first[thread.tid], firstSeen_s[thread.tid]) = (thread, sample.at.monotonic_s) }
                last[thread.tid] = thread
            }
            for socket in sample.sockets where socket.inode != 0 {
                sockets[socket.inode] = (sockets[socket.inode]?.first ?? socket, socket)
            }
        }
        var wakes: [Int32: Int] = [:]
        var cpu: [Int32: Double] = [:]
        if between.count >= 2 {
            for (tid, begin) in first {
                guard let finish = last[tid] else { continue }
                cpu[tid] = max(0, finish.cpu_s - begin.cpu_s)
                if let before = begin.switches, let after = finish.switches, after >= before {
                    wakes[tid] = Int(clamping: after - before)
                }
            }
        }
        self.wakes = wakes
        self.firstSeen_s = firstSeen_s
        sampledCPU = cpu
        sampledWindow_s = max(0, (between.last?.at.monotonic_s ?? 0) - (between.first?.at.monotonic_s ?? 0))
        socketBytes = sockets
        sampledPID = between.first?.process.pid
        if let a = between.first, let b = between.last, between.count >= 2, let read = a.read_bytes, let written = a.written_bytes {
            transferred = b.read_bytes != read || b.written_bytes != written
            written_bytes = max(written, b.written_bytes ?? 0) - written
            transferred_bytes = max(max(read, b.read_bytes ?? 0) - read, written_bytes)
        } else {
            transferred = nil
            written_bytes = 0
            transferred_bytes = 0
        }
        runningThroughout = Self.runners(between, earlier, later)
    }

    /// Threads that were never seen asleep.
    package let runningThroughout: Set<Int32>

    private static func runners(_ between: [Sample], _ earlier: SnapshotIndex?, _ later: SnapshotIndex) -> Set<Int32> {
        var tids = Set(later.threads.filter { $0.state == "R" }.map(\.tid))
        tids.formIntersection(earlier?.threads.filter { $0.state == "R" }.map(\.tid) ?? [])
        for sample in between {
            let pid = sample.process.pid
            for thread in sample.threads where thread.state != "R" && later.thread(thread.tid)?.pid == pid { tids.remove(thread.tid) }
        }
        return tids
    }

    /// Bytes that a process wrote in between, as far as it was sampled.
    func written_bytes(by pid: Int32) -> UInt64 { pid == sampledPID ? written_bytes : 0 }

    /// How often a thread of the sampled process woke up, twice a second and more, while the process read or wrote; else nil.
    package var transfers: Int? {
        guard transferred == true, let pid = sampledPID else { return nil }
        let woke = later.threads(of: pid).filter { $0.managedWait?.kind != .housekeeping }.compactMap { wakes[$0.tid] }
        // What it reads of its own timers, and writes to wake its own threads, is 8 bytes each time (timerfd_create(2), eventfd(2)).
        guard let most = woke.max(), transferred_bytes > 8 * UInt64(woke.reduce(0, +)) else { return nil }
        return isOften(most)
    }

    /// How many tasks began in between, where as many ended: work comes and goes. nil when only seen once.
    package var tasksBegun: Int? {
        guard let earlier, let pid = sampledPID else { return nil }
        func present(_ index: SnapshotIndex) -> Set<UInt64> { Set(index.tasks.filter { $0.pid == pid && $0.state != .completed }.map(\.id)) }
        let (before, now) = (present(earlier), present(later))
        return min(now.subtracting(before).count, before.subtracting(now).count)
    }

    /// How often a thread that waits for others, without a limit, was woken by them, if twice a second and more: work is handed on. Else nil.
    package func handovers(of pid: Int32) -> Int? {
        let woken = later.threads(of: pid).filter { thread in
            [thread, earlier?.thread(thread.tid)].contains { $0.map(Self.waitsForOthers) ?? false }
        }
        return woken.compactMap { wakes[$0.tid] }.max().flatMap(isOften)
    }

    private static func waitsForOthers(_ thread: ThreadRecord) -> Bool {
        thread.wait?.kind == .futex && (thread.wait?.timeout_s ?? 0) == 0 && thread.managedWait?.kind != .housekeeping
    }

    /// More than the looks themselves wake a thread.
    private func isOften(_ times: Int) -> Int? { Double(times) >= 2 * window_s && times > 2 * Self.stopSwitches ? times : nil }

    /// A thread that polls: it woke now and then, waits for the same as before, and its process read and wrote nothing.
    package func pollsInVain(_ tid: Int32) -> Bool {
        guard case .woke = change(of: tid), transferred == false, let now = later.thread(tid), now.pid == sampledPID,
            let before = earlier?.thread(tid), before.pid == now.pid
        else { return false }
        return Self.sameWait(before, now)
    }

    /// Below this share of a processor a thread only wakes up; /proc counts CPU in 10 ms ticks.
    private static let idleShare = 0.05
    /// A snapshot's stop and the look before it cost a thread a few switches of its own (measured: 1 to 3).
    private static let stopSwitches = 6

    package func change(of tid: Int32) -> Change {
        guard window_s > 0, let now = later.thread(tid) else { return .unknown }
        guard let before = earlier?.thread(tid), before.pid == now.pid else {
            if isBehind(now) { return .stood }
            return earlier.map { $0.threads(of: now.pid).isEmpty } ?? true ? .unknown : .ran(share: 0)
        }
        let cpu_s = max(sampledCPU[tid] ?? 0, now.cpu.total_s - before.cpu.total_s)
        let share = cpu_s / window_s
        if share > Self.idleShare && cpu_s > 0.03 || runningThroughout.contains(tid) { return .ran(share: min(share, 1)) }
        if rechecks(before, now), (wakes[tid] ?? 0) <= Int(2 * min(window_s, 3600)) + Self.stopSwitches { return .stood }
        if let times = wakes[tid], sampledWindow_s > 0 { return times == 0 ? .stood : .woke(times: times) }
        let switches = Int(clamping: (now.voluntarySwitches ?? 0) &- min(before.voluntarySwitches ?? 0, now.voluntarySwitches ?? 0))
        if now.voluntarySwitches != nil, switches > Self.stopSwitches { return .woke(times: switches) }
        return Self.sameWait(before, now) ? .stood : .woke(times: max(1, switches))
    }

    /// A newcomer to a wait in which another thread stands: its coming changed nothing.
    private func isBehind(_ thread: ThreadRecord) -> Bool {
        guard let earlier, let object = thread.wait?.futex?.objectAddress, (thread.wait?.timeout_s ?? 0) == 0 else { return false }
        return later.threads(of: thread.pid).contains { other in
            other.wait?.futex?.objectAddress == object && earlier.thread(other.tid)?.pid == other.pid && change(of: other.tid) == .stood
        }
    }

    /// Real seconds since a thread was first seen, where that was after the first look.
    package func arrivedAgo_s(_ tid: Int32) -> Double? {
        earlier == nil || earlier?.thread(tid) != nil ? nil : firstSeen_s[tid].map { max(0, later.snapshot.takenAt.monotonic_s - $0) } ?? 0
    }

    /// Java wakes now and then to look at a contended monitor again (HotSpot after at most 1 s, objectMonitor.cpp):
    /// with the same holder, in the same line, it is the same wait. Where that sleeps and wakes in between, it may have let go meanwhile.
    private func rechecks(_ one: ThreadRecord, _ other: ThreadRecord) -> Bool {
        guard let a = one.managedWait, let b = other.managedWait, a.kind == .lock, b.kind == .lock, a.timeout_s == nil, b.timeout_s == nil,
            a.typeName.hasPrefix("monitor")
        else { return false }
        if let owner = b.ownerTID, owner != other.tid, let woke = wakes[owner], woke > 0, later.thread(owner)?.managedWait?.kind != .lock { return false }
        return a.ownerTID == b.ownerTID && a.typeName == b.typeName && one.managedStack?.elements == other.managedStack?.elements
    }

    /// The same place and the same thing waited for. A stop turns some calls into
    /// restart_syscall, so the stack pointer counts as well as the arguments.
    package static func sameWait(_ one: ThreadRecord, _ other: ThreadRecord) -> Bool {
        let restarted = one.syscall?.name == "restart_syscall" || other.syscall?.name == "restart_syscall"
        if restarted, let a = one.syscall?.stackPointer, let b = other.syscall?.stackPointer, a != 0 { return a == b }
        if let a = one.wait, let b = other.wait {
            if a.kind != b.kind { return false }
            if let x = a.futex, let y = b.futex { return x.objectAddress == y.objectAddress }
            if let x = a.descriptors, let y = b.descriptors { return x == y }
            return a.pid == b.pid
        }
        if let a = one.syscall, let b = other.syscall {
            return a.number == b.number && a.arguments.first == b.arguments.first || (a.stackPointer == b.stackPointer && a.stackPointer != 0)
        }
        return one.state == other.state && one.waitChannel == other.waitChannel
    }

    /// Whether a task waits for the same as before; nil where it was not seen then.
    package func stood(_ task: TaskRecord) -> Bool? {
        guard let before = earlier?.task(task.pid, task.id) else { return nil }
        return before.state == task.state && before.managedWait?.object == task.managedWait?.object && before.wait?.kind == task.wait?.kind
    }

    /// Whether bytes went in or out on the connection during the window; nil when only seen once.
    package func moved(_ socket: SocketRecord) -> Bool? {
        if socket.inode != 0, let pair = socketBytes[socket.inode], let a = pair.first.bytesReceived, let b = pair.last.bytesReceived {
            if a != b || pair.first.bytesSent != pair.last.bytesSent { return true }
        }
        guard let row = earlier?.socketRow[socket.inode], let before = earlier?.sockets[row], let a = before.tcp, let b = socket.tcp,
            before.local == socket.local, before.remote == socket.remote
        else { return nil }
        return a.bytesReceived != b.bytesReceived || a.bytesAcked != b.bytesAcked || a.dataSegmentsIn != b.dataSegmentsIn
    }

    /// Bytes that came in during the window; nil when only seen once.
    package func received(_ socket: SocketRecord) -> UInt64? {
        if socket.inode != 0, let pair = socketBytes[socket.inode], let a = pair.first.bytesReceived, let b = pair.last.bytesReceived {
            return b >= a ? b - a : 0
        }
        guard let row = earlier?.socketRow[socket.inode], let a = earlier?.sockets[row].tcp, let b = socket.tcp else { return nil }
        return b.bytesReceived >= a.bytesReceived ? b.bytesReceived - a.bytesReceived : 0
    }

    /// Whether any thread of the process ran or woke up; nil when only seen once.
    package func isActive(_ pid: Int32) -> Bool? {
        let rows = later.threads(of: pid)
        guard window_s > 0, earlier?.threads(of: pid).isEmpty == false else { return nil }
        return rows.contains {
            switch change(of: $0.tid) {
            case .ran, .woke: true
            case .stood, .unknown: false
            }
        }
    }
}
