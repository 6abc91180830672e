import Evidence

/// Who could end a wait that only its own process can end.
extension Follower {
    /// Whether a thread that stood in the middle of an operation is beyond help, as far as can be seen: everybody else stands as well, has nothing
    /// to do, or woke up again and again meanwhile without ending the wait, and has nothing to do with it.
    package func isBeyondHelp(_ standstill: Standstill) -> Bool {
        guard case .thread(let pid, let tid)? = standstill.path.last?.from, let seen = index.thread(tid), seen.pid == pid else { return false }
        let waiter = graph.understood(seen)
        guard let operation = MidOperation(waiter), index.snapshot.threads.status == .complete, activity.window_s >= graph.hungAfter_s * 0.8,
            activity.change(of: tid) == .stood, let before = activity.earlier?.thread(tid), MidOperation(graph.understood(before)).map(Self.isSame(operation)) == true
        else { return false }
        let threads = index.threads(of: pid)
        guard (index.process(pid)?.threadCount ?? 0) <= threads.count else { return false }
        if operation == .forgotten { return true }
        // A group that a main thread entered and waits for itself keeps the process alive.
        let isLulled = isLulled(pid) || graph.lulled.contains(pid)
        if waiter.isMain, operation == .group(entries: 1), StackShape(waiter).inside.isEmpty { return isLulled && waiter.codeAhead?.releasers?.isEmpty == false }
        // What still ticks comes to no code that lets others go on.
        if isLulled { return true }
        let isStrict = waiter.isMain || operation.awaitsOthers
        let own = Self.functions(of: waiter)
        return !threads.contains { $0.tid != tid && couldHelp($0, waiter, own, operation, isStrict) } && !hasHelpfulTasks(pid, own, operation) && !hasFarTimers(pid)
            && !(index.socketRows[pid] ?? []).contains { isHelpful(index.sockets[$0], isStrict) }
    }

    private static func isSame(_ one: MidOperation) -> (MidOperation) -> Bool {
        { other in
            switch (one, other) {
            case (.permit, .permit), (.serialQueue, .serialQueue), (.callback, .callback), (.group, .group), (.forgotten, .forgotten), (.result, .result): true
            default: false
            }
        }
    }

    private func couldHelp(_ thread: ThreadRecord, _ waiter: ThreadRecord, _ own: Set<String>, _ operation: MidOperation, _ isStrict: Bool) -> Bool {
        let shape = StackShape(thread)
        if WaitGraph.isParkedPool(shape), !shape.functions.contains("_dispatch_mgr_thread") { return false }
        if isInert(thread) { return false }
        let change = activity.change(of: thread.tid)
        var now = graph.understood(thread)
        // Caught between two rounds, it is about to go back to where it was.
        if now.state == "R", now.wait == nil, let before = activity.earlier?.thread(thread.tid), before.pid == thread.pid { now.wait = before.wait }
        guard let wait = now.wait else { return true }
        if case .ran = change { return true }
        switch wait.kind {
        case .futex where (wait.timeout_s ?? 0) <= 0:
            if case .woke = change { return isConcerned(thread, waiter, own, operation) }
            return false
        case .futex, .sleep: return !hadItsChance(change) || isConcerned(thread, waiter, own, operation)
        case .descriptors where thread.syscall?.name.contains("epoll") == true: return isStrict && (watchesOutside(now) || !hadItsChance(change) && awaitsTimer(now, shape))
        case .descriptors: return isStrict || wait.descriptors?.contains { $0.operation == .accept } != true && isConcerned(thread, waiter, own, operation)
        case .signal: return isStrict && !shape.functions.contains("_dispatch_sig_thread")
        default: return true
        }
    }

    /// Whether a thread of the process sleeps, did not wake while it was watched, and may come to code that lets others go on.
    func hasSleeperToCome(_ pid: Int32) -> Bool {
        index.threads(of: pid).contains { thread in
            guard let wait = graph.understood(thread).wait, wait.kind == .sleep || wait.kind == .futex && (wait.timeout_s ?? 0) > 0 else { return false }
            return !WaitGraph.isParkedPool(StackShape(thread)) && !hadItsChance(activity.change(of: thread.tid)) && !isInert(thread)
        }
    }

    /// Twice at least while it was watched, so that what it does each time was done.
    private func hadItsChance(_ change: Activity.Change) -> Bool { if case .woke(let times) = change { times >= 2 } else { false } }

    /// Whether a thread works in the same functions as the waiter, or has hold of what is waited for. A main thread that looks around
    /// from its outermost function leads to everything in the program, and shares in nothing.
    private func isConcerned(_ thread: ThreadRecord, _ waiter: ThreadRecord, _ own: Set<String>, _ operation: MidOperation) -> Bool {
        if !own.isDisjoint(with: Self.names(thread.stack.elements)) { return true }
        switch operation {
        // Whoever goes on may bring about a result.
        case .result(_, isNested: false): return true
        case .result where StackShape(thread).isPooledWork: return true
        default: break
        }
        if thread.isMain, Self.functions(of: thread).isEmpty, !operation.awaitsOthers { return false }
        // What is queued may be what would signal: through the queue, which cannot go on, everybody leads to it.
        if case .serialQueue = operation { return false }
        if case .callback = operation { return waiter.wait?.futex?.reachedFrom?.contains(thread.tid) ?? true }
        return waiter.wait?.futex?.reachedFrom?.contains(thread.tid) ?? false
    }

    /// The program's functions a thread is in, without the outermost: that only tells who started it.
    private static func functions(of thread: ThreadRecord) -> Set<String> {
        let own = names(thread.stack.elements).filter { !["main", "_start"].contains($0) && !$0.hasSuffix("main()") }
        return thread.isMain ? Set(own) : Set(own).subtracting(own.suffix(1))
    }

    /// The program's own functions, those that closures were written in for the closures.
    private static func names(_ frames: [Frame]) -> [String] {
        StackShape(frames).own.compactMap(\.function).filter { !$0.hasPrefix("thunk") }.map(base)
    }

    /// `Loader.loadAll()` of `closure #1 in closure #2 in Loader.loadAll()`.
    private static func base(_ function: String) -> String {
        function.ranges(of: " in ").last.map { String(function[$0.upperBound...]) } ?? function
    }

    /// Dispatch's manager with nothing in its set but timers, which fired again and again while it was watched.
    func isSpentClock(_ thread: ThreadRecord) -> Bool {
        let now = graph.understood(thread)
        return StackShape(thread).functions.contains("_dispatch_mgr_thread") && now.wait?.kind == .descriptors && hadItsChance(activity.change(of: thread.tid)) && !watchesOutside(now)
    }

    private func watchesOutside(_ thread: ThreadRecord) -> Bool {
        let members = (thread.wait?.descriptors ?? []).compactMap { index.descriptor(thread.pid, $0.fd) }.flatMap { $0.epoll ?? [] }
        return members.contains { member in
            switch index.descriptor(thread.pid, member.fd)?.kind {
            case .eventfd?: false
            case .timerfd?: false
            default: true
            }
        }
    }

    /// An event loop's own timer is armed; Dispatch's timers are known otherwise.
    private func awaitsTimer(_ thread: ThreadRecord, _ shape: StackShape) -> Bool {
        guard !shape.functions.contains("_dispatch_mgr_thread") else { return false }
        let members = (thread.wait?.descriptors ?? []).compactMap { index.descriptor(thread.pid, $0.fd) }.flatMap { $0.epoll ?? [] }
        return members.contains { (index.descriptor(thread.pid, $0.fd)?.timer?.remaining_s ?? 0) > 0 }
    }

    /// A task that is about to run, or sleeps and did not wake while it was watched.
    private func hasHelpfulTasks(_ pid: Int32, _ own: Set<String>, _ operation: MidOperation) -> Bool {
        if index.snapshot.tasks.status != .complete { return index.snapshot.tasks.reason?.contains("no Swift concurrency runtime") != true }
        let allWoke = allSleepsEnded
        return index.tasks.contains { task in
            guard task.pid == pid, task.state != .completed, task.runningOnTID == nil, !Self.isAlarmClock(task) else { return false }
            switch task.wait?.kind {
            case .sleep:
                guard let before = activity.earlier?.task(pid, task.id)?.wait, before.kind == .sleep, allWoke || before.remaining_s.map({ $0 < activity.window_s }) == true
                else { return true }
                // What a task's closure has captured is not looked for.
                return Self.isAnybodys(operation) || !own.isDisjoint(with: Self.names(task.backtrace.elements))
            case .executor:
                // Of the very queue that cannot go on, maybe.
                if case .serialQueue = operation { return false }
                return true
            case .globalPool, .unknown, nil: return true
            case .task, .group, .continuation, .actor, .mainActor, .stream, .eventLoopFuture: return false
            }
        }
    }

    /// Whether anybody may end it who goes on: what is not bound to a queue, a transaction or a pool's threads.
    private static func isAnybodys(_ operation: MidOperation) -> Bool {
        switch operation {
        case .permit, .group, .result(_, isNested: false): true
        case .serialQueue, .callback, .forgotten, .result: false
        }
    }

    /// Whether every sleep of the first look has ended since.
    var allSleepsEnded: Bool {
        let alarms = activity.earlier.map(alarmClocks) ?? []
        return !alarms.isEmpty && alarms.isDisjoint(with: alarmClocks(index))
    }

    private func alarmClocks(_ index: SnapshotIndex) -> Set<UInt64> { Set(index.tasks.filter(Self.isAlarmClock).map(\.id)) }

    /// The helper that the runtime makes for each sleep (TaskSleep.swift): it wakes the sleeper, and does nothing else.
    static func isAlarmClock(_ task: TaskRecord) -> Bool {
        let symbols = task.backtrace.elements.map { $0.symbol ?? "" }
        return !symbols.isEmpty && symbols.allSatisfy { $0.hasPrefix("$sScT") || $0.hasPrefix("$ss") }
    }

    /// Timers of Dispatch that are no task's sleep: one that fires again and again had its chance.
    private func hasFarTimers(_ pid: Int32) -> Bool {
        guard let timers = index.process(pid)?.dispatchTimers else { return index.threads(of: pid).contains { StackShape($0).functions.contains("_dispatch_mgr_thread") } }
        let sleeping = index.tasks.count { $0.pid == pid && $0.wait?.kind == .sleep && !Self.isAlarmClock($0) }
        let others = timers - sleeping
        guard others > 0 else { return false }
        let manager = index.threads(of: pid).first { StackShape($0).functions.contains("_dispatch_mgr_thread") }
        return sleeping > 0 || others > 1 || !(manager.map { hadItsChance(activity.change(of: $0.tid)) } ?? false)
    }

    private func isHelpful(_ socket: SocketRecord, _ isStrict: Bool) -> Bool {
        switch activity.standing(of: socket) {
        case .moving: true
        case .listening, .served: isStrict
        default: isStrict && index.isClient(socket) != false
        }
    }
}
