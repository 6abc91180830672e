import Evidence
import WaitGraph

/// Waits between Swift tasks, actors, executors and event loops.
struct SwiftTaskRule: DiagnosisRule {
    let causes: [Cause] = [
        .continuationNeverResumed, .cooperativePoolStarved, .taskCycle, .actorBlocked, .eventLoopBlocked, .childTaskNeverEnds, .streamNeverFinished,
    ]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        var found = evidence.units.standstills.compactMap { candidate($0, graph) }
        found += evidence.units.standstills.compactMap { eventLoop($0, graph) }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func candidate(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let end = NodeText.short(standstill.end, graph.index)
        switch standstill.ending {
        case .nobodyResumes:
            let maker = created(standstill.end, graph).map { ", created in `\($0)`" } ?? ""
            return .root(.continuationNeverResumed, standstill, graph, "\(end) is suspended at a continuation\(maker) that nothing in memory can resume")
        case .streamOpen: return .root(.streamNeverFinished, standstill, graph, "\(end) iterates over a stream that nobody can feed or finish")
        case .poolStarved(let blocked, let width):
            return .root(.cooperativePoolStarved, standstill, graph, "All \(blocked) threads of the cooperative pool (\(width) processors) block inside tasks: no other task can run")
        case .cycle(let edges): return circle(edges, standstill, graph)
        case .holderAtRest, .neverSignalled:
            guard let actor = standstill.path.first(where: { $0.relation == .queuedOn }) else { return nil }
            if case .executor = actor.to { return nil }
            return .root(.actorBlocked, standstill, graph, "\(NodeText.short(actor.to, graph.index)) is held by \(end), which blocks: tasks queue on the actor")
        default: return nil
        }
    }

    private func created(_ node: NodeKey, _ graph: WaitGraph) -> String? {
        guard case .task(let pid, let id) = node else { return nil }
        return graph.index.task(pid, id)?.wait?.createdBy
    }

    private func circle(_ edges: [WaitEdge], _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let nodes = edges.map(\.from)
        if nodes.allSatisfy({ if case .task = $0 { true } else { false } }) {
            return .root(.taskCycle, standstill, graph, "\(nodes.count) tasks await each other: \(nodes.map { NodeText.short($0, graph.index) }.joined(separator: " -> "))")
        }
        if nodes.contains(where: { if case .executor = $0 { true } else { false } }) {
            return .root(.cooperativePoolStarved, standstill, graph, "Tasks block the threads of the cooperative pool and wait for tasks that need one of them")
        }
        if nodes.contains(where: { if case .actor = $0 { true } else { false } }) {
            return .root(.actorBlocked, standstill, graph, "An actor's thread blocks on work that waits for the same actor")
        }
        return nil
    }

    /// A thread of an event loop that waits anywhere but in its own poll.
    private func eventLoop(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        for edge in standstill.path {
            guard case .thread(_, let tid) = edge.from, let thread = graph.index.thread(tid) else { continue }
            let shape = StackShape(thread)
            guard shape.contains(anyOf: ["SelectableEventLoop.run", "SelectableEventLoop.wakeup", "uv_run", "event_base_loop", "ev_run"]) else { continue }
            guard edge.relation == .parksOn || edge.relation == .locks || edge.relation == .sleeps || edge.relation == .joins else { continue }
            var candidate = Candidate.root(.eventLoopBlocked, standstill, graph, "\(NodeText.short(edge.from, graph.index)) is an event loop and blocks: nothing else on it can go on")
            switch standstill.ending {
            case .neverSignalled, .timer, .neverWoken: candidate.rank = 4
            default: candidate.role = .contributing
            }
            return candidate
        }
        return nil
    }
}
