package import Evidence
package import WaitGraph

/// A standstill's path in plain words, each step with the evidence for it.
package struct ChainWriter {
    package let graph: WaitGraph
    var index: SnapshotIndex { graph.index }

    package init(_ graph: WaitGraph) { self.graph = graph }

    package func links(_ standstill: Standstill) -> [ChainLink] {
        var links: [ChainLink] = []
        for edge in standstill.path.prefix(64) where !isBridge(edge, standstill) {
            links.append(link(edge.from, detail: detail(edge), since_s: edge.since_s, evidence: edge.evidence + cite(edge.from)))
        }
        links.append(link(standstill.end, detail: ending(standstill), since_s: since(standstill), evidence: cite(standstill.end) + (standstill.path.last?.evidence ?? [])))
        return links
    }

    /// "Process has thread" only leads on: the thread's own step says it all.
    private func isBridge(_ edge: WaitEdge, _ standstill: Standstill) -> Bool {
        if edge.relation == .runsOn, case .process = edge.from { return true }
        return false
    }

    private func link(_ node: NodeKey, detail: String, since_s: Double?, evidence: [EvidencePath]) -> ChainLink {
        var seen: Set<EvidencePath> = []
        let unique = evidence.filter { seen.insert($0).inserted }
        return ChainLink(
            kind: kind(node), label: NodeText.short(node, index), detail: detail, since_s: since_s.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil },
            evidence: unique.isEmpty ? [index.path(.processes)] : unique)
    }

    private func kind(_ node: NodeKey) -> ChainLink.Kind {
        switch node {
        case .job: .job
        case .span: .span
        case .task: .task
        case .actor: .actor
        case .thread: .thread
        case .process: .process
        case .futex: .lock
        case .descriptor: .descriptor
        case .socket: .socket
        case .peer: .peer
        case .pipe: .pipe
        case .fileLock: .lock
        case .timer: .timer
        case .executor: .queue
        }
    }

    /// The chain as people read it: a circle's last step would only repeat its first.
    package func shown(_ links: [ChainLink], _ standstill: Standstill) -> [ChainLink] {
        guard case .cycle = standstill.ending, links.count > 2, let last = links.last, links.dropLast().contains(where: { $0.label == last.label }) else { return links }
        var shorter = Array(links.dropLast())
        shorter[shorter.count - 1].detail += ", and so the circle closes"
        return shorter
    }

    private func detail(_ edge: WaitEdge) -> String {
        let to = NodeText.brief(edge.to, index)
        switch edge.relation {
        case .locks, .parksOn: return "waits for \(to)" + (isManaged(edge.to) ? "" : " (\(lastOf(edge.knownFrom)))")
        case .heldBy where edge.knownFrom == WaitGraph.byCount: return "is to be left by \(to) (\(edge.knownFrom))"
        case .heldBy: return "is held by \(to)\(taken(edge.from))\(inferred(edge))"
        case .joins: return "waits for \(to) to end"
        case .reads: return "waits to read"
        case .writes: return "waits to write"
        case .accepts: return "waits for a connection"
        case .connects: return "connects"
        case .polls: return "polls"
        case .opens: return index.thread(ofNode: edge.from)?.openedFIFO ?? "opens a FIFO that nobody opens at the other end"
        case .otherEnd: return "has \(to) at its other end"
        case .waitsForExit: return "waits for \(to) to exit"
        case .sleeps: return "sleeps"
        case .locksFile: return "waits for \(to)"
        case .runsOn: return "runs on \(to)"
        case .awaits: return "awaits \(to)"
        case .queuedOn where isPeer(edge.to): return "waits in the client's pool for a connection to \(to)"
        case .queuedOn: return "is queued on \(to)"
        case .performs: return "performs \(to)"
        case .stoppedBy: return "is stopped"
        }
    }

    private func isPeer(_ node: NodeKey) -> Bool { if case .peer = node { true } else { false } }

    /// "caller pthread_mutex_lock; owner field of pthread_mutex_t": the last part says how it is known.
    private func lastOf(_ known: String) -> String { known.split(separator: ";").last.map { String($0.drop { $0 == " " }) } ?? known }

    /// What a process does, by its main thread.
    package func doing(_ pid: Int32) -> String? {
        let key = NodeKey.thread(pid: pid, tid: pid)
        if let process = index.process(pid), ["T", "t"].contains(process.state) { return "is stopped" }
        if let rest = graph.rest[key] { return rest }
        guard let edge = graph.out(key).first else { return nil }
        if edge.relation == .sleeps, let asked = index.thread(pid)?.wait?.timeout_s, asked >= 1 { return "sleeps (\(NodeText.seconds(asked)) asked for)" }
        return detail(edge)
    }

    package func cite(_ node: NodeKey) -> [EvidencePath] {
        switch node {
        case .task(let pid, let id): index.taskRow[.init(pid: pid, id: id)].map { [index.path(.tasks, $0)] } ?? []
        case .actor(let pid, let address): index.actorRow[.init(pid: pid, id: address)].map { [index.path(.actors, $0)] } ?? []
        case .thread(_, let tid), .timer(_, let tid): index.threadRow[tid].map { [index.path(.threads, $0)] } ?? []
        case .process(let pid): index.processRow[pid].map { [index.path(.processes, $0)] } ?? []
        case .descriptor(let pid, let fd): index.descriptorRow[.init(pid: pid, fd: fd)].map { [index.path(.descriptors, $0)] } ?? []
        case .socket(let inode, _):
            (index.socketRow[inode] ?? index.sockets.indices.first { index.key(ofSocket: $0) == node }).map { [index.path(.sockets, $0)] } ?? []
        case .pipe(let inode): index.pipeRow[inode].map { [index.path(.pipes, $0)] } ?? []
        case .fileLock(let row): [index.path(.locks, row)]
        default: []
        }
    }

    private func since(_ standstill: Standstill) -> Double? {
        if case .socket(let standing) = standstill.ending {
            switch standing {
            case .owed(let since, _), .quiet(let since), .served(let since): return since
            default: break
            }
        }
        return standstill.path.last?.since_s
    }

    private func unreachability(of node: NodeKey) -> String {
        guard case .task(let pid, let id) = node, let words = index.task(pid, id)?.unreachability else { return "" }
        return words
    }

    package func ending(_ standstill: Standstill) -> String {
        switch standstill.ending {
        case .cycle(let edges): "the circle closes: \(circle(edges))"
        case .ownerGone: "its holder \(ThreadLockRule.gone)"
        case .holderLost: "no other thread can hold it: its holder has exited, or is the very thread that waits for it"
        case .ownerSelf: "its holder is the very thread that waits for it"
        case .holderAtRest(let why): "holds the lock and \(why)"
        case .neverSignalled where EventLoopRule.isLoopStopped(standstill, graph): "the event loop that was to bring it about has stopped: no thread runs it"
        case .neverSignalled where isManaged(standstill.end): "no thread is left that could end this wait"
        case .neverSignalled(.barrier): "not all threads will come to it"
        case .neverSignalled: "no thread is left to signal it"
        case .neverWoken: "nobody is left to write to it"
        case .timer(let asked): "asleep by its own timer" + (asked.map { ", \(NodeText.seconds($0)) asked for" } ?? "")
        case .socket(let standing): SocketText.standing(standing, row(standstill.end), index)
        case .fileLock: "holds it" + (holderDoing(standstill.end).map { ", and \($0)" } ?? "")
        case .databaseLock: "not released by the session that holds it"
        case .pipeOpen(let holders): "open for writing in \(Self.names(holders, index))"
        case .pipeFull(let readers): "full; its reader \(Self.names(readers, index)) does not read"
        case .queueFull(let readers): "full; \(readers.isEmpty ? "nobody is known to read from it" : "its reader \(Self.names(readers, index)) takes nothing out")"
        case .partnerGone(let pid): "pid \(pid), which took its last message, has exited"
        case .noPartner: "nobody opens its other end"
        case .stopped: "stopped by a signal or a debugger"
        case .disk: "a device or file system that does not answer"
        case .childStays(let why): "does not exit: \(why)"
        case .childEndless: "goes round in a loop that only cancellation would end, and nobody cancels it"
        case .signalMissed: "has ended, and its signal came before the wait: no other child is left to send one"
        case .busy: "uses the processor all the time"
        case .nameLookup: "resolves a name; no answer"
        case .descriptorsExhausted: "no descriptor is left"
        case .nobodyResumes: "suspended at a continuation\(unreachability(of: standstill.end)): nothing that runs or can be woken can resume it"
        case .unfulfilled(let since): "the last bytes came in \(NodeText.seconds(since)) ago and were taken in, and both ends are at rest"
        case .connectionsTaken(let count, let unread): "all \(count) connections to it are taken" + (unread > 0 ? ", \(unread) by answers that nobody reads" : "")
        case .workersExhausted(let threads): "all \(threads) of its threads wait for work that lies in its own queue"
        case .poolFull(let threads): "all \(threads) threads of its pool stand in tasks that wait for other tasks"
        case .poolStarved(let blocked, let width): "all \(blocked) threads block inside tasks (\(width) processors): no task can run"
        case .taskAtRest(let why): "suspended at \(why)"
        case .nothingRuns where UnitSurvey.process(of: standstill.end).map(graph.lulled.contains) == true:
            "suspended, and what still ticks in the process comes to no code that lets others go on, nor is a timer or event source left that could end it"
        case .nothingRuns: "suspended, and nothing in the process can run any more: no thread, timer or event source is left that could end it"
        case .executorStands: "enqueued, and its executor runs nothing: no thread, timer or event source is left that would make it"
        case .requestUnanswered(let row, let since): "suspended at a continuation in the middle of a request that came in \(NodeText.seconds(since)) ago from \(peer(row)), without an answer since"
        case .shutdownAwaits(let isStream): "waits for \(isStream ? "the next element of a stream" : "a continuation") although its service group was told to shut down"
        case .cancelledStays(let isBusy): isBusy ? "was cancelled and computes on" : "was cancelled and goes on waiting"
        case .loopShutDown: "waits for an event loop that was shut down: nothing scheduled on it will ever run"
        case .streamOpen: "iterates over a stream that nobody finishes"
        case .unnamed(let why): why
        }
    }

    private func peer(_ row: Int) -> String { index.sockets.indices.contains(row) ? index.sockets[row].remote?.description ?? "its client" : "its client" }

    private func managed(_ node: NodeKey) -> ManagedWait? {
        if case .futex(let pid, let address) = node { index.managedObject(pid, address) } else { nil }
    }

    private func isManaged(_ node: NodeKey) -> Bool { managed(node) != nil }

    /// Where a lock was taken.
    private func taken(_ lock: NodeKey) -> String {
        managed(lock)?.ownerFrame.map { ", taken in \(StackShape.label($0))" } ?? ""
    }

    /// How the holder of a lock that does not name it is known.
    private func inferred(_ edge: WaitEdge) -> String {
        switch edge.knownFrom {
        case WaitGraph.guardOnStack: ", whose stack keeps its address (the lock itself does not say who holds it)"
        case WaitGraph.byElimination: " (the lock does not say so; \(edge.knownFrom))"
        default: ""
        }
    }

    private func row(_ node: NodeKey) -> SocketRecord? {
        guard case .socket(let inode, _) = node else { return nil }
        return (index.socketRow[inode] ?? index.sockets.indices.first { index.key(ofSocket: $0) == node }).map { index.sockets[$0] }
    }

    private func circle(_ edges: [WaitEdge]) -> String {
        let names = edges.prefix(16).compactMap { edge -> String? in
            switch edge.from {
            case .thread, .task, .process, .actor: NodeText.brief(edge.from, index)
            default: nil
            }
        }
        return (names + names.prefix(1)).joined(separator: " -> ")
    }

    private func holderDoing(_ node: NodeKey) -> String? {
        guard case .process(let pid) = node else { return nil }
        return doing(pid)
    }

    static func names(_ holders: [DescriptorReference], _ index: SnapshotIndex) -> String {
        var seen: Set<Int32> = []
        let names = holders.filter { seen.insert($0.pid).inserted }.prefix(4).map(index.title)
        return names.isEmpty ? "nobody" : names.joined(separator: ", ")
    }
}
