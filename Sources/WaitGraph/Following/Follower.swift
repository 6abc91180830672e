import Evidence

/// Follows waits to their end. Bounded: `depthLimit` edges a path and `stepLimit` steps in all.
package struct Follower {
    package let graph: WaitGraph
    var index: SnapshotIndex { graph.index }
    var activity: Activity { graph.activity }

    static let depthLimit = 36
    private static let stepLimit = 400_000
    var steps = 0
    /// Nodes on the path being followed, in order, with the edge that led to the next.
    var trail: [WaitEdge] = []
    var onTrail: [NodeKey: Int] = [:]
    /// Event loops within event loops that are being followed.
    static let loopLimit = 6
    var loopDepth = 0
    /// Loops whose timers are taken to bring about nothing: they fired again and again.
    package var ticking: Set<NodeKey> = []

    package init(_ graph: WaitGraph) { self.graph = graph }

    /// Where the waits of `node` lead.
    package mutating func outcome(of node: NodeKey) -> Outcome {
        steps += 1
        guard steps < Self.stepLimit, trail.count < Self.depthLimit else { return .unclear("the chain is too long to follow") }
        if let position = onTrail[node] {
            let circle = Array(trail[position...])
            return .stuck(Standstill(end: node, ending: .cycle(circle), isCommitted: true))
        }
        onTrail[node] = trail.count
        defer { onTrail[node] = nil }
        switch node {
        case .thread(let pid, let tid): return thread(pid, tid)
        case .process(let pid): return process(pid)
        case .futex: return lock(node)
        case .fileLock(let row): return fileLock(row)
        case .socket: return .unclear("a connection needs its user")
        case .task(let pid, let id): return task(pid, id)
        case .actor(let pid, let address): return actor(pid, address)
        case .executor(let pid, _): return graph.out(node).isEmpty ? pool(pid) : managedPool(node, pid)
        case .job, .span, .descriptor, .peer, .pipe, .timer: return .unclear("nothing more is known about it")
        }
    }

    /// Follows the step to the other end of a connection or pipe, with the one to that on the trail.
    mutating func follow(_ across: WaitEdge, behind edge: WaitEdge) -> Outcome {
        trail.append(edge)
        onTrail[edge.to] = trail.count - 1
        defer {
            onTrail[edge.to] = nil
            trail.removeLast()
        }
        return follow(across)
    }

    /// Follows one edge, and puts it in front of what is found.
    mutating func follow(_ edge: WaitEdge) -> Outcome {
        trail.append(edge)
        let found = outcome(of: edge.to)
        trail.removeLast()
        return prefix(edge, found)
    }

    func prefix(_ edge: WaitEdge, _ outcome: Outcome) -> Outcome {
        switch outcome {
        case .stuck(let standstill): .stuck(standstill.following(edge))
        case .parked(let standstill): .parked(standstill.following(edge))
        default: outcome
        }
    }

    /// A standstill that ends at this edge's target.
    func ends(_ edge: WaitEdge, _ ending: Ending, committed: Bool = true) -> Outcome {
        .stuck(Standstill(path: [edge], end: edge.to, ending: ending, isCommitted: committed || edge.isCommitted))
    }

    /// Of several alternatives, any of which would do: the hopeful one decides.
    func any(_ outcomes: [Outcome]) -> Outcome {
        if let moving = outcomes.first(where: { if case .advancing = $0 { true } else { false } }) { return moving }
        if let rest = outcomes.first(where: { if case .atRest = $0 { true } else { false } }) { return rest }
        if let parked = outcomes.first(where: { if case .parked = $0 { true } else { false } }) { return parked }
        if let unclear = outcomes.first(where: { if case .unclear = $0 { true } else { false } }) { return unclear }
        // An input that somebody keeps open might go on; what is owed decides.
        let owed = outcomes.filter { if case .stuck(let standstill) = $0, case .pipeOpen = standstill.ending { false } else { true } }
        return Self.worst(owed) ?? Self.worst(outcomes) ?? .unclear("nothing to follow")
    }

    /// The stuck outcome that says most: a longer path means that more was followed.
    static func worst(_ outcomes: [Outcome]) -> Outcome? {
        let stuck = outcomes.compactMap { if case .stuck(let standstill) = $0 { standstill } else { nil } }
        return stuck.max { ($0.isCommitted ? 1 : 0, $0.path.count) < ($1.isCommitted ? 1 : 0, $1.path.count) }.map { .stuck($0) }
    }
}
