import Evidence

extension Follower {
    mutating func task(_ pid: Int32, _ id: UInt64) -> Outcome {
        let key = NodeKey.task(pid: pid, id: id)
        guard let task = index.task(pid, id) else { return .unclear("task \(id) was not seen") }
        if task.state == .completed { return .advancing("task \(id) has completed") }
        let found = wait(of: task, key)
        return ignoresCancellation(task, key, found) ?? found
    }

    private mutating func wait(of task: TaskRecord, _ key: NodeKey) -> Outcome {
        let edges = graph.out(key)
        if task.wait?.kind == .group {
            // All children must end: one that is stuck decides.
            let outcomes = edges.map { follow($0) }
            if let worst = Self.worst(outcomes) { return worst }
            if let endless = endlessChild(of: task, edges) { return endless }
            if let awaited = shutdownAwaits(task, zip(edges, outcomes).map { (edge: $0, outcome: $1) }) { return awaited }
            if let moving = outcomes.first(where: { if case .advancing = $0 { true } else { false } }) { return moving }
            return outcomes.first ?? .unclear("the group's children were not seen")
        }
        if let managed = task.managedWait { return managedTask(managed, task, key) }
        if let edge = edges.first {
            if edge.relation == .reads || edge.relation == .writes, case .socket = edge.to { return taskSocket(edge, task.pid, task) }
            if edge.relation == .queuedOn, case .peer = edge.to { return pooledRequest(edge, task) }
            return endlessChild(of: task, edges) ?? any(edges.map { follow($0) })
        }
        switch task.wait?.kind {
        case .continuation, .eventLoopFuture: return continuation(task, key)
        case .stream: return stream(task, key)
        case .sleep where goesOnInSteps(task): return .advancing("task \(task.id) sleeps and wakes, and can come to its end")
        case .sleep: return .parked(Standstill(end: key, ending: .timer(asked_s: task.wait?.remaining_s), isCommitted: false))
        // Whoever stands inside a task may stand on that executor.
        case .executor where graph.quiet.contains(task.pid) && !index.tasks.contains(where: { $0.pid == task.pid && $0.runningOnTID != nil }):
            return .stuck(Standstill(end: key, ending: .executorStands, isCommitted: true))
        default: return .unclear("what task \(task.id) waits for is not known")
        }
    }

    /// A child that others wait for has woken from its sleep since the first look, and its code has an end: whether it will come to it is not told.
    /// A library's own clock is no step of the program's.
    private func goesOnInSteps(_ task: TaskRecord) -> Bool {
        guard !isLibrarys(task), task.codeAhead?.endsOnlyIfCancelled == false, let before = activity.earlier?.task(task.pid, task.id) else { return false }
        return before.wait?.kind != .sleep || (before.wait?.remaining_s).map { $0 < activity.window_s * 0.8 } == true
    }

    /// The last child that a task waits for goes on for ever as long as it is not cancelled, and something was to be done after it: so at both looks.
    /// Services that are to go on for ever are several, or nothing comes after them.
    private func endlessChild(of task: TaskRecord, _ edges: [WaitEdge]) -> Outcome? {
        guard edges.count == 1, let edge = edges.first, case .task(let pid, let id) = edge.to, let child = index.task(pid, id), !child.isCancelled,
            activity.window_s >= graph.hungAfter_s * 0.8, let before = before(task), before.wait?.task == task.wait?.task, let earlier = activity.earlier?.task(pid, id), !earlier.isCancelled
        else { return nil }
        // What might end it by an exception did not: it has gone round since it is the last.
        if let wait = child.managedWait, activity.stood(child) != false, (wait.timeout_s ?? .infinity) > activity.window_s * 0.8 { return nil }
        let waiters = [task, activity.earlier?.task(task.pid, task.id)]
        guard [child, earlier].contains(where: { $0.codeAhead?.endsOnlyIfCancelled == true }), waiters.contains(where: { $0?.codeAhead?.hasMoreToDo == true }) else { return nil }
        return ends(edge, .childEndless)
    }

    /// A task inside a network client, on the one connection that fits.
    mutating func taskSocket(_ edge: WaitEdge, _ pid: Int32, _ task: TaskRecord) -> Outcome {
        if case .socket(let inode, _) = edge.to, let row = socketRow(edge.to, inode), case .quiet(let since) = activity.standing(of: index.sockets[row]) {
            guard since >= graph.hungAfter_s * 0.9 else { return .advancing("received \(since) s ago") }
            var timed = edge
            timed.since_s = since
            if task.awaitsHead, !answerIsOwed(task), let head = head(of: task, timed, index.sockets[row], since) { return head }
            // A future is the one result of a call, and whoever waits for a cancelled task waits for its end;
            // a stream's next element may be a subscription's, unless it is owed.
            if answerIsOwed(task) || task.wait?.kind == .eventLoopFuture || task.wait?.eventLoopTID != nil && graph.isAtClient(task) || task.isCancelled && task.codeAhead?.ignoresCancellation == nil && graph.awaited.contains(edge.from) || task.awaitsWholeAnswer {
                // What this very process sent itself has come, and so has all that a peer had to say who waits for the next request.
                let isAllThere = asksItself(index.sockets[row], pid) || !answerIsOwed(task) && task.wait?.isInputDecoded == true && saidItsAnswer(index.sockets[row])
                if !isAllThere, !answerIsOwed(task), let asked = askedLast(timed, index.sockets[row], isDecoded: task.wait?.isInputDecoded) { return asked }
                return ends(timed, isAllThere ? .unfulfilled(since_s: since) : .socket(.quiet(since_s: since)))
            }
            if task.wait?.owedRest != nil, !wakesSoon(index.sockets[row].peer) { return ends(timed, .socket(.quiet(since_s: since))) }
            if takesMessages(edge.from) { return isForgotten(by: index.sockets[row].peer, index.sockets[row]) ? ends(timed, .socket(.quiet(since_s: since))) : .atRest("connection at rest") }
            if saidAll(index.sockets[row]) { return .atRest(Self.taken) }
            return .parked(Standstill(path: [timed], end: edge.to, ending: .socket(.quiet(since_s: since)), isCommitted: false))
        }
        // It was closed instead of an answer, or in the middle of one, and nothing has told so to whoever waits for that.
        if case .socket(let inode, _) = edge.to, let row = socketRow(edge.to, inode), case .closedByPeer = activity.standing(of: index.sockets[row]), index.sockets[row].receiveQueue <= 1 {
            guard activity.stood(task) == true, activity.wasClosedThroughout(index.sockets[row]) else { return .advancing("its connection was closed") }
            return ends(edge, .socket(activity.standing(of: index.sockets[row])))
        }
        return socketEdge(edge, pid: pid, reader: nil)
    }

    /// Of a connection that received something: nothing of an answer is there as long as its head is waited for. Where both last bytes went at one moment, those that went out
    /// asked for it, if its handlers lead to the task; one that was taken for the only one to fit may be at rest. nil where the peer may have begun.
    private mutating func head(of task: TaskRecord, _ edge: WaitEdge, _ socket: SocketRecord, _ since_s: Double) -> Outcome? {
        guard task.wait?.descriptor != nil else { return .parked(Standstill(path: [edge], end: edge.to, ending: .socket(.quiet(since_s: since_s)), isCommitted: false)) }
        guard task.wait?.isInputDecoded != false, let tcp = socket.tcp, tcp.bytesSent > 0, tcp.lastDataSent_ms == tcp.lastDataReceived_ms else { return nil }
        return owed(edge, socket, since_s, .owed(since_s: since_s, everReceived: true), nil)
    }

    /// Its head told the length, or it answers a request that has something done: subscriptions are asked for by GET, the only method of an EventSource
    /// (HTML, server-sent events).
    private func answerIsOwed(_ task: TaskRecord) -> Bool { task.wait?.answerMissing_bytes != nil || task.wait?.answersTo != nil }

    /// A request that waits for one of its client's connections: whoever has one may be stuck for a reason of its own.
    private mutating func pooledRequest(_ edge: WaitEdge, _ task: TaskRecord) -> Outcome {
        guard before(task) != nil, activity.window_s >= graph.hungAfter_s * 0.8 else { return .advancing("task \(task.id) waits for a connection") }
        let held = graph.out(edge.to)
        var outcomes: [Outcome] = []
        for holder in held.prefix(256) {
            if let stopped = stoppedAnswer(holder, edge, task.pid) { outcomes.append(stopped) }
            guard case .task(let pid, let id) = holder.to else { continue }
            if let socket = socketAsked(by: index.task(pid, id)), asksItself(socket, pid) {
                // What is asked of this very process waits for it in turn, as long as nothing comes.
                guard case .moving = activity.standing(of: socket) else { continue }
                return .advancing("bytes come on a connection that it waits for")
            }
            trail.append(edge)
            let found = follow(holder)
            trail.removeLast()
            if case .stuck(let standstill) = found, case .cycle = standstill.ending { continue }
            outcomes.append(prefix(edge, found))
        }
        if let worst = Self.worst(outcomes) { return worst }
        if !outcomes.isEmpty { return any(outcomes) }
        let unread = held.count { holder in
            guard case .socket(let inode, _) = holder.to, let row = socketRow(holder.to, inode) else { return false }
            return index.sockets[row].receiveQueue > 0
        }
        return ends(edge, .connectionsTaken(count: held.count, unread: unread))
    }

    /// An answer that stopped halfway, for whose connection another request waits.
    private func stoppedAnswer(_ holder: WaitEdge, _ edge: WaitEdge, _ pid: Int32) -> Outcome? {
        guard case .socket(let inode, _) = holder.to, let row = socketRow(holder.to, inode), index.sockets[row].receiveQueue == 0,
            case .quiet(let since) = activity.standing(of: index.sockets[row]), !asksItself(index.sockets[row], pid)
        else { return nil }
        var timed = holder
        timed.since_s = since
        return prefix(edge, ends(timed, .socket(.quiet(since_s: since))))
    }

    private func socketAsked(by task: TaskRecord?) -> SocketRecord? {
        guard let task, let fd = task.wait?.descriptor, let row = index.socketRow(pid: task.pid, fd: fd) else { return nil }
        return index.sockets[row]
    }

    private func asksItself(_ socket: SocketRecord, _ pid: Int32) -> Bool { socket.peer?.owners.contains { $0.pid == pid } == true }

    private func continuation(_ task: TaskRecord, _ key: NodeKey) -> Outcome {
        if graph.awaitsClose(task) { return .atRest("waits for the end of a connection") }
        if task.wait?.isEventLoopShutDown == true, before(task) != nil || activity.earlier == nil {
            return .stuck(Standstill(end: key, ending: .loopShutDown, isCommitted: true))
        }
        if task.codeAhead?.comesBack == true { return .atRest("waits where each round of its work begins") }
        if isUnreachable(task), !keepsAlive(task, key) { return .stuck(Standstill(end: key, ending: .nobodyResumes, isCommitted: true)) }
        if graph.quiet.contains(task.pid) { return .stuck(Standstill(end: key, ending: .nothingRuns, isCommitted: true)) }
        if isForsaken(task, key) { return .parked(Standstill(end: key, ending: .nothingRuns, isCommitted: false)) }
        if let unanswered = requestUnanswered(task, key) { return unanswered }
        return .parked(Standstill(end: key, ending: .taskAtRest(why: "a continuation"), isCommitted: false))
    }

    private func stream(_ task: TaskRecord, _ key: NodeKey) -> Outcome {
        if isLibrarys(task) && !graph.awaited.contains(key) || isSubscriber(task) { return .atRest("waits for a library's news") }
        if isPurpose(task) { return .atRest("reads a stream, and nothing is to be done after that") }
        if isUnreachable(task), !keepsAlive(task, key), !isKeptUntilTold(task, key) { return .stuck(Standstill(end: key, ending: .streamOpen, isCommitted: true)) }
        if graph.quiet.contains(task.pid) { return .stuck(Standstill(end: key, ending: .nothingRuns, isCommitted: true)) }
        if isForsaken(task, key) { return .parked(Standstill(end: key, ending: .nothingRuns, isCommitted: false)) }
        return .parked(Standstill(end: key, ending: .streamOpen, isCommitted: false))
    }

    /// Whether the main task waits for this one and others who read streams, and has nothing to do after them: to read is what the program is for.
    private func isPurpose(_ task: TaskRecord) -> Bool {
        index.tasks.contains { main in
            guard main.pid == task.pid, main.kind == .main, main.codeAhead?.hasMoreToDo == false, main.children.contains(task.id) || main.wait?.task == task.id else { return false }
            return index.tasks.allSatisfy { $0.pid != task.pid || $0.state == .completed || !main.children.contains($0.id) || $0.wait?.kind == .stream }
        }
    }

    /// A task of a library's own, with nothing of the program on its stack.
    private func isLibrarys(_ task: TaskRecord) -> Bool {
        let own = StackShape(task.backtrace.elements).own
        return own.contains { StackShape.library($0) != nil } && own.allSatisfy { $0.file == nil || StackShape.library($0) != nil }
    }

    /// Whether a task that reads a stream keeps what a library's own task waits for: it has asked to be told of changes, such as GRDB's
    /// `ValueObservation.values(in:)`, and there may be none. Whoever waits for that task may keep it for it.
    private func isSubscriber(_ task: TaskRecord) -> Bool {
        let keepers = [task.id] + index.tasks.filter { $0.pid == task.pid && ($0.wait?.kind == .group && $0.children.contains(task.id) || $0.wait?.task == task.id) }.map(\.id)
        return index.tasks.contains { other in
            other.pid == task.pid && other.wait?.kind == .stream && isLibrarys(other)
                && other.wait?.onlyThrough?.contains { through in keepers.contains { through.hasSuffix("held by task \($0)") } } == true
        }
    }

    /// In the middle of something, beside others that go on and can let nobody go on: another waits for it, or it is the main task, some functions
    /// deep in its work. Other tasks may stand where they wait for work, and the main task near its beginning where it waits to be stopped.
    private func isForsaken(_ task: TaskRecord, _ key: NodeKey) -> Bool {
        // What was never meant to be resumed keeps the process alive.
        guard graph.lulled.contains(task.pid), before(task) != nil, task.wait?.resumers != .complete([]) else { return false }
        return graph.awaited.contains(key) || task.kind == .main && StackShape(task.backtrace.elements).own.count >= 3
    }

    /// The same wait at the first look; nil when there was none, or it was another one.
    func before(_ task: TaskRecord) -> TaskRecord? {
        guard let before = activity.earlier?.task(task.pid, task.id), before.wait?.kind == task.wait?.kind,
            before.wait?.address == task.wait?.address, before.state == task.state
        else { return nil }
        return before
    }

    /// Nothing in memory that can act refers to its continuation, in both looks.
    private func isUnreachable(_ task: TaskRecord) -> Bool {
        guard task.wait?.resumers == .complete([]) else { return false }
        guard activity.earlier != nil else { return true }
        return before(task)?.wait?.resumers == .complete([])
    }

    /// A main task that parks itself for good, so that the process stays while others work.
    private func keepsAlive(_ task: TaskRecord, _ key: NodeKey) -> Bool {
        guard task.kind == .main, !graph.awaited.contains(key), !graph.quiet.contains(task.pid) else { return false }
        let shape = StackShape(task.backtrace.elements)
        // In the program's outermost function, at one that nobody was ever meant to resume: `await withUnsafeContinuation { _ in }`.
        let isOutermost = shape.inside.allSatisfy { $0.file == nil }
        if isOutermost, let isInEarnest = task.codeAhead?.awaitsInEarnest {
            // One element, for what comes after it: where nobody from outside may be waited for.
            let isOnTheWay = task.codeAhead?.hasMoreToDo == true && !(index.socketRows[task.pid] ?? []).contains { index.sockets[$0].state == .listening }
            return !(isInEarnest || isOnTheWay) || task.wait?.kind == .stream && handlesSignals(task.pid)
        }
        return shape.own.count <= 1 || isOutermost && shape.functions.first?.hasPrefix("withUnsafe") == true
    }

    /// In a program that signals tell what to do, and no more than at rest until then: whoever awaits the readers of streams keeps what feeds these.
    private func isKeptUntilTold(_ task: TaskRecord, _ key: NodeKey) -> Bool {
        guard handlesSignals(task.pid), let through = task.wait?.onlyThrough else { return false }
        return index.tasks.contains { holder in
            guard holder.pid == task.pid, holder.id != task.id, through.contains(where: { $0.hasSuffix("held by task \(holder.id)") }) else { return false }
            return holder.kind == .main || graph.out(.task(pid: holder.pid, id: holder.id)).contains { $0.to == key }
        }
    }

    mutating func actor(_ pid: Int32, _ address: UInt64) -> Outcome {
        let key = NodeKey.actor(pid: pid, address: address)
        guard let held = graph.out(key).first else { return .unclear("who runs on the actor is not known") }
        switch follow(held) {
        case .parked(var standstill):
            // Blocking a thread while on an actor is being in the middle of something.
            standstill.isCommitted = true
            return .stuck(standstill)
        case .atRest(let why): return ends(held, .holderAtRest(why: why))
        case let other: return other
        }
    }

    /// The cooperative pool: starved when as many threads as there are processors block inside tasks.
    mutating func pool(_ pid: Int32) -> Outcome {
        let runners = index.threads(of: pid).filter { Self.runsTasks($0) }
        let width = max(1, index.snapshot.host.processors)
        let blocked = runners.filter { thread in
            if case .ran = activity.change(of: thread.tid) { return false }
            return thread.state != "R"
        }
        guard !runners.isEmpty else { return .unclear("the pool's threads were not seen") }
        guard blocked.count == runners.count, blocked.count >= min(width, runners.count), blocked.count >= 1 else {
            return .advancing("a thread of the cooperative pool runs")
        }
        guard blocked.count >= width else { return .unclear("the pool is not full") }
        // What blocks them may be outside (a silent peer): then that is the end.
        var outcomes: [Outcome] = []
        for thread in blocked.prefix(64) {
            let edge = WaitEdge(
                from: .executor(pid: pid, address: 0), to: .thread(pid: pid, tid: thread.tid), relation: .runsOn,
                knownFrom: "thread of the cooperative pool, blocked inside a task", evidence: index.threadRow[thread.tid].map { [index.path(.threads, $0)] } ?? [],
                isCommitted: true)
            outcomes.append(follow(edge))
        }
        if let worst = Self.worst(outcomes), case .stuck(let standstill) = worst {
            if case .cycle = standstill.ending, standstill.end == .executor(pid: pid, address: 0) {
                return .stuck(Standstill(
                    path: Array(standstill.path.prefix(1)), end: .executor(pid: pid, address: 0),
                    ending: .poolStarved(blocked: blocked.count, of: width), isCommitted: true))
            }
            return worst
        }
        let first = outcomes.compactMap { if case .parked(let standstill) = $0 { standstill } else { nil } }.first
        return .stuck(Standstill(
            path: first?.path ?? [], end: .executor(pid: pid, address: 0), ending: .poolStarved(blocked: blocked.count, of: width), isCommitted: true))
    }

    /// Whether a thread is inside a Swift task (swift_job_run is the runtime's entry for every job).
    static func runsTasks(_ thread: ThreadRecord) -> Bool {
        if thread.isMain { return false }
        return thread.currentTask != nil || StackShape(thread).contains(anyOf: ["swift_job_run", "runJobInEstablishedExecutorContext"])
    }
}
