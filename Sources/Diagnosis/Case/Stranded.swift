import Evidence
import WaitGraph

/// Units that wait in the middle of something while others of the process go on, and of which nobody can say that they will be let go on.
enum Stranded {
    /// What is to be said of one; nil where it is at rest.
    static func words(_ standstill: Standstill, _ graph: WaitGraph) -> String? {
        if let wait = managed(standstill.start, graph), standstill.path.count <= 1, case .partial(let releasers, _)? = wait.releasers, releasers.isEmpty {
            return "\(NodeText.short(standstill.start, graph.index)) waits for \(NodeText.object(wait)), and nobody who goes on is seen to lead to it"
        }
        if Follower(graph).awaitsTakers(standstill) {
            return "\(NodeText.short(standstill.start, graph.index)) waits for what only those could bring who have come past that wait, and all of them wait there: what they had taken may be lost, or their work is done"
        }
        return barrier(standstill, graph) ?? amongTickers(standstill, graph)
    }

    /// Of several waits that nobody is left to end in one process, that of the main thread, where it is one: the others keep each other so.
    static func principal(_ forsaken: [Standstill]) -> [Standstill] {
        func isMain(_ standstill: Standstill) -> Bool { if case .thread(let pid, let tid) = standstill.start { pid == tid } else { false } }
        return forsaken.filter { standstill in
            let mains = forsaken.filter { isMain($0) && UnitSurvey.process(of: $0.start) == UnitSurvey.process(of: standstill.start) }
            return mains.isEmpty || mains.contains { $0.end == standstill.end }
        }
    }

    /// Who waits for the end of a pool waits for those of its threads that stand.
    static func leaveOutJoiners(_ index: SnapshotIndex, _ stuck: inout [Standstill]) {
        func tid(_ standstill: Standstill) -> Int32? { if case .thread(_, let tid) = standstill.start { tid } else { nil } }
        let standing = Set(stuck.compactMap(tid))
        stuck.removeAll { standstill in
            guard let own = tid(standstill), let wait = index.thread(own)?.managedWait, wait.kind == .event, let workers = wait.workers, !workers.contains(own) else { return false }
            return !standing.isDisjoint(with: workers)
        }
    }

    /// An answer that the subject owes itself, or a child of its own.
    static func ownAnswer(_ standstill: Standstill, _ subject: Int32, _ graph: WaitGraph) -> String {
        let who = UnitSurvey.process(of: standstill.start).map { $0 == subject ? "it" : "pid \(MachineShift.ownID($0)) (\(graph.index.name(of: $0)))" } ?? "it"
        return "\(who) waits for an answer of pid \(MachineShift.ownID(subject)) (\(graph.index.name(of: subject))) itself, and none of its threads is in the middle of giving one: what that answer waits for lies within the program, where it is not seen"
    }

    /// At a FIFO from which it takes what comes, or what was to come.
    static func opening(_ standstill: Standstill, _ graph: WaitGraph) -> String {
        let opener = standstill.path.last?.from ?? standstill.start
        return "\(NodeText.short(opener, graph.index)) \(graph.index.thread(ofNode: opener)?.openedFIFO ?? "opens a FIFO, and nobody opens its other end"): whether anybody was to is not shown, and a loop that takes whatever comes waits just so"
    }

    /// A main loop in which nothing but its own timer goes on, and that would stand in a circle with other processes without it.
    static func tickingLoop(_ pid: Int32, _ graph: WaitGraph) -> String? {
        let key = NodeKey.thread(pid: pid, tid: pid)
        guard graph.loops[key]?.hasTimer == true, graph.activity.pollsInVain(pid) else { return nil }
        var follower = Follower(graph)
        follower.ticking = [key]
        guard case .stuck(let standstill) = follower.outcome(of: key), case .cycle(let circle) = standstill.ending else { return nil }
        let other = circle.compactMap { UnitSurvey.process(of: $0.from) }.first { $0 != pid }
        return "the loop of pid \(MachineShift.ownID(pid)) (\(graph.index.name(of: pid))) is woken by nothing but its own timer, and waits for \(other.map { "pid \(MachineShift.ownID($0)) (\(graph.index.name(of: $0))), which waits for input from it" } ?? "processes that wait for it")"
    }

    private static func managed(_ node: NodeKey, _ graph: WaitGraph) -> ManagedWait? {
        switch node {
        case .thread(_, let tid): graph.index.thread(tid)?.managedWait
        case .task(let pid, let id): graph.index.task(pid, id)?.managedWait
        default: nil
        }
    }

    /// At a barrier all the time, for one that computes all the time and reads and writes nothing: it may never come.
    private static func barrier(_ standstill: Standstill, _ graph: WaitGraph) -> String? {
        guard case .neverSignalled(.barrier) = standstill.ending, case .thread(let pid, let tid) = standstill.start, graph.activity.change(of: tid) == .stood,
            graph.activity.transferred != true
        else { return nil }
        let busy = graph.index.threads(of: pid).first { thread in
            if case .ran = graph.activity.change(of: thread.tid) { graph.activity.runningThroughout.contains(thread.tid) } else { false }
        }
        guard let busy else { return nil }
        return "\(NodeText.short(standstill.start, graph.index)) waits at a barrier for \(NodeText.short(.thread(pid: pid, tid: busy.tid), graph.index)), which computes all the time and shows no other sign of getting on"
    }

    // MARK: Among threads that only tick

    /// The main thread, or the one whose end it waits for, some functions deep in its work, or a thread within a task of a pool, in a process whose other threads do nothing
    /// but wake up by their timers or wait for each other: one of those may let it go on, and none is seen about to. What other processes share, they may signal.
    private static func amongTickers(_ standstill: Standstill, _ graph: WaitGraph) -> String? {
        guard case .neverSignalled = standstill.ending, case .thread(let pid, let first) = standstill.start, standstill.path.dropLast().allSatisfy({ $0.relation == .joins }), case .thread(pid, let tid)? = standstill.path.last?.from,
            let waiter = graph.index.thread(tid), graph.activity.change(of: tid) == .stood
        else { return nil }
        // A worker that takes work for ever: that its end is waited for keeps the program alive.
        if tid != first, waiter.managedWait?.kind == .queueTake, waiter.codeAhead?.comesBack == true { return nil }
        let shape = StackShape(waiter)
        if tid != first, shape.awaitsMessage, waiter.codeAhead?.comesBack == true, waiter.codeAhead?.isMidRound == false, Follower(graph).mayBeFed(by: pid, tid) { return nil }
        // That somebody who wakes up may bring it is a reason to wait for work, and none to wait for one result all the time.
        if !shape.awaitsResult, Follower(graph).restAmongTickers(tid, pid) != nil { return nil }
        let awaitsResult = if case .result? = MidOperation(graph.understood(waiter)) { true } else { false }
        guard isMain(first, pid, graph) ? awaitsResult || Follower.isDeep(waiter) : isTask(shape, waiter), !shape.runsEventLoop, graph.rest[.thread(pid: pid, tid: tid)] == nil,
            waiter.managedWait?.releasers?.elements.isEmpty != false, waiter.wait?.futex?.isOpenToOthers != true
        else { return nil }
        let others = graph.index.threads(of: pid).filter { $0.tid != tid && $0.tid != first }
        guard others.contains(where: { isTicking($0, graph) }), others.allSatisfy({ isTicking($0, graph) || cannotActAlone($0, graph) || awaitsResult && isIdleLoop($0, graph) }) else { return nil }
        return "\(NodeText.short(.thread(pid: pid, tid: tid), graph.index)) waits to be let go on, and no other thread is seen at work that would: they wake up by their timers, or wait themselves"
    }

    /// Java's pools; a task that takes from a queue, or waits for a condition, may well be a worker that somebody started so.
    private static func isTask(_ shape: StackShape, _ thread: ThreadRecord) -> Bool {
        guard let kind = thread.managedWait?.kind, [.semaphore, .barrier, .future].contains(kind) else { return false }
        return !shape.own.isEmpty && shape.contains(anyOf: ["java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.ForkJoinTask.doExec"])
    }

    private static func isMain(_ tid: Int32, _ pid: Int32, _ graph: WaitGraph) -> Bool {
        tid == pid || graph.index.thread(tid)?.managedStack?.elements.last?.function?.hasSuffix(".main") == true
    }

    private static func isTicking(_ thread: ThreadRecord, _ graph: WaitGraph) -> Bool {
        guard case .woke = graph.activity.change(of: thread.tid) else { return false }
        let wait = graph.understood(thread).wait
        return wait?.kind == .sleep || wait?.kind == .futex && wait?.timeout_s != nil
    }

    /// Dispatch's manager with no timer to fire and nothing to watch: who waits for the result of work does not wait for that.
    private static func isIdleLoop(_ thread: ThreadRecord, _ graph: WaitGraph) -> Bool {
        graph.index.process(thread.pid).map { graph.cannotAct(thread, $0) } ?? false
    }

    /// Waits without a limit for another thread of the process, or belongs to the language's runtime.
    private static func cannotActAlone(_ thread: ThreadRecord, _ graph: WaitGraph) -> Bool {
        if let wait = thread.managedWait, wait.kind == .housekeeping || wait.rest != nil { return true }
        let wait = graph.understood(thread).wait
        return wait?.kind == .futex && (wait?.timeout_s ?? 0) <= 0 && wait?.futex?.isShared != true
    }
}
