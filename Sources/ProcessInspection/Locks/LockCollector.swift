package import Evidence

/// File locks that concern the captured processes, with every holder and waiter.
///
/// /proc/locks names the process of a POSIX or flock lock; of an OFD lock it says -1, and the
/// `lock:` lines of fdinfo tell whose it is. Who waits on which descriptor, the threads'
/// system calls tell.
package struct LockCollector {
    package var machine: MachineDescriptors
    package var table: LockTable
    /// Of the captured processes.
    package var descriptors: [Descriptor]
    package var threads: [ThreadRecord]

    package init(machine: MachineDescriptors, table: LockTable, descriptors: [Descriptor], threads: [ThreadRecord]) {
        self.machine = machine
        self.table = table
        self.descriptors = descriptors
        self.threads = threads
    }

    package func locks() -> Observed<[FileLock]> {
        if let failure = table.failure { return .unavailable(reason: failure) }
        // /proc/locks gives the file system's device, which may differ from stat's (btrfs, overlayfs): inodes decide.
        let inodes = Set(descriptors.filter { $0.kind == .file || $0.kind == .directory }.compactMap(\.inode))
        let pids = Set(descriptors.map(\.pid))
        var locks: [FileLock] = []
        var number: Int?
        for line in table.lines where inodes.contains(line.inode) || pids.contains(line.pid) {
            if line.isWaiter {
                if number == line.number, !locks.isEmpty { locks[locks.count - 1].waiters += waiters(line) }
            } else {
                number = line.number
                locks.append(lock(line))
            }
        }
        locks += unlisted(besides: locks)
        for index in locks.indices { complete(&locks[index]) }
        return machine.incomplete.map { .partial(locks, reason: $0) } ?? .complete(locks)
    }

    // MARK: Holders

    /// Locks that somebody waits for and /proc/locks leaves out: inside a PID namespace it shows none whose taker has exited, although
    /// a copy of the descriptor keeps the lock (fs/locks.c, locks_show). fdinfo has them.
    private func unlisted(besides known: [FileLock]) -> [FileLock] {
        var waited = Set(threads.compactMap { thread in
            thread.wait?.kind == .fileLock ? thread.wait?.descriptors?.first.flatMap { first in descriptors.first { $0.pid == thread.pid && $0.fd == first.fd }?.inode } : nil
        })
        waited.subtract(known.filter { !$0.holders.isEmpty }.map(\.inode))
        return waited.sorted().prefix(Self.unlistedLimit).flatMap { inode in
            var lines: [LockLine] = []
            for (_, holder) in machine.holders(ofFile: inode, device: nil).prefix(Self.unlistedLimit) {
                let info = try? ProcDirectory(pid: holder.reference.pid).descriptorInfo(holder.reference.fd)
                for line in info?.locks ?? [] where line.inode == inode && !lines.contains(where: { $0.kind == line.kind && $0.start == line.start && $0.end == line.end && $0.mode == line.mode }) {
                    lines.append(line)
                }
            }
            return lines.map(lock)
        }
    }

    private static let unlistedLimit = 256

    private func lock(_ line: LockLine) -> FileLock {
        var lock = FileLock(kind: line.kind, mode: line.mode, inode: line.inode, start: line.start, end: line.end)
        lock.device = line.device
        let open = machine.holders(ofFile: line.inode, device: nil)
        lock.path = open.first?.path
        switch line.kind {
        case .posix, .lease:
            // It belongs to the process; any of its descriptors on the file stands for it.
            let holder = open.first { $0.holder.reference.pid == line.pid }?.holder.reference
            lock.holders = [holder ?? DescriptorReference(pid: line.pid, fd: -1, processName: name(line.pid))]
        case .ofd, .flock:
            lock.holders = open.map(\.holder.reference).filter { holds($0, line) }
            if lock.holders.isEmpty, line.pid > 0 {
                lock.holders = [DescriptorReference(pid: line.pid, fd: -1, processName: name(line.pid))]
            }
        }
        lock.sqlite = SQLiteLocks.name(lock, hasSharedMemory: lock.path.map { machine.holders[$0 + "-shm"] != nil } ?? false)
        if let database = lock.sqlite?.database, let holder = lock.holders.first?.pid {
            lock.sqlite?.writtenAt_s = ["", "-wal"].compactMap { FileFacts(pid: holder, path: "/proc/\(holder)/root\(database)\($0)", of: "\(database)\($0)")?.modified_s }.max()
        }
        return lock
    }

    /// Inherited and duplicated descriptors share an open file, so each of them holds the lock.
    private func holds(_ reference: DescriptorReference, _ line: LockLine) -> Bool {
        guard let info = try? ProcDirectory(pid: reference.pid).descriptorInfo(reference.fd) else { return false }
        return info.locks.contains { $0.kind == line.kind && $0.mode == line.mode && $0.inode == line.inode && $0.start == line.start && $0.end == line.end }
    }

    private func name(_ pid: Int32) -> String { machine.names[pid] ?? (try? ProcDirectory(pid: pid).name()) ?? "?" }

    // MARK: Waiters

    private func waiters(_ line: LockLine) -> [LockWaiter] {
        guard line.pid > 0 else { return [] }
        let thread = waitingThreads(inode: line.inode, kind: line.kind).first { $0.pid == line.pid }
        return [LockWaiter(pid: line.pid, tid: thread?.tid, processName: name(line.pid))]
    }

    /// Waiters that /proc/locks does not name (OFD), and the threads of those it does.
    private func complete(_ lock: inout FileLock) {
        var found = waitingThreads(inode: lock.inode, kind: lock.kind)
        let known = Set(found.map(\.pid))
        for (_, holder) in machine.holders(ofFile: lock.inode, device: nil) where !known.contains(holder.reference.pid) {
            found += otherWaiters(holder.reference, kind: lock.kind).filter { !found.contains($0) }
        }
        for waiter in found {
            if let index = lock.waiters.firstIndex(where: { $0.pid == waiter.pid }) {
                if lock.waiters[index].tid == nil { lock.waiters[index].tid = waiter.tid }
            } else if lock.kind == .ofd ? !lock.holders.contains(where: { $0.pid == waiter.pid && lock.holders.count == 1 && waiter.tid == nil }) : isBlocked(waiter, by: lock) {
                lock.waiters.append(waiter)
            }
        }
    }

    /// Whether a captured thread's call can only wait for this lock's end. One that was stopped while the table was read stands in it no more
    /// until it asks anew (fs/locks.c, posix_lock_inode_wait).
    private func isBlocked(_ waiter: LockWaiter, by lock: FileLock) -> Bool {
        guard lock.mode == .write, !lock.holders.contains(where: { $0.pid == waiter.pid }), let wait = threads.first(where: { $0.tid == waiter.tid })?.wait
        else { return false }
        if lock.kind == .flock { return true }
        guard let start = wait.rangeStart else { return false }
        return start <= lock.end ?? .max && lock.start <= wait.rangeEnd ?? .max
    }

    private func waitingThreads(inode: UInt64, kind: FileLock.Kind) -> [LockWaiter] {
        threads.compactMap { thread in
            guard thread.wait?.kind == .fileLock, let fd = thread.wait?.descriptors?.first?.fd, Self.waits(thread.syscall, kind: kind),
                descriptors.contains(where: { $0.pid == thread.pid && $0.fd == fd && $0.inode == inode })
            else { return nil }
            return LockWaiter(pid: thread.pid, tid: thread.tid, processName: name(thread.pid))
        }
    }

    /// Threads of a process that was not captured, by the system calls they are in.
    private func otherWaiters(_ reference: DescriptorReference, kind: FileLock.Kind) -> [LockWaiter] {
        let proc = ProcDirectory(pid: reference.pid)
        return ((try? proc.threads()) ?? []).prefix(256).compactMap { tid in
            guard case .inCall(let number, let arguments, let sp, let pc)? = try? proc.thread(tid).syscall(),
                Self.waits(SyscallRecord(number: number, name: "", arguments: arguments, stackPointer: sp, programCounter: pc), kind: kind),
                Int32(truncatingIfNeeded: arguments[0]) == reference.fd
            else { return nil }
            return LockWaiter(pid: reference.pid, tid: tid, processName: reference.processName)
        }
    }

    /// fcntl(72) with F_SETLKW 7 or F_OFD_SETLKW 38; flock(73).
    private static func waits(_ call: SyscallRecord?, kind: FileLock.Kind) -> Bool {
        guard let call, call.arguments.count >= 2 else { return false }
        switch kind {
        case .posix: return call.number == 72 && call.arguments[1] == 7
        case .ofd: return call.number == 72 && call.arguments[1] == 38
        case .flock: return call.number == 73
        case .lease: return false
        }
    }
}
