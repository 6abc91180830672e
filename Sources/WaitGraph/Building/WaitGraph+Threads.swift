package import Evidence

extension WaitGraph {
    /// One pass over all threads: what each waits for, as edges; or where it rests.
    mutating func addThreads() {
        for (row, thread) in index.threads.enumerated() {
            let key = NodeKey.thread(pid: thread.pid, tid: thread.tid)
            let cite = [index.path(.threads, row)]
            let thread = understood(thread)
            if thread.state == "T" || thread.state == "t" {
                add(WaitEdge(
                    from: key, to: .process(thread.pid), relation: .stoppedBy, since_s: stoodSince(thread),
                    knownFrom: "process state \(thread.state)", evidence: cite, isCommitted: true))
                continue
            }
            if Self.isStorage(thread.waitChannel) {
                let file = thread.wait?.descriptors?.first.flatMap { index.descriptor(thread.pid, $0.fd)?.target } ?? thread.wait?.detail
                addStorage(thread, key, "system call \(thread.syscall?.name ?? "?")\(file.map { " on \($0)" } ?? "") sleeps in \(thread.waitChannel ?? "")", cite)
                continue
            }
            if let managed = thread.managedWait {
                addManaged(managed, of: thread, key, cite)
                continue
            }
            if let wait = processWait(thread) {
                addChild(thread, wait, key, cite)
                continue
            }
            guard let wait = thread.wait else {
                if thread.state == "S" || thread.state == "D" { addUndecoded(thread, key, cite) }
                continue
            }
            switch wait.kind {
            case .futex: addFutex(thread, wait, key, cite)
            case .descriptors: addDescriptors(thread, wait, key, cite)
            case .fileLock: break
            case .child: addChild(thread, wait, key, cite)
            case .vforkChild: addChild(thread, wait, key, cite)
            case .sleep:
                add(WaitEdge(
                    from: key, to: .timer(pid: thread.pid, tid: thread.tid), relation: .sleeps, since_s: stoodSince(thread),
                    knownFrom: "system call \(thread.syscall?.name ?? "nanosleep")", evidence: cite))
            case .signal:
                if let child = missedEnd(thread) {
                    add(WaitEdge(
                        from: key, to: .process(child), relation: .waitsForExit, since_s: stoodSince(thread),
                        knownFrom: "system call \(thread.syscall?.name ?? "pause"), with a handler for SIGCHLD only", evidence: cite, isCommitted: true))
                } else {
                    rest[key] = "waits for a signal"
                }
            case .ipc:
                addMessages(thread, wait, key, cite)
            case .stopped, .traced:
                add(WaitEdge(
                    from: key, to: .process(thread.pid), relation: .stoppedBy, since_s: stoodSince(thread),
                    knownFrom: "stopped", evidence: cite, isCommitted: true))
            case .disk, .other: addUndecoded(thread, key, cite)
            }
        }
    }

    /// A stop turns a sleep or poll into restart_syscall, whose arguments say nothing: while the stack
    /// pointer is the same, the call that was seen before the stop is still the one.
    package func understood(_ thread: ThreadRecord) -> ThreadRecord {
        var thread = thread
        if thread.syscall?.name == "restart_syscall", thread.wait == nil || thread.wait?.kind == .other,
            let before = activity.earlier?.thread(thread.tid), before.pid == thread.pid,
            before.syscall?.stackPointer == thread.syscall?.stackPointer, let wait = before.wait
        {
            thread.wait = wait
        }
        // Caught between two rounds, it is about to go back to where it was.
        if thread.state == "R", thread.wait == nil, let before = activity.earlier?.thread(thread.tid), before.pid == thread.pid, before.wait?.kind == .sleep,
            case .woke = activity.change(of: thread.tid)
        {
            thread.wait = before.wait
        }
        if let futex = thread.wait?.futex, futex.object == .unknown, Self.isSemaphore(futex, thread) {
            thread.wait?.futex?.object = .semaphore
            thread.wait?.futex?.knownFrom = "futex of value 0 waited for from sem_wait's slow path"
        }
        return thread
    }

    /// glibc's sem_wait (nptl/sem_waitcommon.c) waits with FUTEX_WAIT_BITSET on a value of 0, from two
    /// functions that have no symbol; condition variables, which do the same, are called through one that has.
    private static func isSemaphore(_ futex: FutexWait, _ thread: ThreadRecord) -> Bool {
        guard futex.operation == 9, futex.word == 0, futex.expected == 0 else { return false }
        let frames = thread.stack.elements.filter { !$0.isInlined }
        guard frames.count >= 3, frames[0].module?.contains("libc") == true, frames[0].function == nil else { return false }
        let caller = frames.first { $0.function != nil }
        return caller.map { $0.module?.contains("libc") != true || $0.function?.hasPrefix("sem_") == true } ?? false
    }

    /// Real seconds the thread is known to have stood where it stands.
    package func stoodSince(_ thread: ThreadRecord) -> Double? {
        if activity.change(of: thread.tid) == .stood { return activity.arrivedAgo_s(thread.tid) ?? activity.window_s }
        return thread.wait?.kind == .descriptors && activity.pollsInVain(thread.tid) ? activity.window_s : nil
    }

    private mutating func addUndecoded(_ thread: ThreadRecord, _ key: NodeKey, _ cite: [EvidencePath]) {
        let channel = thread.waitChannel ?? ""
        // fifo_open in fs/pipe.c sleeps in wait_for_partner until the other end is opened.
        if channel == "wait_for_partner" || (thread.wait?.descriptors?.isEmpty ?? true) && thread.wait?.detail?.contains("FIFO") == true {
            addOpening(thread, key, "wait channel \(channel)", cite)
        } else if thread.wait?.kind == .disk || thread.state == "D" {
            addStorage(thread, key, "uninterruptible sleep in \(channel.isEmpty ? "the kernel" : channel)", cite)
        }
    }

    mutating func addOpening(_ thread: ThreadRecord, _ key: NodeKey, _ known: String, _ cite: [EvidencePath]) {
        let row = thread.wait?.openedFIFO.flatMap { path in index.pipes.firstIndex { $0.path == path } }
        add(WaitEdge(
            from: key, to: .pipe(inode: row.map { index.pipes[$0].inode } ?? 0), relation: .opens, since_s: stoodSince(thread), knownFrom: known,
            evidence: cite + (row.map { [index.path(.pipes, $0)] } ?? []), isCommitted: true))
    }

    /// Requests to a FUSE server (fs/fuse/dev.c) and to an NFS server (net/sunrpc/sched.c) sleep so that signals can end them: not in state D.
    private static func isStorage(_ channel: String?) -> Bool { channel == "request_wait_answer" || channel == "rpc_wait_bit_killable" }

    private mutating func addStorage(_ thread: ThreadRecord, _ key: NodeKey, _ known: String, _ cite: [EvidencePath]) {
        add(WaitEdge(from: key, to: .process(0), relation: .reads, since_s: stoodSince(thread), knownFrom: known, evidence: cite, isCommitted: true))
    }

    private mutating func park(
        _ thread: ThreadRecord, _ object: FutexWait.ObjectKind, _ key: NodeKey, _ cite: [EvidencePath], _ known: String
    ) {
        let address = thread.wait?.futex?.objectAddress ?? UInt64(truncatingIfNeeded: thread.syscall?.arguments.first ?? 0)
        add(WaitEdge(
            from: key, to: .futex(pid: thread.pid, address: address), relation: .parksOn, since_s: stoodSince(thread),
            knownFrom: known, evidence: cite, isCommitted: stoodSince(thread) != nil && StackShape(thread).runsEventLoop))
    }

    private mutating func addFutex(_ thread: ThreadRecord, _ wait: ThreadWait, _ key: NodeKey, _ cite: [EvidencePath]) {
        guard let futex = wait.futex else { return park(thread, .unknown, key, cite, "futex") }
        let object = NodeKey.futex(pid: thread.pid, address: futex.objectAddress)
        let known = futex.knownFrom ?? "futex word"
        switch futex.object {
        case .join:
            if let target = futex.ownerTID, target > 0 {
                add(WaitEdge(
                    from: key, to: .thread(pid: thread.pid, tid: target), relation: .joins, since_s: stoodSince(thread),
                    knownFrom: known, evidence: cite))
            } else {
                park(thread, .join, key, cite, known)
            }
        case .mutex, .readWriteLock, .once:
            add(WaitEdge(
                from: key, to: object, relation: .locks, since_s: stoodSince(thread), knownFrom: known, evidence: cite,
                isCommitted: true))
            if let owner = futex.ownerTID, owner > 0, out(object).isEmpty {
                add(WaitEdge(
                    from: object, to: .thread(pid: futex.ownerPID ?? thread.pid, tid: owner), relation: .heldBy,
                    knownFrom: known, evidence: cite, isCommitted: true))
            } else if out(object).isEmpty {
                addHolders(of: object, futex, thread)
            }
        case .condition, .semaphore, .barrier, .unknown:
            // A bare futex with an owner in its word is a lock all the same.
            if futex.object == .unknown, let owner = futex.ownerTID, owner > 0 {
                add(WaitEdge(from: key, to: object, relation: .locks, since_s: stoodSince(thread), knownFrom: known, evidence: cite, isCommitted: true))
                if out(object).isEmpty {
                    add(WaitEdge(
                        from: object, to: .thread(pid: futex.ownerPID ?? thread.pid, tid: owner), relation: .heldBy, knownFrom: known,
                        evidence: cite, isCommitted: true))
                }
            } else if addLeavers(of: object, futex, thread) {
                add(WaitEdge(from: key, to: object, relation: .awaits, since_s: stoodSince(thread), knownFrom: known, evidence: cite, isCommitted: true))
            } else {
                park(thread, futex.object, key, cite, known)
            }
        }
    }

    /// The child, ended and not fetched, whose signal a process waits for that has no other thread, takes no other signal, and has no child
    /// left that could send it: the signal came before the wait.
    private func missedEnd(_ thread: ThreadRecord) -> Int32? {
        guard ["rt_sigsuspend", "pause"].contains(thread.syscall?.name), let process = index.process(thread.pid), process.threadCount == 1,
            Follower.orders(process) == 1 << 16, !StackShape(thread).inside.isEmpty, activity.earlier != nil
        else { return nil }
        func children(_ index: SnapshotIndex) -> [ProcessRecord] { index.processes.filter { $0.parentPID == thread.pid } }
        let ended = children(index)
        guard !ended.isEmpty, ended.allSatisfy({ $0.state == "Z" }) else { return nil }
        let before = Set(activity.earlier.map(children)?.filter { $0.state == "Z" }.map(\.identity.pid) ?? [])
        return ended.map(\.identity.pid).last { before.contains($0) }
    }

    /// Foundation's `Process.waitUntilExit` runs a loop until another thread has heard of the child's end, and Node one of its own for a child
    /// that it runs to its end: the last that was started.
    private func processWait(_ thread: ThreadRecord) -> ThreadWait? {
        let isIn = { (thread: ThreadRecord) in thread.stack.elements.contains { $0.symbol?.hasPrefix("$s10Foundation7ProcessC13waitUntilExit") == true } }
        let isNode = StackShape(thread).runsChildToItsEnd
        guard isNode || isIn(thread) else { return nil }
        let living = index.processes.filter { $0.parentPID == thread.pid && $0.state != "Z" && $0.state != "X" }
        guard let last = living.max(by: { $0.identity.startTicks < $1.identity.startTicks }) else { return nil }
        var wait = ThreadWait(kind: .child)
        if isNode { wait.pid = last.identity.pid }
        return wait
    }

    private mutating func addChild(_ thread: ThreadRecord, _ wait: ThreadWait, _ key: NodeKey, _ cite: [EvidencePath]) {
        let living = index.processes.filter { $0.parentPID == thread.pid && $0.state != "Z" && $0.state != "X" }.map(\.identity.pid)
        let children = wait.pid.map { $0 > 0 ? [$0] : living } ?? living
        for child in children.prefix(256) {
            add(WaitEdge(
                from: key, to: .process(child), relation: .waitsForExit, since_s: stoodSince(thread),
                knownFrom: "system call \(thread.syscall?.name ?? "wait4")", evidence: cite))
        }
        if children.isEmpty { rest[key] = "waits for a child that was not seen" }
    }
}
