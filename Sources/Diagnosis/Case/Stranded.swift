import Evidence
import WaitGraph

/// Units that wait in the middle of something while others of the process go on, and of which nobody can say that they will be let go on.
enum Stranded {
    /// What is to be said of one; nil where it is at rest.
    static func words(_ standstill: Standstill, _ graph: WaitGraph) -> String? {
        guard standstill.path.count <= 1, let wait = managed(standstill.start, graph) else { return barrier(standstill, graph) }
        guard case .partial(let releasers, _)? = wait.releasers, releasers.isEmpty else { return barrier(standstill, graph) }
        return "\(NodeText.short(standstill.start, graph.index)) waits for \(NodeText.object(wait)), and nobody who goes on is seen to lead to it"
    }

    private static func managed(_ node: NodeKey, _ graph: WaitGraph) -> ManagedWait? {
        switch node {
        case .thread(_, let tid): graph.index.thread(tid)?.managedWait
        case .task(let pid, let id): graph.index.task(pid, id)?.managedWait
        default: nil
        }
    }

    /// At a barrier all the time, for one that computes all the time and reads and writes nothing: it may never come.
    private static func barrier(_ standstill: Standstill, _ graph: WaitGraph) -> String? {
        guard case .neverSignalled(.barrier) = standstill.ending, case .thread(let pid, let tid) = standstill.start, graph.activity.change(of: tid) == .stood,
            graph.activity.transferred != true
        else { return nil }
        let busy = graph.index.threads(of: pid).first { thread in
            if case .ran = graph.activity.change(of: thread.tid) { graph.activity.runningThroughout.contains(thread.tid) } else { false }
        }
        guard let busy else { return nil }
        return "\(NodeText.short(standstill.start, graph.index)) waits at a barrier for \(NodeText.short(.thread(pid: pid, tid: busy.tid), graph.index)), which computes all the time and shows no other sign of getting on"
    }
}
