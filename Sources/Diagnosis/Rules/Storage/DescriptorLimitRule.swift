import Evidence
import WaitGraph

/// No descriptor is left: nothing can be accepted, opened or connected.
struct DescriptorLimitRule: DiagnosisRule {
    let causes: [Cause] = [.descriptorsExhausted]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        var found: [Candidate] = []
        for (row, process) in graph.index.processes.enumerated() where process.role != .followed {
            guard let count = process.descriptorCount, let limit = process.descriptorLimit, limit > 0 else { continue }
            guard count >= limit else { continue }
            let end = NodeKey.process(process.identity.pid)
            var candidate = Candidate.root(
                .descriptorsExhausted, Standstill(end: end, ending: .descriptorsExhausted, isCommitted: true), graph,
                "pid \(MachineShift.ownID(process.identity.pid)) (\(process.name)) has \(count) descriptors open, as many as its limit allows: it can neither accept nor open anything")
            let before = graph.activity.earlier?.process(process.identity.pid)
            candidate.isPersistent = (before?.descriptorCount ?? 0) >= limit
            // At its limit it may still have all it needs; somebody who waits to be accepted, or a thread that tries again, does not.
            let turnedAway = (graph.index.socketRows[process.identity.pid] ?? []).contains {
                graph.index.sockets[$0].state == .listening && graph.index.sockets[$0].receiveQueue > 0
            }
            candidate.rank = turnedAway || graph.activity.isActive(process.identity.pid) == true ? 3 : 0
            candidate.cited = [CitedEvidence(graph.index.path(.processes, row), "\(count) of \(limit) descriptors in use")]
            found.append(candidate)
        }
        for standstill in evidence.units.standstills {
            guard case .descriptorsExhausted = standstill.ending, case .process(let pid) = standstill.end, let row = graph.index.processRow[pid] else { continue }
            let count = graph.index.processes[row].descriptorCount ?? 0
            var candidate = Candidate.root(
                .descriptorsExhausted, standstill, graph, "pid \(pid) (\(graph.index.name(of: pid))) has \(count) descriptors open, as many as its limit allows: it can neither accept nor open anything")
            candidate.rank = 3
            found.append(candidate)
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }
}
