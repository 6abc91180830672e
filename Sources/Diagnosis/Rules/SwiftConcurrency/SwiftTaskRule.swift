import Evidence
import WaitGraph

/// Waits of Swift tasks: for a continuation, a stream, each other, an actor or the pool.
struct SwiftTaskRule: DiagnosisRule {
    let causes: [Cause] = [
        .continuationNeverResumed, .cooperativePoolStarved, .taskCycle, .actorBlocked, .childTaskNeverEnds, .streamNeverFinished,
        .cancellationIgnored,
    ]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let found = evidence.units.standstills.compactMap { candidate($0, graph) }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func candidate(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let end = NodeText.short(standstill.end, graph.index)
        switch standstill.ending {
        case .nobodyResumes:
            return .root(.continuationNeverResumed, standstill, graph, "\(end) is suspended at a continuation\(maker(standstill.end, graph)) that nothing in memory can resume\(others(standstill))")
        case .streamOpen: return .root(.streamNeverFinished, standstill, graph, "\(end) iterates over a stream that nobody can feed or finish\(others(standstill))")
        case .unfulfilled(let since):
            let who = NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)
            return .root(
                .continuationNeverResumed, standstill, graph,
                "\(who) waits for a future of a connection whose other end is at rest: the last bytes came in \(NodeText.seconds(since)) ago and were taken in, and nothing fulfilled it")
        case .nothingRuns: return quiet(end, standstill, graph)
        case .executorStands:
            return .root(.actorBlocked, standstill, graph, "\(end) is enqueued on an executor\(executor(standstill.end, graph)) that runs nothing: its queue is suspended, or nobody is left who would run it\(others(standstill))", remedy: "Resume the DispatchQueue behind the executor on every path (`suspend` and `resume` in pairs, `defer`), keep an executor's thread alive as long as its actors, and have `enqueue` run every job that it is given.")
        case .requestUnanswered(let row, let since): return unanswered(end, row, since, standstill, graph)
        case .shutdownAwaits(let isStream):
            return .root(
                isStream ? .streamNeverFinished : .childTaskNeverEnds, standstill, graph,
                "A ServiceGroup was told to shut down and waits for \(end), which waits for \(isStream ? "the next element of a stream" : "a continuation") and does not end",
                remedy: "Let the service end when it is told to: `cancelOnGracefulShutdown()` on the sequence that it reads, `cancelWhenGracefulShutdown`, or `withGracefulShutdownHandler` that finishes the stream or resumes the continuation; bound the shutdown (`ServiceGroupConfiguration.maximumGracefulShutdownDuration`).")
        case .cancelledStays(let isBusy): return deaf(end, isBusy, standstill, graph)
        case .childEndless:
            let parent = NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)
            let isPython = task(standstill.end, graph)?.managedWait != nil
            return .root(
                .childTaskNeverEnds, standstill, graph, "\(parent) waits for its last child, \(end), which goes round in a loop without an end and is not cancelled",
                remedy: isPython ? "Keep the task that attends on others out of their group, or cancel it (`task.cancel()`) when the last of them is done." : "Cancel the group (`group.cancelAll()`) when the work is done on which the child attends, and let the child's loop end then: `while !Task.isCancelled`, and `try await Task.sleep` without `try?`.")
        case .timer: return sleepingChild(end, standstill, graph) ?? blockedActor(end, standstill, graph)
        case .poolStarved(let blocked, let width):
            return .root(.cooperativePoolStarved, standstill, graph, "All \(blocked) threads of the cooperative pool (\(width) processors) block inside tasks: no other task can run")
        case .cycle(let edges): return circle(edges, standstill, graph)
        case .holderAtRest, .neverSignalled: return blockedActor(end, standstill, graph)
        default: return nil
        }
    }

    /// How many more stand at the same place.
    private func others(_ standstill: Standstill) -> String {
        let count = standstill.alike.count - 1
        return count < 1 ? "" : "; \(count) other task\(count == 1 ? " stands" : "s stand") at the same place"
    }

    private func maker(_ node: NodeKey, _ graph: WaitGraph) -> String {
        task(node, graph)?.wait?.createdBy.map { ", created in `\($0)`," } ?? ""
    }

    private func task(_ node: NodeKey, _ graph: WaitGraph) -> TaskRecord? {
        guard case .task(let pid, let id) = node else { return nil }
        return graph.index.task(pid, id)
    }

    private func executor(_ node: NodeKey, _ graph: WaitGraph) -> String { task(node, graph)?.wait?.typeName.map { " (`\($0)`)" } ?? "" }

    private func unanswered(_ end: String, _ row: Int, _ since: Double, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate {
        let client = graph.index.sockets.indices.contains(row) ? graph.index.sockets[row].remote?.description ?? "a client" : "a client"
        return .root(
            .continuationNeverResumed, standstill, graph,
            "\(end), in the middle of answering a request, is suspended at a continuation\(maker(standstill.end, graph)) that nobody resumed since: \(client) asked \(NodeText.seconds(since)) ago and got no answer",
            remedy: "Resume the continuation on every path, under the key that it was stored with; bound the wait (race it against `Task.sleep` in a task group, with `withTaskCancellationHandler` resuming it), so that the client gets an answer in any case.")
    }

    /// The process is at its end: whoever holds the continuation cannot run any more.
    private func quiet(_ end: String, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        guard let wait = task(standstill.end, graph)?.wait else { return nil }
        let holder = wait.resumers?.elements.first.map { " (held by \($0))" } ?? ""
        let isLulled = UnitSurvey.process(of: standstill.end).map(graph.lulled.contains) == true
        let nobody = isLulled
            ? "and nothing in the process could: what still ticks there comes to no code that lets others go on"
            : "and no thread, timer or event source is left in the process that could"
        return wait.kind == .stream
            ? .root(.streamNeverFinished, standstill, graph, "\(end) iterates over a stream\(holder) that somebody would have to feed or finish, \(nobody)\(others(standstill))")
            : .root(.continuationNeverResumed, standstill, graph, "\(end) is suspended at a continuation\(maker(standstill.end, graph))\(holder) that somebody would have to resume, \(nobody)\(others(standstill))")
    }

    private func deaf(_ end: String, _ isBusy: Bool, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate {
        let waiter = standstill.path.last { $0.to == standstill.end && $0.relation == .awaits }.map { NodeText.short($0.from, graph.index) }
        let goesRound = task(standstill.end, graph)?.codeAhead?.ignoresCancellation == true
        var candidate = Candidate.root(
            .cancellationIgnored, standstill, graph,
            "\(end) was cancelled and \(goesRound ? "takes that for a failure, after which it goes round again" : isBusy ? "computes on" : "goes on waiting"); \(waiter ?? "another task") waits for it to end",
            remedy: goesRound ? "Let `CancelledError` through: catch `Exception`, and not `BaseException` or everything, around an `await` in a loop, or `raise` it again." : nil)
        candidate.rank = 4
        return candidate
    }

    /// A sleep this long is no pause: it was meant to last for ever.
    private static let forever_s = 300 * 86_400.0

    /// A task group or async let that waits for a child which sleeps for ever.
    private func sleepingChild(_ end: String, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        guard case .timer(let asked?) = standstill.ending, asked >= Self.forever_s, let child = task(standstill.end, graph), child.kind == .groupChild || child.kind == .asyncLet,
            let parent = standstill.path.last(where: { $0.relation == .awaits })
        else { return nil }
        var candidate = Candidate.root(
            .childTaskNeverEnds, standstill, graph,
            "\(NodeText.short(parent.from, graph.index)) waits for its child \(end), which sleeps for another \(NodeText.seconds(asked)) and is not cancelled")
        candidate.rank = 4
        return candidate
    }

    private func blockedActor(_ end: String, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        guard let queued = standstill.path.first(where: { if case .actor = $0.to { $0.relation == .queuedOn } else { false } }) else { return nil }
        var candidate = Candidate.root(
            .actorBlocked, standstill, graph,
            "\(NodeText.short(queued.to, graph.index)) is held by \(holder(standstill, graph) ?? end), which blocks: \(NodeText.short(queued.from, graph.index)) and others queue on the actor")
        candidate.rank = 4
        return candidate
    }

    private func holder(_ standstill: Standstill, _ graph: WaitGraph) -> String? {
        standstill.path.last { if case .thread = $0.from { true } else { false } }.map { NodeText.short($0.from, graph.index) }
    }

    private func circle(_ edges: [WaitEdge], _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let nodes = edges.map(\.from)
        if nodes.allSatisfy({ if case .task = $0 { true } else { false } }) {
            let names = nodes.map { NodeText.short($0, graph.index) }.joined(separator: " -> ")
            return .root(.taskCycle, standstill, graph, nodes.count == 1 ? "\(names) awaits itself" : "\(nodes.count) tasks await each other: \(names)")
        }
        if nodes.contains(where: { if case .executor = $0 { true } else { false } }) {
            return .root(.cooperativePoolStarved, standstill, graph, "Tasks block the threads of the cooperative pool and wait for tasks that need one of them")
        }
        if nodes.contains(where: { if case .actor = $0 { true } else { false } }) {
            return .root(.actorBlocked, standstill, graph, "An actor's thread blocks on work that waits for the same actor")
        }
        return nil
    }
}
