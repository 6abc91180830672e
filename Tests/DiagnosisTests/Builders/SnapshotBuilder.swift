import Evidence

/// Builds snapshots a fact at a time; times are monotonic seconds.
struct SnapshotBuilder {
    var snapshot: Snapshot
    private var nextInode: UInt64 = 1000

    init(pid: Int32 = 100, name: String = "subject", at time: Double = 1000, ordinal: Int = 1, reason: SnapshotReason = .requested) {
        snapshot = Snapshot(
            ordinal: ordinal, reason: reason, takenAt: Moment(monotonic_s: time),
            clocks: ClockReading(monotonic_s: time, boottime_s: time, wall_s: 1_700_000_000 + time),
            host: HostRecord(name: "box", kernel: "6.18", architecture: "x86_64", bootID: "b", processors: 2),
            subject: ProcessIdentity(pid: pid, startTicks: 1))
        snapshot.processes = .complete([])
        snapshot.threads = .complete([])
        snapshot.descriptors = .complete([])
        snapshot.pipes = .complete([])
        snapshot.sockets = .complete([])
        snapshot.locks = .complete([])
        process(pid, name, role: .subject)
    }

    var pid: Int32 { snapshot.subject.pid }

    mutating func process(_ pid: Int32, _ name: String, role: ProcessRole = .followed, parent: Int32 = 1, state: String = "S", runtimes: [String] = []) {
        var record = ProcessRecord(identity: ProcessIdentity(pid: pid, startTicks: UInt64(pid)), parentPID: parent, name: name, role: role)
        record.state = state
        record.runtimes = runtimes
        edit(&snapshot.processes) { rows in
            rows.removeAll { $0.identity.pid == pid }
            rows.append(record)
        }
    }

    mutating func editProcess(_ pid: Int32, _ change: (inout ProcessRecord) -> Void) {
        edit(&snapshot.processes) { rows in
            for row in rows.indices where rows[row].identity.pid == pid { change(&rows[row]) }
        }
    }

    /// Innermost frame first.
    mutating func editThread(_ tid: Int32, _ change: (inout ThreadRecord) -> Void) {
        edit(&snapshot.threads) { rows in for row in rows.indices where rows[row].tid == tid { change(&rows[row]) } }
    }

    mutating func editTask(_ id: UInt64, _ change: (inout TaskRecord) -> Void) {
        edit(&snapshot.tasks) { rows in for row in rows.indices where rows[row].id == id { change(&rows[row]) } }
    }

    mutating func thread(
        _ tid: Int32, pid: Int32? = nil, name: String = "worker", state: String = "S", stack: [String] = ["main"], syscall: String? = nil,
        cpu_s: Double = 0, wait: ThreadWait? = nil, edit change: (inout ThreadRecord) -> Void = { _ in }
    ) {
        let owner = pid ?? self.pid
        var frames: [Frame] = []
        for (row, function) in stack.enumerated() {
            frames.append(Frame(programCounter: 0x40_0000 + UInt64(row) * 64, function: function, module: "/usr/bin/subject", file: "/src/\(function).c", line: 10 + row))
        }
        var record = ThreadRecord(pid: owner, tid: tid, name: name, state: state, stack: .complete(frames))
        record.wait = wait
        record.cpu = CPUTime(user_s: cpu_s)
        record.voluntarySwitches = 10
        if let syscall { record.syscall = SyscallRecord(number: 1, name: syscall, arguments: [0, 0, 0, 0, 0, 0]) }
        change(&record)
        edit(&snapshot.threads) { $0.append(record) }
        let count = snapshot.threads.elements.filter { $0.pid == owner }.count
        editProcess(owner) { $0.threadCount = count }
    }

    @discardableResult
    mutating func socket(
        pid: Int32? = nil, fd: Int32 = 14, local: UInt16 = 40000, remote: UInt16 = 9002, state: SocketState = .established, accepted: Bool? = false,
        sent_s: Double = 0, received_s: Double = 0, sentBytes: UInt64 = 500, receivedBytes: UInt64 = 0, edit change: (inout SocketRecord) -> Void = { _ in }
    ) -> UInt64 {
        nextInode += 1
        let inode = UInt64(local) << 16 | UInt64(fd)
        let owner = pid ?? self.pid
        var record = SocketRecord(
            inode: inode, family: .inet, transport: .tcp, state: state, local: SocketAddress(host: "127.0.0.1", port: local),
            remote: state == .listening ? nil : SocketAddress(host: "127.0.0.1", port: remote))
        record.owners = [DescriptorReference(pid: owner, fd: fd, processName: "subject")]
        record.wasAccepted = accepted
        record.tcp = TCPInfo(
            lastDataSent_ms: sent_s * 1000, lastDataReceived_ms: received_s * 1000, bytesSent: sentBytes, bytesAcked: sentBytes, bytesReceived: receivedBytes)
        record.peer = SocketPeer(kind: .remote)
        change(&record)
        edit(&snapshot.sockets) { $0.append(record) }
        descriptor(fd, .socket, "socket:[\(inode)]", pid: owner, inode: inode)
        return inode
    }

    mutating func descriptor(_ fd: Int32, _ kind: Descriptor.Kind, _ target: String, pid: Int32? = nil, inode: UInt64? = nil) {
        let record = Descriptor(pid: pid ?? self.pid, fd: fd, kind: kind, target: target, inode: inode)
        edit(&snapshot.descriptors) { $0.append(record) }
    }

    mutating func pipe(_ inode: UInt64, readers: [(Int32, Int32)], writers: [(Int32, Int32)]) {
        func references(_ ends: [(Int32, Int32)]) -> [DescriptorReference] {
            ends.map { DescriptorReference(pid: $0.0, fd: $0.1, processName: "p\($0.0)") }
        }
        let record = PipeRecord(inode: inode, readers: references(readers), writers: references(writers))
        edit(&snapshot.pipes) { $0.append(record) }
        for (pid, fd) in readers + writers { descriptor(fd, .pipe, "pipe:[\(inode)]", pid: pid, inode: inode) }
    }

    mutating func databaseLock(holder: Int32, name: SQLiteLock.Name = .exclusive, path: String = "/data/jobs.sqlite", writtenAt_s: Double? = nil) {
        var lock = FileLock(kind: .posix, mode: .write, inode: 77, start: 1_073_741_824, end: 1_073_742_335)
        lock.path = path
        lock.holders = [DescriptorReference(pid: holder, fd: 5, processName: "locker")]
        lock.sqlite = SQLiteLock(journal: .rollback, name: name, database: path)
        lock.sqlite?.writtenAt_s = writtenAt_s
        edit(&snapshot.locks) { $0.append(lock) }
    }

    mutating func task(_ id: UInt64, _ state: TaskRecord.State = .suspended, name: String? = nil, wait: TaskWait? = nil, stack: [String] = [], edit change: (inout TaskRecord) -> Void = { _ in }) {
        var record = TaskRecord(pid: pid, id: id, address: 0x1000 * id, kind: .unstructured, state: state)
        record.name = name
        record.wait = wait
        record.backtrace = .complete(stack.map { Frame(programCounter: 1, function: $0, file: "/src/Task.swift", line: 7) })
        change(&record)
        if case .unavailable = snapshot.tasks { snapshot.tasks = .complete([]) }
        edit(&snapshot.tasks) { $0.append(record) }
    }

    private func edit<Row>(_ table: inout Observed<[Row]>, _ change: (inout [Row]) -> Void) {
        var rows = table.elements
        change(&rows)
        table = .complete(rows)
    }

    /// The same facts `seconds` later.
    func later(_ seconds: Double, _ change: (inout SnapshotBuilder) -> Void = { _ in }) -> [Snapshot] {
        var second = self
        second.snapshot.ordinal = 2
        second.snapshot.takenAt.monotonic_s += seconds
        var sockets = second.snapshot.sockets.elements
        for row in sockets.indices {
            sockets[row].tcp?.lastDataSent_ms += seconds * 1000
            sockets[row].tcp?.lastDataReceived_ms += seconds * 1000
        }
        second.snapshot.sockets = .complete(sockets)
        change(&second)
        return [snapshot, second.snapshot]
    }
}

extension ThreadWait {
    static func mutex(_ address: UInt64, owner: Int32?, alive: Bool? = true) -> ThreadWait {
        var futex = FutexWait(address: address, operation: 0, object: .mutex)
        futex.ownerTID = owner
        futex.ownerAlive = alive
        futex.knownFrom = "owner field of pthread_mutex_t"
        return futex.wait
    }

    static func park(_ object: FutexWait.ObjectKind, _ address: UInt64 = 0xc0) -> ThreadWait {
        FutexWait(address: address, operation: 0, object: object).wait
    }

    static func join(_ tid: Int32) -> ThreadWait {
        var futex = FutexWait(address: 0x999, operation: 9, object: .join)
        futex.ownerTID = tid
        return futex.wait
    }

    static func on(_ fd: Int32, _ operation: DescriptorInterest.Operation) -> ThreadWait {
        var wait = ThreadWait(kind: .descriptors)
        wait.descriptors = [DescriptorInterest(fd: fd, operation: operation)]
        return wait
    }

    static func asleep(_ seconds: Double) -> ThreadWait {
        var wait = ThreadWait(kind: .sleep)
        wait.timeout_s = seconds
        return wait
    }

    static func child(_ pid: Int32?) -> ThreadWait {
        var wait = ThreadWait(kind: .child)
        wait.pid = pid
        return wait
    }
}

extension FutexWait {
    var wait: ThreadWait {
        var wait = ThreadWait(kind: .futex)
        wait.futex = self
        return wait
    }
}
