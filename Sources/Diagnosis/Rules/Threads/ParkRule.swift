import Evidence
import WaitGraph

/// Waits to be signalled that nobody is left to signal, and sleeps that are far too long.
struct ParkRule: DiagnosisRule {
    let causes: [Cause] = [
        .conditionNeverSignalled, .semaphoreNeverSignalled, .barrierIncomplete, .timerTooFar, .poolExhausted, .threadPoolExhausted,
        .eventLoopBlocked, .actorBlocked,
    ]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        var found = evidence.units.standstills.compactMap { candidate($0, evidence, graph) }
        // A future of unknown origin waits for a pool that is shown to starve, as far as anybody can tell.
        if found.contains(where: { $0.cause == .threadPoolExhausted }) { found.removeAll { awaitsUnknownWork($0, graph) } }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func candidate(_ standstill: Standstill, _ evidence: DiagnosisCase, _ graph: WaitGraph) -> Candidate? {
        let waiter = standstill.path.last?.from ?? standstill.end
        let who = NodeText.short(waiter, graph.index)
        switch standstill.ending {
        case .timer(let asked):
            if case .thread(_, let tid) = waiter, let left = graph.index.thread(tid)?.wait?.future?.remaining_s {
                return .root(.timerTooFar, standstill, graph, "\(who) waits for what its event loop is to do only in \(NodeText.seconds(left))")
            }
            return .root(.timerTooFar, standstill, graph, "\(who) is asleep by its own timer" + (asked.map { ": \(NodeText.seconds($0)) were asked for" } ?? ""))
        case .neverSignalled where EventLoopRule.isLoopStopped(standstill, graph): return nil
        case .neverSignalled(let object):
            if case .task(let pid, let id) = waiter, let wait = graph.index.task(pid, id)?.managedWait {
                let nobody = "no task, timer, connection or thread"
                return lent(wait, StackShape(graph.index.task(pid, id)?.backtrace.elements ?? []), who, standstill, graph, nobody) ?? managed(wait, who, standstill, graph, nobody: nobody)
            }
            guard case .thread(let pid, let tid) = waiter, let thread = graph.index.thread(tid) else { return nil }
            if let wait = thread.managedWait { return starved(wait, thread, standstill, graph) ?? managed(wait, who, standstill, graph) }
            if thread.isMain, StackShape(thread).awaitsAtomics {
                return .root(.conditionNeverSignalled, standstill, graph, "\(who) waits in `Atomics.wait`, with its event loop standing, and no thread of the program is left to notify it")
            }
            if thread.wait?.kind == .sleep {
                return .root(.conditionNeverSignalled, standstill, graph, "\(who) sleeps and looks, again and again, at memory that nobody else is about to change")
            }
            if isScripted(thread, pid, graph) { return nil }
            if let operation = graph.operation(of: standstill) { return amid(operation, thread, who, object, standstill, graph) }
            if let pool = StackShape(thread).poolFunction() {
                return .root(.poolExhausted, standstill, graph, "\(who) waits for a free member of a pool (`\(pool)`) and nobody is left to give one back")
            }
            if thread.codeAhead?.enders == .takers, Follower(graph).isAmongItsOwn(thread) {
                return .root(.poolExhausted, standstill, graph, "\(who) waits for what only those give back who have taken it, and all that is left of those wait for it themselves")
            }
            if let size = submitters(pid, evidence, graph) {
                return .root(.threadPoolExhausted, standstill, graph, "All \(size) threads of a pool wait for work that only a thread of the same pool could do")
            }
            if object == .unknown, StackShape(thread).awaitsMessage {
                return .root(.conditionNeverSignalled, standstill, graph, "\(who) waits at a channel, and no thread is left that would send or take anything at its other end")
            }
            return named(object, who, standstill, graph, isDeserted: graph.understood(thread).wait?.futex?.isDeserted == true)
        case .cycle(let edges): return circle(edges, standstill, graph)
        case .workersExhausted(let threads):
            return .root(.threadPoolExhausted, standstill, graph, threads == 1 ? "The only thread of an executor waits for work that lies in the executor's own queue"
                : "All \(threads) threads of an executor wait for work that lies in the executor's own queue")
        case .poolFull(let threads):
            return .root(.threadPoolExhausted, standstill, graph, "All \(threads) threads of a pool are in the middle of tasks that wait for other tasks, and no thread is left to begin those")
        case .connectionsTaken(let count, let unread): return taken(count, unread, who, standstill, graph)
        case .neverWoken:
            return .root(.conditionNeverSignalled, standstill, graph, "\(who) waits to be woken through a descriptor of its own process, and no thread is left to write to it")
        case .signalMissed:
            var candidate = Candidate.root(
                .conditionNeverSignalled, standstill, graph,
                "\(who) waits for the signal of a child's end (SIGCHLD), \(NodeText.short(standstill.end, graph.index)) has ended already, and no other child is left to send one")
            candidate.remedy = "Block SIGCHLD before the child is started and wait with `sigsuspend` or `sigtimedwait` only while the flag is not set, so that no signal can come in between; or wait for the child itself (`waitpid`, a pidfd in poll)."
            return candidate
        default: return nil
        }
    }

    /// In the middle of an operation, with nobody left to end the wait.
    private func amid(_ operation: MidOperation, _ thread: ThreadRecord, _ who: String, _ object: FutexWait.ObjectKind, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        switch operation {
        case .permit(let count):
            let taken = count == 1 ? "its one permit is taken" : "all \(count) permits are taken"
            if let pool = StackShape(thread).poolFunction() {
                return .root(.poolExhausted, standstill, graph, "\(who) waits for a free member of a pool (`\(pool)`): \(taken), and nobody is left to give one back")
            }
            return .root(.semaphoreNeverSignalled, standstill, graph, "\(who) waits at a semaphore: \(taken), and nobody is left to give one back")
        case .serialQueue(let label, let queued):
            let blocks = queued == 1 ? "1 block that was" : "\(queued) blocks that were"
            let name = label.isEmpty ? "a serial queue" : "serial queue \"\(label)\""
            return .root(
                object == .semaphore ? .semaphoreNeverSignalled : .conditionNeverSignalled, standstill, graph,
                "\(who) waits inside a block of \(name) to be signalled, and nobody is left to do it but \(blocks) handed to that queue and cannot begin before this one returns")
        case .group(let entries):
            return .root(
                .semaphoreNeverSignalled, standstill, graph,
                "\(who) waits for a Dispatch group that was entered \(entries == 1 ? "once" : "\(entries) times") more than it was left, and nobody is left to leave it")
        case .forgotten:
            let what = graph.isGroup(standstill) ? "a Dispatch group" : "a semaphore"
            if thread.wait?.futex?.isLeftToExecutor == true, let executor = graph.index.actors.first(where: { $0.pid == thread.pid && $0.runningOnTID == thread.tid }) {
                return .root(
                    .actorBlocked, standstill, graph,
                    "\(who) runs the jobs of \(executor.typeName.map { "executor `\($0)`" } ?? "an executor"), and waits in one of them for \(what) that only what was handed to that executor could signal")
            }
            return .root(.semaphoreNeverSignalled, standstill, graph, "\(who) waits for \(what) that it made, and whoever was to signal it has let go of it: nobody who goes on can come to it")
        case .result(let what, let isNested):
            guard isNested, let count = graph.pooledWaiters(thread.pid) else {
                return .root(.conditionNeverSignalled, standstill, graph, "\(who) waits for \(what), and nobody is left to bring it about")
            }
            let all = count == 1 ? "The only thread at a pool's work waits" : "All \(count) threads at a pool's work wait"
            return .root(.threadPoolExhausted, standstill, graph, "\(all) for \(what), such as \(who), and no thread is left that could begin what they wait for")
        case .callback(let library):
            guard let found = named(object, who, standstill, graph) else { return nil }
            var candidate = found
            candidate.summary += ", in the middle of a call of \(library)"
            return candidate
        }
    }

    private func taken(_ count: Int, _ unread: Int, _ who: String, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate {
        var candidate = Candidate.root(
            .poolExhausted, standstill, graph,
            "\(who) waits for a free connection to \(NodeText.short(standstill.end, graph.index)): \(count == 1 ? "the only one is taken" : "all \(count) are taken")"
                + (unread > 0 ? ", \(unread == count ? "by answers" : "\(unread) of them by answers") whose bodies nobody reads" : ""))
        candidate.remedy = "Read every answer's body to its end, or let go of the answer, before the next request is awaited (AsyncHTTPClient: "
            + "`response.body.collect(upTo:)`); do not ask for a further connection while one is held, or allow for both "
            + "(`HTTPClient.Configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit`); give every request a deadline."
        return candidate
    }

    private func awaitsUnknownWork(_ candidate: Candidate, _ graph: WaitGraph) -> Bool {
        guard candidate.cause == .conditionNeverSignalled, case .thread(_, let tid)? = candidate.standstill?.path.last?.from else { return false }
        return graph.index.thread(tid)?.managedWait?.kind == .future
    }

    /// All threads of a pool wait, and what they wait for may lie in the pool's own queue: nobody else is left who could do it.
    private func starved(_ wait: ManagedWait, _ thread: ThreadRecord, _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        if let workers = wait.workers, wait.executor != nil, workers.contains(thread.tid) {
            return .root(
                .threadPoolExhausted, standstill, graph,
                "All \(workers.count) threads of an executor wait (\(NodeText.object(wait))), and work lies in its queue that none of them can begin")
        }
        return lent(wait, StackShape(thread), NodeText.short(.thread(pid: thread.pid, tid: thread.tid), graph.index), standstill, graph, "nobody")
    }

    /// A member of a pool that is waited for in its own terms: in a queue, at a condition, or at what the pool makes for each who waits.
    private func lent(_ wait: ManagedWait, _ shape: StackShape, _ who: String, _ standstill: Standstill, _ graph: WaitGraph, _ nobody: String) -> Candidate? {
        // Libraries wait by events and futures too; of the program's own these are mostly results.
        let isPlain = [.semaphore, .condition, .queueTake].contains(wait.kind)
        guard isPlain || [.event, .future].contains(wait.kind), wait.workers == nil, wait.processes == nil, let pool = shape.poolFunction(ofPackages: !isPlain) ?? (wait.isLoan == true ? shape.own.first?.function : nil)
        else { return nil }
        return .root(.poolExhausted, standstill, graph, "\(who) waits for a free member of a pool (`\(pool)`), and \(nobody) is left to give one back")
    }

    /// Threads that wait for each other's results or ends, with no lock among them.
    private func circle(_ edges: [WaitEdge], _ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        guard edges.contains(where: { $0.relation == .awaits || $0.relation == .parksOn }), !edges.contains(where: { [.locks, .locksFile, .reads, .writes].contains($0.relation) }) else { return nil }
        let threads = edges.compactMap { edge -> (NodeKey, ThreadRecord)? in
            if case .thread(_, let tid) = edge.from { graph.index.thread(tid).map { (edge.from, $0) } } else { nil }
        }
        guard !threads.isEmpty else { return nil }
        let names = threads.map { NodeText.short($0.0, graph.index) }
        if let loop = threads.first(where: { StackShape($0.1).contains(anyOf: ["BaseEventLoop._run_once"]) }) {
            return .root(.eventLoopBlocked, standstill, graph, "\(NodeText.short(loop.0, graph.index)) runs an event loop and blocks until work is done that needs the loop itself: \((names + names.prefix(1)).joined(separator: " -> "))")
        }
        if let waiter = threads.map(\.1).first(where: { $0.wait?.futex?.flavour == "dispatch semaphore" }) {
            let all = waiter.wait?.futex?.count.map { $0 == 1 ? "The one permit of a semaphore is" : "All \($0) permits of a semaphore are" } ?? "The permits of a semaphore are"
            return .root(
                StackShape(waiter).poolFunction() == nil ? .semaphoreNeverSignalled : .poolExhausted, standstill, graph,
                "\(all) with threads that wait for work which needs one itself: \((names + names.prefix(1)).joined(separator: " -> "))")
        }
        return .root(.threadPoolExhausted, standstill, graph, "Threads wait for each other's results: \((names + names.prefix(1)).joined(separator: " -> "))")
    }

    /// What it was in the program's own terms, as the language's runtime shows it.
    private func managed(_ wait: ManagedWait, _ who: String, _ standstill: Standstill, _ graph: WaitGraph, nobody: String = "no thread") -> Candidate? {
        let what = NodeText.object(wait)
        return switch wait.kind {
        case .semaphore: .root(.semaphoreNeverSignalled, standstill, graph, "\(who) waits for \(what), and \(nobody) is left to release it")
        case .barrier:
            .root(.barrierIncomplete, standstill, graph, "\(who) waits at \(what)\(wait.count.map { ": \($0) still to come" } ?? ""), and \(nobody) is left that could")
        case .queueTake: .root(.conditionNeverSignalled, standstill, graph, "\(who) waits for an item from \(what), and \(nobody) is left to put one")
        case .queuePut: .root(.conditionNeverSignalled, standstill, graph, "\(who) waits for room in \(what), and \(nobody) is left to take an item out")
        case .queueJoin:
            .root(.conditionNeverSignalled, standstill, graph, "\(who) waits until \(what) is worked off\(wait.count.map { ": \($0) unfinished" } ?? ""), and \(nobody) is left to do it")
        case .future where wait.processes != nil:
            .root(.conditionNeverSignalled, standstill, graph, "\(who) waits for \(what), and all \(wait.processes?.count ?? 0) processes of the pool wait for their next task: the work was lost, as when a worker is killed")
        case .future: .root(.conditionNeverSignalled, standstill, graph, "\(who) waits for \(what), and \(nobody) is left to bring it about")
        case .condition, .event: .root(.conditionNeverSignalled, standstill, graph, "\(who) waits for \(what), and \(nobody) is left to signal it")
        case .lock, .threadEnd, .sleep, .read, .housekeeping: nil
        }
    }

    private func named(_ object: FutexWait.ObjectKind, _ who: String, _ standstill: Standstill, _ graph: WaitGraph, isDeserted: Bool = false) -> Candidate? {
        switch object {
        case .semaphore where isDeserted:
            .root(.semaphoreNeverSignalled, standstill, graph, "\(who) waits for a semaphore in memory shared with other processes, of which none is left, and no thread of its own is left to post it")
        case .condition: .root(.conditionNeverSignalled, standstill, graph, "\(who) waits for a condition variable that no thread is left to signal")
        case .semaphore: .root(.semaphoreNeverSignalled, standstill, graph, "\(who) waits for a semaphore that no thread is left to signal")
        case .unknown: .root(.conditionNeverSignalled, standstill, graph, "\(who) waits to be woken (a bare futex) and no thread is left to wake it")
        case .barrier: .root(.barrierIncomplete, standstill, graph, "\(who) waits at a barrier that not all threads will reach")
        default: nil
        }
    }

    /// Interpreters build every lock from semaphores and conditions: what it was in the
    /// program's own terms, the native stack does not tell.
    private func isScripted(_ thread: ThreadRecord, _ pid: Int32, _ graph: WaitGraph) -> Bool {
        let runtimes = graph.index.process(pid)?.runtimes.joined(separator: " ").lowercased() ?? ""
        if ["python", "java", "node", "ruby", "go", "dotnet", "perl"].contains(where: { runtimes.contains($0) }) { return true }
        return StackShape(thread).contains(anyOf: ["_PyEval", "PyThread_acquire_lock", "JVM_", "Unsafe_Park", "runtime.futex"])
    }

    /// How many threads of one pool wait inside work of their own for other work; nil when it is not so. For hand-made pools, whose tasks
    /// no call through a type-erased function shows (`WaitGraph.fullPools`): the names only choose among causes of a process in
    /// which nobody is left to act.
    private func submitters(_ pid: Int32, _ evidence: DiagnosisCase, _ graph: WaitGraph) -> Int? {
        guard evidence.units.closed.contains(pid) else { return nil }
        var byStart: [String: [StackShape]] = [:]
        // Threads that have taken no work from anywhere are none of a pool.
        for thread in graph.index.threads(of: pid) where !thread.isMain && thread.codeAhead?.takesWork != false {
            let shape = StackShape(thread)
            guard let start = shape.own.last?.function else { continue }
            byStart[start, default: []].append(shape)
        }
        for (_, shapes) in byStart where shapes.count >= 2 {
            // Idle workers wait in the loop itself; these are at least two functions deeper, those of C++'s own headers aside.
            let deep = shapes.filter { $0.own.count { $0.function?.hasPrefix("std::") != true } >= 3 && $0.contains(anyOf: ["future", "Future", "wait_result", "get_result", "submit", "await", "join", "result"]) }
            if deep.count == shapes.count { return deep.count }
        }
        return nil
    }
}
