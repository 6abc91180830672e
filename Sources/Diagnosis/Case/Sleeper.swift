import Evidence
import WaitGraph

/// Tells a sleep in the middle of some work from the pause of a loop.
enum Sleeper {
    /// Frames of the program between its main function and the sleep that make it "in the middle".
    static let depth = 2

    /// Whether a thread's sleep is far longer than its work can mean.
    ///
    /// - Parameter isAwaited: another thread waits for its end.
    private static func isTooLong(_ asked_s: Double, _ thread: ThreadRecord, isAwaited: Bool, _ graph: WaitGraph) -> Bool {
        let index = graph.index
        let own = StackShape(thread).inside
        let isAlone = index.threads(of: thread.pid).count == 1
        if asked_s >= Pause.forEver_s { return own.count >= depth && isAlone && !serves(thread.pid, index) || isAmidRounds(thread, isAwaited: isAwaited, isAlone: isAlone, graph) }
        // A main thread that only keeps the process alive, for others that work in it.
        if asked_s >= Pause.mistaken_s { return isAlone || !own.isEmpty }
        return isMilliseconds(asked_s) && own.count >= (isAlone ? 1 : depth) && !serves(thread.pid, index)
    }

    /// Thousands of seconds that are no quarter hours: whoever means hours writes hours, and whoever waits for a time of day gets an odd
    /// number. `sleep(30000)` was to be half a minute.
    private static func isMilliseconds(_ asked_s: Double) -> Bool {
        asked_s.truncatingRemainder(dividingBy: 1000) == 0 && asked_s.truncatingRemainder(dividingBy: 900) != 0
    }

    /// A moment in milliseconds (or smaller parts) since 1970 that was taken for one in seconds: told by its falling within a day of now.
    private static func isMistakenMoment(_ asked_s: Double, _ graph: WaitGraph) -> Bool {
        let now_s = graph.index.snapshot.clocks.wall_s
        guard asked_s >= Pause.forEver_s, now_s > Pause.forEver_s else { return false }
        return [1e3, 1e6, 1e9].contains { parts in [asked_s, asked_s + now_s].contains { abs($0 / parts - now_s) < Pause.day_s } }
    }

    /// Whether a sleep ends as a minute begins: whoever waits for the hour of a daily job sleeps until then. By chance it is one sleep of sixty that does.
    private static func isTimeOfDay(in left_s: Double, _ graph: WaitGraph) -> Bool {
        let end_s = graph.index.snapshot.clocks.wall_s + left_s
        return abs(end_s - (end_s / 60).rounded() * 60) <= timeOfDay_s
    }

    /// What is left of a sleep is read a while after the clock (0.2 s, measured with symbols of a debug build).
    private static let timeOfDay_s = 0.5

    private static func serves(_ pid: Int32, _ index: SnapshotIndex) -> Bool {
        (index.socketRows[pid] ?? []).contains { row in
            let socket = index.sockets[row]
            return socket.state == .listening || socket.state == .established && index.isClient(socket) == false
        }
    }

    static func isTooLong(_ asked_s: Double, _ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        if isMistakenMoment(asked_s, graph) { return true }
        // The time is read from the memory of a thread that may go on meanwhile: both looks must agree that it is long.
        if asked_s >= Pause.round_s, case .thread(_, let tid)? = standstill.path.last?.from, let before = graph.activity.earlier?.thread(tid),
            let first_s = before.managedWait?.timeout_s ?? before.wait?.timeout_s, first_s < Pause.round_s
        {
            return false
        }
        if standstill.isCommitted { return asked_s > graph.hungAfter_s }
        // A limit, however large, on a wait for something else is no sleep.
        if case .thread(_, let tid)? = standstill.path.last?.from, let thread = graph.index.thread(tid), let wait = thread.managedWait, wait.kind != .sleep {
            // An event that nobody can set is a sleep by another name.
            if wait.kind == .event, wait.releasers == .complete([]), asked_s >= Pause.mistaken_s, isTooLong(asked_s, thread, isAwaited: standstill.path.count > 1, graph) { return true }
            // Timers of libraries wait for being cancelled: with days to go, and somebody who waits for their end, they sleep.
            return wait.kind == .event && standstill.path.count > 1 && asked_s >= Pause.mistaken_s && asked_s < Pause.forEver_s
        }
        guard asked_s >= Pause.round_s else { return false }
        if case .task(let pid, let id) = standstill.end { return isInTheMiddle(asked_s, pid, id, standstill, graph) }
        guard case .timer(let pid, let tid)? = standstill.path.last?.to ?? Optional(standstill.end), let thread = graph.index.thread(tid), thread.pid == pid
        else { return asked_s >= Pause.mistaken_s && asked_s < Pause.forEver_s }
        // Whoever stands and waits for the result of something scheduled does not mean to do so for a day.
        if let wait = thread.managedWait, wait.kind == .sleep, wait.object != 0 { return asked_s >= Pause.day_s && asked_s < Pause.forEver_s }
        return isTooLong(asked_s, thread, isAwaited: standstill.path.count > 1, graph)
    }

    /// Asleep "for ever" in a loop that does more than sleep, in a program that no signal would wake: whoever only wants to stay alive has nothing else to do in it.
    private static func isAmidRounds(_ thread: ThreadRecord, isAwaited: Bool, isAlone: Bool, _ graph: WaitGraph) -> Bool {
        guard thread.codeAhead?.comesBack == true, isAwaited && !thread.isMain || isAlone, !serves(thread.pid, graph.index) else { return false }
        return graph.index.process(thread.pid).flatMap(Follower.orders) == 0
    }

    /// A task of a process that serves nobody, asleep some calls deep; one that sleeps in its outermost function keeps the process alive, and one
    /// that does so for no more than a day or two in a loop without an end pauses.
    private static func isInTheMiddle(_ asked_s: Double, _ pid: Int32, _ id: UInt64, _ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        guard let task = graph.index.task(pid, id) else { return false }
        if let left_s = task.wait?.remaining_s, asked_s < Pause.mistaken_s, isTimeOfDay(in: left_s, graph) { return false }
        if serves(pid, graph.index) || task.codeAhead?.comesBack == true && asked_s < Pause.mistaken_s && !isMilliseconds(asked_s) { return false }
        return StackShape(task.backtrace.elements).own.count > depth || graph.awaited.contains(standstill.end)
    }
}
