import Evidence

extension WaitGraph {
    /// Whether nothing goes on in a process of Dispatch but tasks and threads that wake up by themselves, of which none can come to code that lets
    /// others go on: so at both looks, and for as long as a hang lasts.
    func isLulled(_ process: ProcessRecord, _ threads: [ThreadRecord]) -> Bool {
        guard activity.earlier != nil, activity.window_s >= hungAfter_s * 0.8, (process.caughtSignals ?? .max) & Follower.wakingSignals == 0 else { return false }
        let pid = process.identity.pid
        let tickers = index.tasks.filter { $0.pid == pid && isTicker($0) }
        // At both looks: what a timer's handler has it come to may change.
        let timers = min(process.inertTimers ?? 0, activity.earlier?.process(pid)?.inertTimers ?? 0)
        guard !tickers.isEmpty || timers > 0 || threads.contains(where: { isTicker($0) }), wereAllKnown(process, timers: timers) else { return false }
        return threads.allSatisfy { isTicker($0) || cannotAct($0, process, timers: tickers.count + timers) }
            && tasksAreStuck(pid, besides: { Follower.isAlarmClock($0) || isTicker($0) })
    }

    /// Whether Dispatch's timers were no more at the first look than those that let nobody go on. A timer is not armed while its time has come and its handler has not:
    /// who counts them at that moment finds another one in its place.
    private func wereAllKnown(_ process: ProcessRecord, timers: Int) -> Bool {
        guard process.dispatchTimers != nil else { return true }
        let pid = process.identity.pid
        let asleep = activity.earlier?.tasks.count { $0.pid == pid && $0.wait?.kind == .sleep && letsNobodyGoOn($0.codeAhead, pid) } ?? 0
        return (activity.earlier?.process(pid)?.dispatchTimers ?? .max) <= asleep + timers
    }

    private func isTicker(_ task: TaskRecord) -> Bool {
        func isInert(_ task: TaskRecord) -> Bool { letsNobodyGoOn(task.codeAhead, task.pid) }
        guard task.wait?.kind == .sleep, isInert(task) else { return false }
        return activity.earlier?.task(task.pid, task.id).map { $0.wait?.kind != .sleep || isInert($0) } ?? true
    }

    private func isTicker(_ thread: ThreadRecord) -> Bool {
        guard letsNobodyGoOn(thread.codeAhead, thread.pid) else { return false }
        let before = activity.earlier?.thread(thread.tid)?.codeAhead
        return before?.releases == nil || letsNobodyGoOn(before, thread.pid)
    }

    /// Those who wait for a lock wait for whoever holds it, and no other; and a job that is enqueued is a task's that waits for its executor.
    private func letsNobodyGoOn(_ code: CodeAhead?, _ pid: Int32) -> Bool {
        guard case .complete(let names)? = code?.releases else { return false }
        let awaitsExecutor = index.tasks.contains { $0.pid == pid && $0.wait?.kind == .executor }
        return names.allSatisfy { $0.contains("unlock") || !awaitsExecutor && $0.hasPrefix("$sScF") && $0.contains("enqueue") }
    }
}
