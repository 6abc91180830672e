internal import Evidence

/// Which other processes hold what captured ones wait for.
struct FollowPlan {
    struct Step: Hashable {
        var pid: Int32
        var because: String
    }

    /// Of more it would not be shown that none of them lets anybody go on.
    private static let sharerLimit = 16

    var threads: [ThreadRecord]
    var descriptors: [Descriptor]
    var pipes: [PipeRecord]
    var sockets: [SocketRecord]
    var locks: [FileLock]
    /// By process.
    var children: [Int32: [Int32]]

    /// Processes to look at next, those a thread is surely blocked by first.
    func steps(excluding captured: Set<Int32>) -> [Step] {
        var steps: [Step] = []
        var seen = captured
        func add(_ pid: Int32, _ because: String) {
            if pid > 0, seen.insert(pid).inserted { steps.append(Step(pid: pid, because: because)) }
        }
        for lock in locks {
            for holder in lock.holders {
                let what = lock.sqlite.map { "SQLite lock \($0.name.rawValue) on \($0.database)" } ?? "\(lock.kind.rawValue) lock on \(lock.path ?? "inode \(lock.inode)")"
                add(holder.pid, "holds \(what)")
            }
        }
        for thread in threads {
            guard let wait = thread.wait else { continue }
            if let futex = wait.futex, let owner = futex.ownerPID { add(owner, "its thread \(futex.ownerTID ?? 0) holds a lock shared with \(thread.pid)") }
            if let futex = wait.futex, futex.isShared, (wait.timeout_s ?? 0) <= 0, let others = futex.sharedWith, others.count <= Self.sharerLimit {
                for other in others { add(other, "shares the memory of what thread \(thread.tid) waits for") }
            }
            if wait.kind == .child || wait.kind == .vforkChild, let child = wait.pid { add(child, "process \(thread.pid) waits for it to end") }
            // The subject's are captured with it; these are the children of one that was followed.
            if wait.kind == .child, wait.pid == nil { for child in children[thread.pid] ?? [] { add(child, "process \(thread.pid) waits for a child to end") } }
        }
        for thread in threads where thread.wait?.kind == .ipc {
            for interest in thread.wait?.descriptors ?? [] {
                guard let queue = descriptors.first(where: { $0.pid == thread.pid && $0.fd == interest.fd }) else { continue }
                for other in queue.sharedWith ?? [] { add(other.pid, "has message queue \(queue.target) open (descriptor \(other.fd))") }
            }
        }
        // Direct transfers before members of large poll sets.
        let interests = threads.flatMap { thread in (thread.wait?.descriptors ?? []).map { (thread.pid, $0) } }
        for (pid, interest) in interests.sorted(by: { rank($0.1) < rank($1.1) }) { follow(pid, interest, add) }
        return steps
    }

    private func rank(_ interest: DescriptorInterest) -> Int { interest.operation == .poll ? 1 : 0 }

    private func follow(_ pid: Int32, _ interest: DescriptorInterest, _ add: (Int32, String) -> Void) {
        guard let descriptor = descriptors.first(where: { $0.pid == pid && $0.fd == interest.fd }) else { return }
        switch descriptor.kind {
        case .pipe, .fifo:
            guard let pipe = pipes.first(where: { $0.inode == descriptor.inode }) else { return }
            let name = pipe.path.map { "FIFO \($0)" } ?? "pipe \(pipe.inode)"
            let reads = interest.operation == .read || (interest.operation == .poll && descriptor.access != .write)
            for holder in reads ? pipe.writers : pipe.readers {
                add(holder.pid, "holds the \(reads ? "write" : "read") end of \(name) (descriptor \(holder.fd))")
            }
        case .socket:
            guard let socket = sockets.first(where: { $0.inode == descriptor.inode }), let peer = socket.peer else { return }
            for owner in peer.owners {
                let place = socket.family == .unix ? "Unix socket \(socket.unixPath ?? "\(socket.inode)")" : "connection \(socket.local) to \(socket.remote?.description ?? "?")"
                add(owner.pid, peer.kind == .notAccepted ? "listens for \(place) and has not accepted it" : "is the other end of \(place)")
            }
        case .pidfd:
            if let target = descriptor.targetPID { add(target, "process \(pid) waits for it to end") }
        default: break
        }
    }
}
