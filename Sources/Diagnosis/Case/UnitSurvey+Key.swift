import Evidence
import WaitGraph

extension UnitSurvey {
    /// What tells one end from another: many units that wait for the same, or in the same way, are told as one.
    struct Key: Hashable {
        var end: Set<NodeKey>
        var ending: String

        init(_ standstill: Standstill, _ graph: WaitGraph) {
            let index = graph.index
            ending = String(describing: standstill.ending).prefix { $0 != "(" }.description
            if case .socket(let standing) = standstill.ending, case .socket(let inode, _) = standstill.end, let row = index.socketRow[inode],
                let peer = index.sockets[row].remote?.description, !peer.isEmpty
            {
                // Many connections to one silent server are one hang.
                end = [.peer(peer)]
                let kind = String(describing: standing).prefix { $0 != "(" }.description
                ending += kind == "connecting" ? "notAccepted" : kind
            } else if case .cycle(let edges) = standstill.ending {
                end = Set(edges.flatMap { [$0.from, $0.to] }.filter { if case .process = $0 { false } else { true } })
                ending = "cycle"
            } else if case .poolFull = standstill.ending, let pid = UnitSurvey.process(of: standstill.start) {
                end = [.process(pid)]
            } else if let place = Self.place(standstill, graph) {
                end = place
            } else {
                end = [standstill.end]
            }
        }

        /// Many tasks at the same `await`, and many operations of a full queue, are one hang.
        private static func place(_ standstill: Standstill, _ graph: WaitGraph) -> Set<NodeKey>? {
            switch standstill.ending {
            case .nobodyResumes, .streamOpen, .nothingRuns, .executorStands, .requestUnanswered, .shutdownAwaits:
                guard case .task(let pid, let id) = standstill.end, let task = graph.index.task(pid, id), let label = StackShape(task.backtrace.elements).ownLabel else { return nil }
                return [.process(pid), .peer("\(task.wait?.kind.rawValue ?? "") \(label)")]
            case .neverSignalled:
                guard case .result(_, isNested: true)? = graph.operation(of: standstill) else { return waiters(standstill, graph) }
                return UnitSurvey.process(of: standstill.start).map { [.process($0)] }
            default: return nil
            }
        }

        /// Who waits at the same place for an object that is made for each who waits there.
        private static func waiters(_ standstill: Standstill, _ graph: WaitGraph) -> Set<NodeKey>? {
            let (wait, frames): (ManagedWait?, [Frame]?) = switch standstill.path.last?.from {
            case .thread(_, let tid)?: (graph.index.thread(tid)?.managedWait, graph.index.thread(tid)?.managedStack?.elements)
            case .task(let pid, let id)?: (graph.index.task(pid, id)?.managedWait, graph.index.task(pid, id)?.backtrace.elements)
            default: (nil, nil)
            }
            guard let wait, wait.kind == .event || wait.kind == .future, let label = StackShape(frames ?? []).ownLabel, let pid = UnitSurvey.process(of: standstill.end) else { return nil }
            return [.process(pid), .peer("\(wait.kind.rawValue) \(label)")]
        }
    }
}
