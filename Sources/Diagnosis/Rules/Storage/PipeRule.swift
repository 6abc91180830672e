import Evidence
import WaitGraph

/// Pipes and FIFOs that end a chain or close a circle.
struct PipeRule: DiagnosisRule {
    let causes: [Cause] = [.pipeFull, .pipeNeverClosed, .noOtherEnd]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let found = evidence.units.standstills.compactMap { candidate($0, graph) }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func candidate(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        switch standstill.ending {
        case .pipeOpen(let holders):
            return .root(.pipeNeverClosed, standstill, graph, "A reader waits for the end of a pipe that \(ChainWriter.names(holders)) still holds open for writing")
        case .pipeFull(let readers):
            return .root(.pipeFull, standstill, graph, "A pipe is full and its reader, \(ChainWriter.names(readers)), does not read")
        case .partnerGone(let pid):
            return .root(.noOtherEnd, standstill, graph, "An answer is awaited from a message queue, and pid \(pid), which took the request out of it, has exited")
        case .noPartner:
            return .root(.noOtherEnd, standstill, graph, "A FIFO is being opened and nobody opens its other end")
        case .cycle(let edges): return circle(edges, standstill, graph)
        default: return nil
        }
    }

    private func circle(_ edges: [WaitEdge], _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        func pipe(_ edge: WaitEdge) -> PipeRecord? {
            guard case .pipe(let inode) = edge.to, let row = graph.index.pipeRow[inode] else { return nil }
            return graph.index.pipes[row]
        }
        let pipes = edges.filter { if case .pipe = $0.to { true } else { false } }
        let waitsForExit = edges.contains { $0.relation == .waitsForExit }
        if let write = pipes.first(where: { $0.relation == .writes }), let full = pipe(write) {
            let reader = ChainWriter.names(full.readers.filter { reference in UnitSurvey.process(of: write.from) != reference.pid })
            return .root(
                .pipeFull, standstill, graph,
                "\(NodeText.short(write.from, graph.index)) writes to a full pipe whose reader, \(reader), \(waitsForExit ? "waits for it to exit" : "waits for it")")
        }
        guard let read = pipes.first(where: { $0.relation == .reads }), let open = pipe(read), waitsForExit || pipes.count >= 2 else { return nil }
        let holders = ChainWriter.names(open.writers.filter { reference in UnitSurvey.process(of: read.from) != reference.pid })
        return .root(
            .pipeNeverClosed, standstill, graph,
            "\(NodeText.short(read.from, graph.index)) waits for the end of a pipe that \(holders) holds open for writing, and is itself waited for")
    }
}
