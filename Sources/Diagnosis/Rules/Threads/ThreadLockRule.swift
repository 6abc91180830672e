import Evidence
import WaitGraph

/// Mutexes and read-write locks: circles, holders that are gone or at rest.
struct ThreadLockRule: DiagnosisRule {
    let causes: [Cause] = [.lockCycle, .lockAbandoned, .lockHolderBlocked]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let found = evidence.units.standstills.flatMap { candidates($0, graph) }
        if !found.isEmpty { return .supported(found) }
        let waits = graph.allEdges.contains { $0.relation == .locks }
        guard evidence.hasSnapshot, graph.index.snapshot.threads.status != .unavailable else { return .unknown("threads were not seen") }
        return waits ? .unknown(nil) : .refuted(.lockCycle, because: "no thread waits for a lock")
    }

    private func candidates(_ standstill: Standstill, _ graph: WaitGraph) -> [Candidate] {
        switch standstill.ending {
        case .cycle(let edges): return circle(edges, standstill, graph)
        case .ownerGone where isManaged(standstill.end, graph):
            return [.root(.lockAbandoned, standstill, graph, "\(NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)) waits for \(NodeText.short(standstill.end, graph.index)), which no thread is left to release")]
        case .ownerGone:
            let who = NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)
            return [.root(.lockAbandoned, standstill, graph, "\(who) waits for a lock whose holder, \(holder(standstill, graph)), \(Self.gone)")]
        case .holderLost:
            return [.root(
                .lockAbandoned, standstill, graph,
                "\(NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)) waits for a lock that no other thread can hold: its holder has exited, or is itself")]
        case .ownerSelf:
            // Where the lock does not say so, the stack does.
            let isTold = graph.out(standstill.end).contains { $0.knownFrom == WaitGraph.guardOnStack }
            return [.root(
                .lockAbandoned, standstill, graph,
                "\(NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)) waits for a lock that it holds itself\(isTold ? ", as its own stack shows" : "")")]
        case .holderAtRest(let why) where locks(standstill):
            return [.root(.lockHolderBlocked, standstill, graph, "\(NodeText.short(standstill.end, graph.index)) holds a lock that others need, and \(why)")]
        default:
            guard locks(standstill), let lock = standstill.path.first(where: { $0.relation == .locks }) else { return [] }
            var contributing = Candidate.root(
                .lockHolderBlocked, standstill, graph,
                "A lock that \(NodeText.short(lock.from, graph.index)) waits for is held through another wait, and stays held until that ends: \(ChainWriter(graph).ending(standstill))")
            contributing.role = .contributing
            return [contributing]
        }
    }

    /// A child has none of the threads of its parent but the one that forked it, and all of their locks.
    static let gone = "is not there to release it: it has exited, or fork(2) left it behind in the parent"

    private func isManaged(_ node: NodeKey, _ graph: WaitGraph) -> Bool {
        if case .futex(let pid, let address) = node { graph.index.managedObject(pid, address) != nil } else { false }
    }

    private func locks(_ standstill: Standstill) -> Bool { standstill.path.contains { $0.relation == .locks } }

    private func holder(_ standstill: Standstill, _ graph: WaitGraph) -> String {
        guard case .thread(_, let tid)? = standstill.path.last?.from, let owner = graph.index.thread(tid)?.wait?.futex?.ownerTID else { return "its holder" }
        return "thread \(owner)"
    }

    private func circle(_ edges: [WaitEdge], _ standstill: Standstill, _ graph: WaitGraph) -> [Candidate] {
        let locks = edges.filter { $0.relation == .locks || $0.relation == .locksFile }
        let joins = edges.contains { $0.relation == .joins }
        if locks.isEmpty, !edges.isEmpty, edges.allSatisfy({ $0.relation == .joins }) {
            let names = edges.map { NodeText.short($0.from, graph.index) }
            return [.root(.lockCycle, standstill, graph, "\(names.count) threads wait for each other to end: " + Self.listed(names))]
        }
        // A circle through one file lock is that lock's: FileLockRule names its holder.
        guard locks.count >= 2 || locks.count == 1 && joins && locks[0].relation == .locks || locks.count == 1 && locks[0].relation == .locks else { return [] }
        let threads = edges.compactMap { edge -> String? in
            if case .task = edge.from { return NodeText.short(edge.from, graph.index) }
            return if case .thread = edge.from { NodeText.short(edge.from, graph.index) } else { nil }
        }
        if edges.count == 2, threads.count == 1, edges.contains(where: { $0.relation == .heldBy }) { return [.root(.lockAbandoned, standstill, graph, "\(threads[0]) waits for a lock that it holds itself")] }
        let tasks = edges.contains { if case .task = $0.from { true } else { false } }
        return [.root(.lockCycle, standstill, graph, threads.count == 1 ? "\(threads[0]) waits, by a detour, for a lock that it holds itself" : "\(threads.count) \(tasks ? "tasks" : "threads") wait for each other\(locks.count == threads.count ? "'s locks" : ""): \(Self.listed(threads))")]
    }

    private static func listed(_ names: [String]) -> String {
        names.count == 2 ? names.joined(separator: " and ") : names.joined(separator: " -> ") + " -> the first again"
    }
}
