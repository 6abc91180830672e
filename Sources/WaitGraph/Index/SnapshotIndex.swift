package import Evidence

/// A snapshot with its rows findable by what refers to them. Rows that repeat a key are
/// tolerated (the first counts): evidence is untrusted.
package struct SnapshotIndex: Sendable {
    package struct DescriptorKey: Hashable, Sendable {
        package var pid: Int32
        package var fd: Int32

        package init(pid: Int32, fd: Int32) {
            self.pid = pid
            self.fd = fd
        }
    }
    package struct TaskKey: Hashable, Sendable {
        package var pid: Int32
        package var id: UInt64

        package init(pid: Int32, id: UInt64) {
            self.pid = pid
            self.id = id
        }
    }

    package let snapshot: Snapshot
    package let processes: [ProcessRecord]
    package let threads: [ThreadRecord]
    package let tasks: [TaskRecord]
    package let actors: [ActorRecord]
    package let descriptors: [Descriptor]
    package let pipes: [PipeRecord]
    package let sockets: [SocketRecord]
    package let locks: [FileLock]

    package let processRow: [Int32: Int]
    package let threadRow: [Int32: Int]
    package let threadRows: [Int32: [Int]]
    package let descriptorRow: [DescriptorKey: Int]
    package let descriptorRows: [Int32: [Int]]
    package let pipeRow: [UInt64: Int]
    package let socketRow: [UInt64: Int]
    package let socketRows: [Int32: [Int]]
    package let taskRow: [TaskKey: Int]
    package let actorRow: [TaskKey: Int]
    /// What threads wait for in their language's own terms, by the object's address, and the executors among that.
    private let managed: [TaskKey: ManagedWait]
    private let executors: [TaskKey: ManagedWait]
    private let futexes: [TaskKey: FutexWait.ObjectKind]

    /// - Parameter earlier: an earlier look at the same processes.
    package init(_ snapshot: Snapshot, earlier: SnapshotIndex? = nil) {
        self.snapshot = snapshot
        processes = snapshot.processes.elements
        threads = snapshot.threads.elements
        tasks = snapshot.tasks.elements.map { seen in
            var task = seen
            task.wait = seen.wait?.completed(from: earlier?.task(seen.pid, seen.id)?.wait)
            return task
        }
        actors = snapshot.actors.elements
        descriptors = snapshot.descriptors.elements
        pipes = snapshot.pipes.elements
        sockets = snapshot.sockets.elements
        locks = snapshot.locks.elements
        processRow = Self.rows(processes) { $0.identity.pid }
        threadRow = Self.rows(threads) { $0.tid }
        threadRows = Dictionary(grouping: threads.indices) { [threads] in threads[$0].pid }
        descriptorRow = Self.rows(descriptors) { DescriptorKey(pid: $0.pid, fd: $0.fd) }
        descriptorRows = Dictionary(grouping: descriptors.indices) { [descriptors] in descriptors[$0].pid }
        pipeRow = Self.rows(pipes) { $0.inode }
        socketRow = Self.rows(sockets) { $0.inode }
        var owned: [Int32: [Int]] = [:]
        for (row, socket) in sockets.enumerated() {
            for pid in Set(socket.owners.map(\.pid)) { owned[pid, default: []].append(row) }
        }
        socketRows = owned
        taskRow = Self.rows(tasks) { TaskKey(pid: $0.pid, id: $0.id) }
        let waits = threads.compactMap { thread in thread.managedWait.map { (thread.pid, $0) } }
            + tasks.compactMap { task in task.managedWait.map { (task.pid, $0) } }
        managed = Dictionary(
            waits.filter { $0.1.object != 0 }.map { (TaskKey(pid: $0.0, id: $0.1.object), $0.1) }, uniquingKeysWith: { $0.name == nil ? $1 : $0 })
        executors = Dictionary(
            waits.compactMap { wait in wait.1.executor.map { (TaskKey(pid: wait.0, id: $0), wait.1) } }, uniquingKeysWith: { first, _ in first })
        futexes = Dictionary(
            threads.compactMap { thread in
                thread.wait?.futex.map { (TaskKey(pid: thread.pid, id: $0.objectAddress), $0.object) }
            }, uniquingKeysWith: { $0 == .unknown ? $1 : $0 })
        actorRow = Self.rows(actors) { TaskKey(pid: $0.pid, id: $0.address) }
    }

    private static func rows<Row, Key: Hashable>(_ table: [Row], by key: (Row) -> Key) -> [Key: Int] {
        Dictionary(table.enumerated().map { (key($0.element), $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
}

extension SnapshotIndex {
    package func path(_ file: SnapshotFile, _ row: Int? = nil) -> EvidencePath {
        for part in snapshot.joined ?? [] {
            guard let row, let table = part.tables[file.rawValue], row >= table.first, table.rows.indices.contains(row - table.first) else { continue }
            let path = EvidencePath.snapshot(part.ordinal, file, table.rows[row - table.first])
            return EvidencePath(file: "\(part.directory)/\(path.file)", index: path.index)
        }
        return .snapshot(snapshot.ordinal, file, row)
    }
    package func process(_ pid: Int32) -> ProcessRecord? { processRow[pid].map { processes[$0] } }
    package func thread(_ tid: Int32) -> ThreadRecord? { threadRow[tid].map { threads[$0] } }
    package func thread(ofNode node: NodeKey) -> ThreadRecord? { if case .thread(_, let tid) = node { thread(tid) } else { nil } }
    package func threads(of pid: Int32) -> [ThreadRecord] { (threadRows[pid] ?? []).map { threads[$0] } }
    package func descriptor(_ pid: Int32, _ fd: Int32) -> Descriptor? {
        descriptorRow[DescriptorKey(pid: pid, fd: fd)].map { descriptors[$0] }
    }
    package func descriptors(of pid: Int32) -> [Descriptor] { (descriptorRows[pid] ?? []).map { descriptors[$0] } }
    package func task(_ pid: Int32, _ id: UInt64) -> TaskRecord? { taskRow[TaskKey(pid: pid, id: id)].map { tasks[$0] } }
    package func actor(_ pid: Int32, _ address: UInt64) -> ActorRecord? {
        actorRow[TaskKey(pid: pid, id: address)].map { actors[$0] }
    }
    package func managedObject(_ pid: Int32, _ address: UInt64) -> ManagedWait? { managed[TaskKey(pid: pid, id: address)] }
    /// What kind of object threads wait for at an address.
    package func futexKind(_ pid: Int32, _ address: UInt64) -> FutexWait.ObjectKind? { futexes[TaskKey(pid: pid, id: address)] }
    package func managedExecutor(_ pid: Int32, _ address: UInt64) -> ManagedWait? { executors[TaskKey(pid: pid, id: address)] }

    /// What a thread or task waits for in its language's terms.
    package func managedWait(of node: NodeKey) -> ManagedWait? {
        switch node {
        case .thread(_, let tid): thread(tid)?.managedWait
        case .task(let pid, let id): task(pid, id)?.managedWait
        default: nil
        }
    }

    package func name(of pid: Int32) -> String { process(pid)?.title ?? "pid \(MachineShift.ownID(pid))" }

    /// The process that has a descriptor, as people know it.
    package func title(_ holder: DescriptorReference) -> String { "pid \(MachineShift.ownID(holder.pid)) (\(process(holder.pid)?.title ?? holder.processName))" }

    /// Whether `ancestor` is a parent, grandparent ... of `pid`, as far as the snapshot knows them.
    package func isAncestor(_ ancestor: Int32, of pid: Int32) -> Bool {
        var current = pid
        for _ in 0..<64 {
            guard let parent = process(current)?.parentPID, parent > 0, parent != current else { return false }
            if parent == ancestor { return true }
            current = parent
        }
        return false
    }

    /// The socket row behind a descriptor.
    package func socketRow(pid: Int32, fd: Int32) -> Int? {
        if let inode = descriptor(pid, fd)?.inode, inode != 0, let row = socketRow[inode] { return row }
        return (socketRows[pid] ?? []).first { sockets[$0].owners.contains { $0.pid == pid && $0.fd == fd } }
    }

    /// The pipe row behind a descriptor.
    package func pipeRow(pid: Int32, fd: Int32) -> Int? {
        if let inode = descriptor(pid, fd)?.inode, let row = pipeRow[inode] { return row }
        return pipes.indices.first { row in
            (pipes[row].readers + pipes[row].writers).contains { $0.pid == pid && $0.fd == fd }
        }
    }

    package func key(ofSocket row: Int) -> NodeKey {
        let socket = sockets[row]
        return .socket(inode: socket.inode, side: "\(socket.local)>\(socket.remote.map(\.description) ?? "")")
    }
}
