package import Evidence

/// Threads that go on by themselves, and whether any of them could let others go on: by the code that they can still come to.
extension Follower {
    /// Whether a wait is shown to have nobody left to end it although other threads of the process go on: none of those can come to code that
    /// lets others go on, the program has such code, and the waiter is in the middle of something: it would not come back to this wait.
    package func isShownForsaken(_ standstill: Standstill) -> Bool {
        guard case .neverSignalled(let object) = standstill.ending, standstill.path.dropLast().allSatisfy({ $0.relation == .joins }),
            case .thread(let pid, let first) = standstill.start, case .thread(pid, let tid)? = standstill.path.last?.from,
            let seen = index.thread(tid), activity.change(of: tid) == .stood, activity.window_s >= graph.hungAfter_s * 0.8, isLulled(pid) || graph.lulled.contains(pid)
        else { return false }
        if onlyStays(first, pid) || mayOnlyStay(first, pid) { return false }
        let waiter = graph.understood(seen)
        guard let code = waiter.codeAhead, code.lack == nil, code.enders != nil || (code.releasers ?? []) + (activity.earlier?.thread(tid)?.codeAhead?.releasers ?? []) != [], waiter.managedWait?.releasers?.elements.isEmpty != false else { return false }
        // Meant for other processes to end, of which none is left.
        if object == .barrier || waiter.wait?.futex?.isDeserted == true { return true }
        // The main thread's own wait, in its outermost function, may be meant to keep the program alive, unless there is code to end it; and so may another thread's.
        let isDeep = Self.isDeep(waiter)
        let comesBack = code.comesBack != false || activity.earlier?.thread(tid)?.codeAhead?.comesBack == true
        switch waiter.managedWait?.kind {
        case .semaphore?, .queuePut?: return isMain(first, pid) || isDeep
        case .event? where (waiter.managedWait?.count ?? 1) > 1 || code.awaitsSeveral == true: return isMain(first, pid) || isDeep
        case .future?: return isDeep || code.awaitsInEarnest == true
        // Nobody waits for one result after the other, or for a value, only to stay alive.
        case nil where StackShape(waiter).awaitsResult: return isDeep || isMain(first, pid) && (code.comesBack == true || StackShape(waiter).takesResult)
        default:
            let isJoined = tid != first && isMain(first, pid)
            if isAmongItsOwn(seen), !handlesSignals(pid) { return true }
            guard comesBack else { return isDeep || isJoined || isMain(first, pid) && code.awaitsInEarnest == true }
            // A worker in its loop would take what it is given: nobody is there to give it anything, since the main thread waits for its end or is that
            // worker, and nothing comes from outside. Or it has been given something, and waits on behalf of that.
            let isMidRound = code.isMidRound == true || activity.earlier?.thread(tid)?.codeAhead?.isMidRound == true
            return waiter.managedWait == nil && !handlesSignals(pid) && (isJoined || isDeep && (isMidRound || isAlone(seen) && isMain(first, pid)))
        }
    }

    /// Whether a thread is its program's main one, of machine code, and at both looks only keeps the process alive: while others wait for work, or by what nobody else has.
    package func onlyStays(_ tid: Int32, _ pid: Int32) -> Bool {
        guard tid == pid, let thread = index.thread(tid), Self.onlyStays(thread) else { return false }
        return activity.earlier?.thread(tid).map(Self.onlyStays) ?? true
    }

    private static func onlyStays(_ thread: ThreadRecord) -> Bool {
        thread.managedStack == nil && (thread.codeAhead?.awaitsInEarnest == false || thread.codeAhead?.lack == .ofSharers)
    }

    /// Whether that is all that is seen of it, and nothing tells whether its wait is to end.
    package func mayOnlyStay(_ tid: Int32, _ pid: Int32) -> Bool {
        guard tid == pid, let thread = index.thread(tid), thread.managedStack == nil else { return false }
        return [thread, activity.earlier?.thread(tid)].contains { $0?.codeAhead?.mayOnlyStay == true }
    }

    /// Whether no other thread of its process waits at the same place.
    private func isAlone(_ thread: ThreadRecord) -> Bool {
        let place = thread.stack.elements.map(\.programCounter)
        return !index.threads(of: thread.pid).contains { $0.tid != thread.tid && $0.stack.elements.map(\.programCounter) == place }
    }

    /// Signals by which a program fails or is made to, and those that the C library takes for itself: SIGQUIT 3, SIGILL 4, SIGTRAP 5, SIGABRT 6, SIGBUS 7, SIGFPE 8, SIGSEGV 11,
    /// SIGPIPE 13, 32 and 33 (signal(7), nptl(7)).
    private static let failures: UInt64 = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 12 | 1 << 31 | 1 << 32

    func handlesSignals(_ pid: Int32) -> Bool { index.process(pid).flatMap(Self.orders) != 0 }

    /// The signals that a process handles other than those, a bit each; nil where that is not known.
    package static func orders(_ process: ProcessRecord) -> UInt64? { process.caughtSignals.map { $0 & ~failures } }

    /// In the middle of its work: some functions deep, or with more to do after its wait.
    package static func isDeep(_ thread: ThreadRecord) -> Bool { depth(of: thread) >= 2 || thread.codeAhead?.hasMoreToDo == true || thread.codeAhead?.isMeant == true }

    /// How many of the program's own functions a thread is in, in its own language.
    package static func depth(of thread: ThreadRecord) -> Int {
        let managed = thread.managedStack?.elements ?? []
        guard managed.isEmpty else { return StackShape(managed).own.count }
        // Swift's `main` is called by one that the compiler makes.
        let shape = StackShape(thread)
        return shape.own.count - max(0, shape.mains.count - 1)
    }

    func isMain(_ tid: Int32, _ pid: Int32) -> Bool { tid == pid || index.thread(tid)?.managedStack?.elements.last?.function?.hasSuffix(".main") == true }

    /// Whether nothing in the process happens but that threads wait for each other, and that others wake up and do nothing for those.
    func isLulled(_ pid: Int32) -> Bool {
        let threads = index.threads(of: pid)
        guard index.snapshot.threads.status == .complete, (index.process(pid)?.threadCount ?? 0) <= threads.count else { return false }
        // A virtual machine handles signals for itself; what the program does on them is among the releasers of its waits.
        guard !handlesWakingSignals(pid) || threads.contains(where: { $0.managedStack != nil }) else { return false }
        return threads.allSatisfy { isInert($0) || takesInVain($0) || hasNothingToDo($0) || waitsForOthers($0) } && threads.contains { isInert($0) || takesInVain($0) }
            && !mayGiveLock(threads)
    }

    /// Whether one that has not had its turn yet may let go of a lock, for which others wait: those may let more go on.
    private func mayGiveLock(_ threads: [ThreadRecord]) -> Bool {
        guard threads.contains(where: { [.mutex, .readWriteLock, .once].contains($0.wait?.futex?.object) }) else { return false }
        return threads.contains { thread in isInert(thread) && !hadItsTurns(thread) && thread.codeAhead?.releases?.elements.contains { $0.contains("unlock") } == true }
    }

    /// Takes in what comes from outside, and whatever that is, can come to nothing that lets others go on.
    private func takesInVain(_ thread: ThreadRecord) -> Bool {
        !thread.isMain && thread.managedStack == nil && graph.understood(thread).wait?.kind == .descriptors && bringsNothing(thread)
    }

    /// Goes on by itself, and can come to nothing that lets others go on but those who wait for a lock: so at both looks.
    func isInert(_ thread: ThreadRecord) -> Bool {
        // What comes in from outside may be anything, and a process that serves somebody is kept alive for that.
        switch graph.understood(thread).wait?.kind {
        case .sleep?, .futex?, nil: bringsNothing(thread)
        // Of a virtual machine, with nobody who waits for the child.
        case .child?: thread.managedStack != nil && bringsNothing(thread) && !index.threads(of: thread.pid).contains { $0.managedWait?.ownerTID == thread.tid }
        default: false
        }
    }

    private func bringsNothing(_ thread: ThreadRecord) -> Bool {
        func releases(_ thread: ThreadRecord?) -> [String]? {
            if case .complete(let names)? = thread?.codeAhead?.releases { names.filter { !$0.contains("unlock") } } else { nil }
        }
        guard releases(thread) == [] else { return false }
        let before = activity.earlier?.thread(thread.tid)
        return before?.codeAhead?.releases == nil || releases(before) == []
    }

    /// Whether a thread can come to nothing that another process or thread may wait for.
    func givesNothing(_ thread: ThreadRecord) -> Bool {
        guard isInert(thread), thread.codeAhead?.feeds == false else { return false }
        return activity.earlier?.thread(thread.tid)?.codeAhead?.feeds != true
    }

    /// Whether the thread has no lock that it might let go of.
    func isWithoutLocks(_ thread: ThreadRecord) -> Bool { thread.codeAhead?.releases == .complete([]) && isInert(thread) }

    /// Whether a thread woke up again and again by its own timer: what it would do then it could have done.
    func hadItsTurns(_ thread: ThreadRecord) -> Bool {
        if graph.ticks(thread) { return true }
        guard case .woke(let times) = activity.change(of: thread.tid), let wait = thread.managedWait else { return false }
        return times >= 2 && (wait.kind == .sleep || wait.timeout_s != nil && wait.kind != .read)
    }

    /// Whether a thread that woke up again and again has let its chance pass to write to the pipe or socket pair at the end of the trail, and will: by its code where that was read,
    /// else where the main thread is in the middle of something that nobody else may be part of.
    func passes(_ thread: ThreadRecord, isMainCaught: Bool) -> Bool {
        guard hadItsTurns(thread) else { return false }
        guard let node = trail.last?.from, let may = mayWrite(thread, to: node) else { return isMainCaught }
        // Nor may it let another thread go on that writes.
        return !may && (thread.codeAhead?.releases == nil || isInert(thread))
    }

    /// Whether a thread can come to write to a pipe, or to the other end of a socket, by its code at both looks; nil where that was not read.
    private func mayWrite(_ thread: ThreadRecord, to node: NodeKey) -> Bool? {
        switch node {
        case .pipe, .socket: break
        default: return nil
        }
        let looks = [(thread, index), activity.earlier.flatMap { earlier in earlier.thread(thread.tid).map { ($0, earlier) } }].compactMap(\.self)
        let found = looks.compactMap { thread, index -> Bool? in
            guard let outputs = thread.codeAhead?.outputs else { return nil }
            guard case .complete(let descriptors) = outputs else { return true }
            return descriptors.contains { fd in
                if case .socket(let inode, _) = node { return index.socketRow(pid: thread.pid, fd: fd).map { index.sockets[$0].peer?.inode == inode } ?? true }
                return index.pipeRow(pid: thread.pid, fd: fd).map { NodeKey.pipe(inode: index.pipes[$0].inode) == node } ?? false
            }
        }
        return found.contains(true) ? true : found.first
    }

    /// Of a language's runtime: its own threads, and idle workers of pools.
    private func hasNothingToDo(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.managedWait else { return false }
        return wait.kind == .housekeeping || wait.rest != nil && thread.codeAhead == nil
    }

    /// A worker of a pool without work, which somebody else would have to give it.
    func isIdleWorker(_ thread: ThreadRecord) -> Bool { thread.managedWait?.kind == .queueTake && hasNothingToDo(thread) && waitsForOthers(thread) }

    private func waitsForOthers(_ thread: ThreadRecord) -> Bool {
        guard let wait = graph.understood(thread).wait, wait.kind == .futex, (thread.managedWait == nil ? wait.timeout_s ?? 0 : thread.managedWait?.timeout_s ?? 0) <= 0 else { return false }
        return wait.futex?.isOpenToOthers != true && !mayBePosted(thread, wait)
    }

    /// Why a thread that waits among others that go on is at rest; nil where that is not shown.
    package func restAmongTickers(_ tid: Int32, _ pid: Int32) -> String? {
        guard let seen = index.thread(tid), seen.pid == pid, let wait = graph.understood(seen).wait else { return nil }
        if seen.managedWait == nil, mayBePosted(seen, wait) { return "waits at a semaphore that the handler of a signal may post" }
        let others = index.threads(of: pid).filter { $0.tid != tid }
        let ends = Self.ends(of: seen)
        if let name = others.flatMap({ $0.codeAhead?.releases?.elements ?? [] }).first(where: { (name: String) in ends.contains { name.contains($0) } }) {
            return "waits for what a thread that goes on may bring: that can come to `\(name)`"
        }
        guard seen.codeAhead?.comesBack == true, seen.managedWait == nil, wait.futex?.object == .condition else { return nil }
        let place = seen.stack.elements.map(\.programCounter)
        return others.contains { $0.stack.elements.map(\.programCounter) == place } ? "waits for work in a loop, as others do" : nil
    }

    /// Parts of the names of functions that end a wait of its kind.
    private static func ends(of thread: ThreadRecord) -> [String] {
        switch thread.managedWait?.kind {
        case .event?: ["countDown", ".unpark", ".complete"]
        case .semaphore?: ["Semaphore.release"]
        case .barrier?: ["CyclicBarrier.await", ".arrive", ".exchange"]
        case .future?: [".complete", ".cancel", ".obtrude"]
        case .condition?: [".signal", ".notify"]
        case .queueTake?: [".put", ".offer", ".add", ".push", ".transfer"]
        case .queuePut?: [".take", ".poll", ".remove", ".clear", ".drainTo", ".pop"]
        case nil: ["pthread_cond_", "cnd_", "sem_post", "notify_", "pthread_barrier_wait"]
        default: []
        }
    }
}

/// JavaScript's `Atomics.wait`, of which the main thread of a program makes no use to wait for work: its event loop stands meanwhile.
extension StackShape {
    /// v8/src/execution/futex-emulation.cc
    package var awaitsAtomics: Bool { contains(anyOf: ["v8::internal::FutexEmulation::Wait"], within: 16) }
    /// Node's `execFileSync` and `spawnSync`: src/spawn_sync.cc
    package var runsChildToItsEnd: Bool { contains(anyOf: ["node::SyncProcessRunner::"]) }
    /// src/node_worker.cc
    fileprivate var isWorkerOfNode: Bool { contains(anyOf: ["node::worker::Worker"]) }
    /// src/node_platform.cc: runs what the engine puts off, and none of the program's code.
    fileprivate var isSchedulerOfNode: Bool { contains(anyOf: ["DelayedTaskScheduler"]) }
}

extension Follower {
    /// Whether a main thread waits in `Atomics.wait`, without a limit, and no other thread of its program is left that could notify it: there
    /// is none, or each waits in the same way, or for a message.
    func isNotifiedByNobody(_ thread: ThreadRecord) -> Bool {
        guard thread.isMain, activity.change(of: thread.tid) == .stood, StackShape(thread).awaitsAtomics, index.snapshot.threads.status == .complete else { return false }
        return index.threads(of: thread.pid).allSatisfy { other in
            guard other.tid != thread.tid else { return true }
            let shape = StackShape(other)
            if shape.isSchedulerOfNode { return true }
            if case .ran = activity.change(of: other.tid) { return false }
            let wait = graph.understood(other).wait
            switch wait?.kind {
            case .futex?: return (wait?.timeout_s ?? 0) <= 0
            case .descriptors?:
                guard let loop = graph.loops[.thread(pid: other.pid, tid: other.tid)] else { return false }
                return shape.isWorkerOfNode && loop.sources.isEmpty && !loop.hasTimer
            default: return false
            }
        }
    }
}
