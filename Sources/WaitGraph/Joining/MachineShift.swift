import Evidence

/// Gives the process ids and inodes of another machine's evidence numbers of their own, so that both
/// machines' rows can lie in one snapshot.
package struct MachineShift: Sendable {
    /// Above every process id that Linux gives (PID_MAX_LIMIT, include/linux/threads.h: 4 194 304).
    package static let processStride: Int32 = 10_000_000
    /// Above every inode number of sockets and pipes (32 bits: get_next_ino, fs/inode.c).
    private static let inodeStride: UInt64 = 1 << 40
    /// What the stride leaves room for in 32 bits.
    package static let machineLimit = 200

    private let machine: Int
    private let suffix: String

    /// - Parameters:
    ///   - machine: 1 for the first machine beside the subject's own; 0 for another recording of that one.
    ///   - host: its name, shown behind the names of its processes.
    package init(machine: Int, host: String) {
        self.machine = min(max(machine, 0), Self.machineLimit)
        suffix = machine == 0 ? "" : " on \(host.isEmpty ? "another machine" : host)"
    }

    /// The id that the process has on its own machine.
    package static func ownID(_ pid: Int32) -> Int32 { pid >= processStride ? pid % processStride : pid }

    func pid(_ pid: Int32) -> Int32 {
        // Ids that no kernel gives stay as they are: evidence is untrusted.
        guard pid > 0, pid < Self.processStride else { return pid }
        return pid + Int32(machine) * Self.processStride
    }

    func inode(_ inode: UInt64) -> UInt64 {
        inode == 0 || inode >= Self.inodeStride ? inode : inode + UInt64(machine) * Self.inodeStride
    }

    func reference(_ reference: DescriptorReference) -> DescriptorReference {
        DescriptorReference(pid: pid(reference.pid), fd: reference.fd, processName: reference.processName + suffix)
    }
}

// MARK: Rows

extension MachineShift {
    func process(_ row: ProcessRecord) -> ProcessRecord {
        var row = row
        row.identity.pid = pid(row.identity.pid)
        row.parentPID = pid(row.parentPID)
        row.processGroup = pid(row.processGroup)
        row.session = pid(row.session)
        row.tracerPID = row.tracerPID.map(pid)
        row.children = row.children.map(pid)
        row.role = .followed
        row.name += suffix
        return row
    }

    func thread(_ row: ThreadRecord) -> ThreadRecord {
        var row = row
        row.pid = pid(row.pid)
        row.tid = pid(row.tid)
        if var wait = row.wait {
            wait.pid = wait.pid.map(pid)
            if var futex = wait.futex {
                futex.ownerTID = futex.ownerTID.map(pid)
                futex.ownerPID = futex.ownerPID.map(pid)
                wait.futex = futex
            }
            row.wait = wait
        }
        row.managedWait = row.managedWait.map(managed)
        return row
    }

    private func managed(_ wait: ManagedWait) -> ManagedWait {
        var wait = wait
        wait.ownerTID = wait.ownerTID.map(pid)
        wait.workers = wait.workers.map { $0.map(pid) }
        wait.processes = wait.processes.map { $0.map(pid) }
        return wait
    }

    func task(_ row: TaskRecord) -> TaskRecord {
        var row = row
        row.pid = pid(row.pid)
        row.runningOnTID = row.runningOnTID.map(pid)
        row.managedWait = row.managedWait.map(managed)
        return row
    }

    func actor(_ row: ActorRecord) -> ActorRecord {
        var row = row
        row.pid = pid(row.pid)
        row.runningOnTID = row.runningOnTID.map(pid)
        return row
    }

    func descriptor(_ row: Descriptor) -> Descriptor {
        var row = row
        row.pid = pid(row.pid)
        row.inode = row.inode.map(inode)
        row.targetPID = row.targetPID.map(pid)
        row.epoll = row.epoll?.map { EpollWatch(fd: $0.fd, events: $0.events, inode: $0.inode.map(inode)) }
        return row
    }

    func pipe(_ row: PipeRecord) -> PipeRecord {
        var row = row
        row.inode = inode(row.inode)
        row.readers = row.readers.map(reference)
        row.writers = row.writers.map(reference)
        return row
    }

    func socket(_ row: SocketRecord) -> SocketRecord {
        var row = row
        row.inode = inode(row.inode)
        row.owners = row.owners.map(reference)
        if var peer = row.peer {
            peer.owners = peer.owners.map(reference)
            peer.inode = peer.inode.map(inode)
            row.peer = peer
        }
        row.unixPeerInode = row.unixPeerInode.map(inode)
        return row
    }

    func lock(_ row: FileLock) -> FileLock {
        var row = row
        row.inode = inode(row.inode)
        row.holders = row.holders.map(reference)
        row.waiters = row.waiters.map { LockWaiter(pid: pid($0.pid), tid: $0.tid.map(pid), processName: $0.processName + suffix) }
        return row
    }
}
