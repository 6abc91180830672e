import Evidence
import WaitGraph

/// Tells a sleep in the middle of some work from the pause of a loop.
enum Sleeper {
    /// A timer as long as this is no retry pause and no polling interval; daemons that sleep
    /// longer between rounds do so from their main loop.
    static let tooLong_s = 3600.0
    /// Frames of the program between its main function and the sleep that make it "in the middle".
    static let depth = 2

    static func isTooLong(_ asked_s: Double, _ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        if standstill.isCommitted { return asked_s > graph.hungAfter_s }
        guard asked_s >= tooLong_s, case .timer(let pid, let tid)? = standstill.path.last?.to ?? Optional(standstill.end),
            let thread = graph.index.thread(tid), thread.pid == pid
        else { return false }
        let own = StackShape(thread).own.filter { frame in
            let name = frame.function ?? ""
            return name != "main" && !name.hasPrefix("main.") && !name.contains("_main") && !name.hasPrefix("static ")
        }
        return own.count >= depth
    }
}
