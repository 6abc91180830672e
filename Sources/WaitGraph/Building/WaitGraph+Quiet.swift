package import Evidence

extension WaitGraph {
    /// Finds the processes of Dispatch and NIO in which nothing can run any more: no thread computes or waits with a timeout,
    /// no event source is registered, no timer is armed, no task is ready. Plain threads alone are `Follower.isClosed`'s matter.
    mutating func findQuiet() {
        guard index.snapshot.threads.status == .complete else { return }
        for process in index.processes where process.role != .followed {
            let pid = process.identity.pid
            let threads = index.threads(of: pid)
            guard !threads.isEmpty, process.threadCount <= threads.count, descriptorsAreKnown else { continue }
            let pools = threads.filter { Self.isParkedPool(StackShape($0)) }
            guard !pools.isEmpty || threads.contains(where: { isEventLoop($0) }) else { continue }
            if threads.allSatisfy({ cannotAct($0, process) }), tasksAreStuck(pid), hadNoTimers(process) { quiet.insert(pid) } else if isLulled(process, threads) { lulled.insert(pid) }
        }
    }

    /// Whether none of Dispatch's timers was armed at the first look either: one whose time has come is not, until its handler has run.
    private func hadNoTimers(_ process: ProcessRecord) -> Bool {
        (activity.earlier?.process(process.identity.pid)?.dispatchTimers ?? 0) == 0
    }

    var descriptorsAreKnown: Bool { index.snapshot.descriptors.status == .complete }

    /// A Dispatch worker without work, Dispatch's own manager, or a main thread that `dispatch_main` has put aside.
    static func isParkedPool(_ shape: StackShape) -> Bool {
        if shape.functions.contains("_dispatch_sig_thread") { return true }
        guard shape.functions.contains("_dispatch_worker_thread") || shape.functions.contains("_dispatch_mgr_thread") else { return false }
        return shape.own.isEmpty && !shape.contains(anyOf: ["_dispatch_call_block", "_dispatch_client_callout", "_dispatch_continuation_pop"])
    }

    private func isEventLoop(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait, wait.kind == .descriptors else { return false }
        // Foundation's run loops poll the set in which all is that they wait for.
        return thread.syscall?.name.contains("epoll") == true || wait.descriptors?.contains { index.descriptor(thread.pid, $0.fd)?.kind == .epoll } == true
    }

    /// Whether a thread can do nothing that another does not make it do: it is parked, or an event loop for which nothing can come.
    ///
    /// - Parameter timers: so many of Dispatch's timers let nobody go on who matters.
    package func cannotAct(_ thread: ThreadRecord, _ process: ProcessRecord, timers: Int = 0) -> Bool {
        let thread = understood(thread)
        let shape = StackShape(thread)
        guard let wait = thread.wait else { return false }
        if shape.functions.contains("_dispatch_sig_thread") { return true }
        switch wait.kind {
        case .futex:
            if Self.isParkedPool(shape) { return true }
            if case .ran = activity.change(of: thread.tid) { return false }
            if case .woke = activity.change(of: thread.tid) { return false }
            return (wait.timeout_s ?? 0) <= 0 && wait.futex?.isOpenToOthers != true
        case .descriptors:
            return isEventLoop(thread) && watchesNothing(thread, wait, process, timers)
        default: return false
        }
    }

    /// Whether an event loop's set holds only what the process itself would write to, and timers that are not armed.
    private func watchesNothing(_ thread: ThreadRecord, _ wait: ThreadWait, _ process: ProcessRecord, _ timers: Int) -> Bool {
        if (wait.timeout_s ?? 0) > 0 { return false }
        let isDispatch = StackShape(thread).contains(anyOf: ["_dispatch_mgr_thread", "_dispatch_event_loop_drain"])
        let sets = (wait.descriptors ?? []).compactMap { index.descriptor(thread.pid, $0.fd) }.filter { $0.kind == .epoll }
        guard !sets.isEmpty else { return false }
        for member in sets.flatMap({ $0.epoll ?? [] }) {
            guard let descriptor = index.descriptor(thread.pid, member.fd) else { return false }
            switch descriptor.kind {
            case .eventfd: break
            case .pipe, .socket:
                // What only the process itself could write to, outside the handlers of signals.
                let interest = DescriptorInterest(fd: member.fd, operation: .poll)
                if let inode = descriptor.inode, isStillAsking(inode, thread.pid) { break }
                guard isOwnWakeUp(interest, thread), (process.caughtSignals ?? 0) & Follower.wakingSignals == 0 else { return false }
            case .timerfd:
                // Dispatch's own timer of its pools is always armed: only Dispatch's heap tells what else is.
                if isDispatch { if (process.dispatchTimers ?? .max) > timers { return false } } else if (descriptor.timer?.remaining_s ?? 0) > 0 { return false }
            default: return false
            }
        }
        return true
    }

    /// No task runs, is ready to, or waits for a timer; a process without Swift tasks has none.
    ///
    /// - Parameter lets: who is asleep and lets nobody go on when it wakes.
    func tasksAreStuck(_ pid: Int32, besides lets: (TaskRecord) -> Bool = { _ in false }) -> Bool {
        if index.snapshot.tasks.status != .complete {
            return index.snapshot.tasks.reason?.contains("no Swift concurrency runtime") == true
        }
        return index.tasks.allSatisfy { task in
            guard task.pid == pid, task.state != .completed else { return true }
            // A task that blocks its thread does what the thread does.
            if task.state == .running { return task.runningOnTID != nil }
            switch task.wait?.kind {
            case .sleep: return lets(task)
            case .globalPool, .unknown, nil: return false
            case .executor: return activity.stood(task) == true
            case .task, .group, .continuation, .actor, .mainActor, .stream, .eventLoopFuture: return true
            }
        }
    }
}
