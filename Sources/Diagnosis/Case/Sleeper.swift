import Evidence
import WaitGraph

/// Tells a sleep in the middle of some work from the pause of a loop.
enum Sleeper {
    /// A timer as long as this is no retry pause and no polling interval; daemons that sleep
    /// longer between rounds do so from their main loop.
    static let tooLong_s = 3600.0
    /// Nobody means to sleep this long between two rounds: milliseconds were taken for seconds, or a doubling ran away.
    static let mistaken_s = 172_800.0
    /// And whoever means "for ever" asks for decades: `sleep infinity`, INT_MAX seconds.
    static let forEver_s = 3e8
    /// Frames of the program between its main function and the sleep that make it "in the middle".
    static let depth = 2

    private static let day_s = 86400.0

    /// Scripts sleep from their top level where others sleep from their main function: there, for months on end, only a
    /// program that does nothing else is taken to mean something shorter.
    private static func isTooLong(_ asked_s: Double, inProgram thread: ThreadRecord, _ graph: WaitGraph) -> Bool {
        let own = StackShape(thread).own.filter { $0.function != "<module>" && $0.function != "main" }
        if own.count >= depth { return true }
        if own.count == 1 { return asked_s >= day_s }
        return asked_s >= 100 * day_s && graph.index.threads(of: thread.pid).count == 1
    }

    static func isTooLong(_ asked_s: Double, _ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        // The time is read from the memory of a thread that may go on meanwhile: both looks must agree that it is long.
        if asked_s >= tooLong_s, case .thread(_, let tid)? = standstill.path.last?.from, let before = graph.activity.earlier?.thread(tid),
            let first_s = before.managedWait?.timeout_s ?? before.wait?.timeout_s, first_s < tooLong_s
        {
            return false
        }
        if standstill.isCommitted { return asked_s > graph.hungAfter_s }
        // A limit, however large, on a wait for something else is no sleep.
        if case .thread(_, let tid)? = standstill.path.last?.from, let wait = graph.index.thread(tid)?.managedWait, wait.kind != .sleep { return false }
        if case .task(let pid, let id) = standstill.end { return asked_s >= tooLong_s && isInTheMiddle(pid, id, standstill, graph) }
        if asked_s >= mistaken_s, asked_s < forEver_s { return true }
        guard asked_s >= tooLong_s, case .timer(let pid, let tid)? = standstill.path.last?.to ?? Optional(standstill.end),
            let thread = graph.index.thread(tid), thread.pid == pid
        else { return false }
        if thread.managedStack?.elements.isEmpty == false { return isTooLong(asked_s, inProgram: thread, graph) }
        let own = StackShape(thread).own.filter { frame in
            let name = frame.function ?? ""
            return name != "main" && !name.hasPrefix("main.") && !name.contains("_main") && !name.hasPrefix("static ")
        }
        return own.count >= depth
    }

    /// A task of a process that serves nobody, asleep some calls deep; one that sleeps in its outermost function keeps the process alive.
    private static func isInTheMiddle(_ pid: Int32, _ id: UInt64, _ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        guard let task = graph.index.task(pid, id) else { return false }
        let serves = (graph.index.socketRows[pid] ?? []).contains { [.listening, .established].contains(graph.index.sockets[$0].state) }
        if serves { return false }
        return StackShape(task.backtrace.elements).own.count > depth || graph.awaited.contains(standstill.end)
    }
}
