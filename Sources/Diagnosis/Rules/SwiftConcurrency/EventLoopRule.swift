import Evidence
import WaitGraph

/// Event loops: blocked, shut down while somebody still waits for them, or made again and again and never shut down.
struct EventLoopRule: DiagnosisRule {
    let causes: [Cause] = [.eventLoopBlocked, .eventLoopShutDown, .eventLoopLeaked]

    /// A group has at most two loops a processor (System.coreCount, which counts hyperthreads); more than this many are several groups.
    private static let loopsPerProcessor = 8
    private static let fewestLoops = 32

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        var found = evidence.units.standstills.compactMap { blocked($0, graph) ?? shutDown($0, graph) }
        found += evidence.subjectProcesses.compactMap { leaked($0, evidence, graph) }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    /// A thread of an event loop that waits anywhere but in its own poll.
    private func blocked(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        for (before, edge) in zip([nil] + standstill.path, standstill.path) {
            // A loop of the program's own is known by the set that nobody else could poll, or by its frames.
            let isOwn = [WaitGraph.unpolled, WaitGraph.midRound].contains(before?.knownFrom)
            guard case .thread(_, let tid) = edge.from, let thread = graph.index.thread(tid), isOwn || StackShape(thread).runsEventLoop,
                isOwn || [.parksOn, .locks, .sleeps, .joins].contains(edge.relation)
            else { continue }
            var candidate = Candidate.root(.eventLoopBlocked, standstill, graph, "\(NodeText.short(edge.from, graph.index)) is an event loop and blocks: nothing else on it can go on")
            if isOwn { candidate.remedy = Self.remedyOfOwn }
            switch standstill.ending {
            case .neverSignalled, .timer, .neverWoken: candidate.rank = 5
            // What it waits for waits for the loop itself: whatever else lies between them, it is the wait on the loop's thread that closes the circle.
            case .cycle(let circle) where circle.contains { $0.to == edge.from && $0.relation == .queuedOn }: candidate.rank = 6
            default: candidate.role = .contributing
            }
            return candidate
        }
        return nil
    }

    private static let remedyOfOwn = "Never wait on the thread of a loop: what the loop itself is to do, do at once where the caller is on its thread; what others do, go on with when they tell the loop, by a callback or a task of its queue."

    private func shutDown(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let isStopped = Self.isLoopStopped(standstill, graph)
        if case .loopShutDown = standstill.ending {} else if !isStopped { return nil }
        var candidate = Candidate.root(
            .eventLoopShutDown, standstill, graph,
            "\(NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)) waits for work on an event loop that was shut down: no thread runs the loop any more")
        candidate.rank = 5
        if isStopped {
            candidate.remedy = "Stop a loop only after all that was given to it has ended: refuse new work first, await or cancel the tasks on it, and then call `loop.stop()`; "
                + "let whoever gives it work learn that it has stopped, and wait with a limit: `result(timeout=)`."
        }
        return candidate
    }

    /// Whether who waits waits for an event loop of its language that nobody runs any more.
    static func isLoopStopped(_ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        guard case .neverSignalled = standstill.ending else { return false }
        return graph.index.managedWait(of: standstill.path.last?.from ?? standstill.end)?.isLoopStopped == true
    }

    private func leaked(_ pid: Int32, _ evidence: DiagnosisCase, _ graph: WaitGraph) -> Candidate? {
        let rows = (graph.index.threadRows[pid] ?? []).filter { StackShape(graph.index.threads[$0]).runsEventLoop }
        let processors = max(1, graph.index.snapshot.host.processors)
        guard rows.count >= max(Self.fewestLoops, Self.loopsPerProcessor * processors) else { return nil }
        let before = graph.activity.earlier.map { earlier in earlier.threads(of: pid).count { StackShape($0).runsEventLoop } }
        let growth = before.map { rows.count - $0 } ?? 0
        let polls = graph.index.descriptors(of: pid).count { $0.kind == .epoll }
        var candidate = Candidate(
            .eventLoopLeaked, .contributing,
            summary: "\(rows.count) threads run event loops on \(processors) processors, with \(polls) epoll descriptors"
                + (growth > 0 ? ", \(growth) more than \(NodeText.seconds(graph.activity.window_s)) before" : "") + ": groups of loops are made and never shut down",
            cited: rows.prefix(3).map { CitedEvidence(graph.index.path(.threads, $0), "an event loop's thread") })
        candidate.isPersistent = before.map { $0 >= Self.fewestLoops } ?? false
        return candidate
    }
}
