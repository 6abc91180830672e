import Evidence
package import WaitGraph

/// Nodes in plain words.
package enum NodeText {
    package static func short(_ node: NodeKey, _ index: SnapshotIndex) -> String {
        switch node {
        case .job(let id): "job \(id)"
        case .span(let id): "span \(id)"
        case .task(let pid, let id): task(pid, id, index)
        case .actor(let pid, let address): "actor \(index.actor(pid, address)?.typeName ?? hex(address))"
        case .thread(_, let tid): thread(tid, index)
        case .process(0): "the storage behind it"
        case .process(let pid): "pid \(MachineShift.ownID(pid)) (\(index.name(of: pid)))"
        case .futex(let pid, let address): index.managedObject(pid, address).map(object) ?? "\(kind(index.futexKind(pid, address))) \(hex(address))"
        case .descriptor(_, let fd): "descriptor \(fd)"
        case .socket(let inode, _): socket(node, inode, index)
        case .peer(let address): address
        case .pipe(let inode): inode == 0 ? "FIFO" : pipe(inode, index)
        case .fileLock(let row): lock(row, index)
        case .timer: "its own timer"
        case .executor(let pid, let address) where index.managedExecutor(pid, address) != nil:
            "the executor with \(index.managedExecutor(pid, address)?.workers?.count ?? 0) threads"
        case .executor(_, let address): address == 0 ? "the cooperative thread pool" : "executor \(hex(address))"
        }
    }

    private static func task(_ pid: Int32, _ id: UInt64, _ index: SnapshotIndex) -> String {
        guard let task = index.task(pid, id) else { return "task \(id)" }
        let frame = StackShape(task.backtrace.elements).ownLabel
        // The ids of other runtimes than Swift's are addresses.
        return (id >> 32 == 0 ? "task \(id)" : "task") + (task.name.map { " \"\($0)\"" } ?? "") + (frame.map { " \($0)" } ?? "")
    }

    private static func thread(_ tid: Int32, _ index: SnapshotIndex) -> String {
        guard let thread = index.thread(tid) else { return "thread \(tid)" }
        let frame = StackShape(thread).ownLabel
        // Another process's thread would otherwise be taken for one of the subject's.
        if thread.isMain, thread.pid != index.snapshot.subject.pid { return "main thread of \(short(.process(thread.pid), index))" + (frame.map { ", in \($0)" } ?? "") }
        let home = thread.pid == index.snapshot.subject.pid ? "" : " of \(short(.process(thread.pid), index))"
        return "thread \(MachineShift.ownID(tid)) (\(thread.managedName ?? thread.name))\(home)" + (frame.map { " in \($0)" } ?? "")
    }

    /// An object of a language's runtime, by its type and what the program calls it.
    static func object(_ wait: ManagedWait) -> String { wait.typeName + (wait.name.map { " `\($0)`" } ?? "") }

    private static func socket(_ node: NodeKey, _ inode: UInt64, _ index: SnapshotIndex) -> String {
        guard let row = index.socketRow[inode] ?? index.sockets.indices.first(where: { index.key(ofSocket: $0) == node }) else { return "connection" }
        let socket = index.sockets[row]
        let fd = socket.owners.first.map { "socket \($0.fd)" } ?? "connection"
        if let remote = socket.remote, !remote.description.isEmpty { return "\(fd) -> \(remote)" }
        return socket.unixPath.map { "\(fd) at \($0)" } ?? fd
    }

    private static func pipe(_ inode: UInt64, _ index: SnapshotIndex) -> String {
        guard let row = index.pipeRow[inode] else { return "pipe \(inode)" }
        return index.pipes[row].path.map { "FIFO \($0)" } ?? "pipe \(inode)"
    }

    private static func lock(_ row: Int, _ index: SnapshotIndex) -> String {
        guard index.locks.indices.contains(row) else { return "file lock" }
        let lock = index.locks[row]
        if let sqlite = lock.sqlite { return "the \(sqlite.name.rawValue) lock on database \(sqlite.database)" }
        return "\(call(lock)) on \(lock.path ?? "inode \(lock.inode)")"
    }

    /// The lock by the call that takes it, since the three kinds do not see each other alike (flock(2), fcntl(2)).
    static func call(_ lock: FileLock) -> String {
        let mode = lock.mode == .read ? "shared" : "exclusive"
        return switch lock.kind {
        case .flock: "the \(mode) flock(2) lock"
        case .posix: "the \(mode) POSIX lock (fcntl)"
        case .ofd: "the \(mode) OFD lock (fcntl)"
        default: "the \(mode) \(lock.kind.rawValue) lock"
        }
    }

    private static func kind(_ object: FutexWait.ObjectKind?) -> String {
        switch object {
        case .mutex: "mutex"
        case .readWriteLock: "read-write lock"
        case .condition: "condition variable"
        case .semaphore: "semaphore"
        case .barrier: "barrier"
        case .once: "one-time initialisation"
        case .join: "end of a thread,"
        case .unknown, nil: "futex"
        }
    }

    /// Without the place it stands at, which its own step of the chain gives.
    static func brief(_ node: NodeKey, _ index: SnapshotIndex) -> String {
        switch node {
        case .thread(_, let tid): index.thread(tid).map { "thread \(MachineShift.ownID(tid)) (\($0.managedName ?? $0.name))" } ?? "thread \(tid)"
        case .task(let pid, let id): index.task(pid, id).map { (id >> 32 == 0 ? "task \(id)" : "task") + ($0.name.map { " \"\($0)\"" } ?? "") } ?? "task \(id)"
        default: short(node, index)
        }
    }

    static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    /// Seconds as people say them: "41 s", "0.3 s", "2 h", "30 days".
    package static func seconds(_ value: Double) -> String {
        guard value.isFinite, value >= 0 else { return "an unknown time" }
        if value < 10 { return "\((value * 10).rounded() / 10) s".replacing(".0 s", with: " s") }
        if value < 600 { return "\(Int(value.rounded())) s" }
        if value < 7200 { return "\(Int((value / 60).rounded())) min" }
        if value < 172_800 { return "\(Int((value / 3600).rounded())) h" }
        if value < 2 * 31_557_600 { return "\(Int((value / 86_400).rounded())) days" }
        return "\(Int((min(value, 1e12) / 31_557_600).rounded())) years"
    }
}
