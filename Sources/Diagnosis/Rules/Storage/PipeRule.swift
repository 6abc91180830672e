import Evidence
import WaitGraph

/// Pipes and FIFOs that end a chain or close a circle.
struct PipeRule: DiagnosisRule {
    let causes: [Cause] = [.pipeFull, .pipeNeverClosed, .noOtherEnd, .peerSilent]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let found = evidence.units.standstills.compactMap { candidate($0, graph) }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func candidate(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        switch standstill.ending {
        case .pipeOpen(let holders):
            let reader = standstill.path.last { $0.relation == .reads }?.from ?? standstill.start
            let isOwn = holders.allSatisfy { $0.pid == UnitSurvey.process(of: reader) }
            return .root(
                .pipeNeverClosed, standstill, graph,
                "\(NodeText.short(reader, graph.index)) waits for the end of \(isSocket(standstill.end) ? "a socket pair" : "a pipe") that \(isOwn ? "its own process is the last to hold" : "\(ChainWriter.names(holders, graph.index)) still holds") open for writing")
        case .pipeFull(let readers):
            return .root(.pipeFull, standstill, graph, "A pipe is full and its reader, \(ChainWriter.names(readers, graph.index)), does not read")
        case .partnerGone(let pid):
            return .root(.noOtherEnd, standstill, graph, "An answer is awaited from a message queue, and pid \(pid), which took the request out of it, has exited")
        case .noPartner:
            let opener = standstill.path.last?.from ?? standstill.start
            return .root(.noOtherEnd, standstill, graph, "\(NodeText.short(opener, graph.index)) \(graph.index.thread(ofNode: opener)?.openedFIFO ?? "opens a FIFO, and nobody opens its other end")")
        case .cycle(let edges): return circle(edges, standstill, graph)
        default: return nil
        }
    }

    private func circle(_ edges: [WaitEdge], _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        // What is read comes when the lock is free: the circle is the lock's.
        if edges.contains(where: { $0.relation == .locks || $0.relation == .locksFile }) { return nil }
        let pipes = edges.filter { Channel($0.to, graph) != nil }
        let waitsForExit = edges.contains { $0.relation == .waitsForExit }
        if let write = pipes.first(where: { $0.relation == .writes }), let full = Channel(write.to, graph) {
            let reader = ChainWriter.names(full.readers.filter { reference in UnitSurvey.process(of: write.from) != reference.pid }, graph.index)
            return .root(
                .pipeFull, standstill, graph,
                "\(NodeText.short(write.from, graph.index)) writes to \(full.name) that is full, and whose reader, \(reader), \(waitsForExit ? "waits for it to exit" : "waits for it")")
        }
        let reads = pipes.filter { $0.relation == .reads }
        if !waitsForExit, reads.count >= 2, let read = reads.first, reads.allSatisfy({ unread($0.to, graph) > 0 }) {
            return .root(
                .peerSilent, standstill, graph,
                "\(NodeText.short(read.from, graph.index)) has written \(unread(read.to, graph)) bytes to a socket pair that nobody has read, and waits for the answer, while \(reads.count == 2 ? "the other" : "each of the others") waits for an answer in the same way")
        }
        // Of two that read from each other, the child waits for input that its parent could end.
        guard let read = reads.first(where: { isHeldByAncestor($0, graph) }) ?? reads.first, let open = Channel(read.to, graph), waitsForExit || pipes.count >= 2
        else { return nil }
        let holders = ChainWriter.names(open.writers.filter { reference in UnitSurvey.process(of: read.from) != reference.pid }, graph.index)
        return .root(
            .pipeNeverClosed, standstill, graph,
            "\(NodeText.short(read.from, graph.index)) waits to read from \(open.name), or for its end, while \(holders), which holds it open for writing, waits for \(waitsForExit ? "it to exit" : "its output")")
    }

    /// What was written into this end of a pair of sockets and lies at the other, in bytes.
    private func unread(_ node: NodeKey, _ graph: WaitGraph) -> Int {
        guard case .socket(let inode, _) = node, let row = graph.index.socketRow[inode], graph.isPair(graph.index.sockets[row]),
            let other = graph.index.sockets[row].peer?.inode.flatMap({ graph.index.socketRow[$0] })
        else { return 0 }
        return graph.index.sockets[other].receiveQueue
    }

    private func isHeldByAncestor(_ read: WaitEdge, _ graph: WaitGraph) -> Bool {
        guard let reader = UnitSurvey.process(of: read.from) else { return false }
        return Channel(read.to, graph)?.writers.contains { graph.index.isAncestor($0.pid, of: reader) } == true
    }

    private func isSocket(_ node: NodeKey) -> Bool { if case .socket = node { true } else { false } }
}

/// A pipe, or a pair of sockets that serves as two.
private struct Channel {
    var name: String
    var readers: [DescriptorReference]
    var writers: [DescriptorReference]

    init?(_ node: NodeKey, _ graph: WaitGraph) {
        switch node {
        case .pipe(let inode):
            guard let row = graph.index.pipeRow[inode] else { return nil }
            (name, readers, writers) = ("a pipe", graph.index.pipes[row].readers, graph.index.pipes[row].writers)
        case .socket(let inode, _):
            guard let row = graph.index.socketRow[inode], graph.isPair(graph.index.sockets[row]), let owners = graph.index.sockets[row].peer?.owners else { return nil }
            (name, readers, writers) = ("a socket pair", owners, owners)
        default: return nil
        }
    }
}

extension ThreadRecord {
    /// `opens FIFO /run/in to read; nobody has it open to write`, where its path could be read.
    var openedFIFO: String? {
        guard let detail = wait?.detail, detail.hasPrefix("opens FIFO "), !detail.hasPrefix("opens FIFO ?") else { return nil }
        return detail
    }
}
