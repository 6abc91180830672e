import Evidence

extension Follower {
    /// A process as a whole: what its threads, and its connections without a thread of their own, come to.
    package mutating func process(_ pid: Int32) -> Outcome {
        guard let process = index.process(pid) else { return .unclear("process \(pid) was not looked at") }
        if process.state == "T" || process.state == "t" {
            return .stuck(Standstill(end: .process(pid), ending: .stopped, isCommitted: true))
        }
        let threads = index.threads(of: pid)
        guard !threads.isEmpty else {
            // It began after the first look, and was gone before its threads could be seen.
            if let earlier = activity.earlier, earlier.process(pid) == nil { return .advancing("process \(pid) began in between") }
            return .unclear("the threads of process \(pid) were not seen")
        }
        var outcomes: [Outcome] = []
        var others: [ThreadRecord] = []
        var closing: [NodeKey] = []
        for thread in threads.prefix(4096) {
            let key = NodeKey.thread(pid: pid, tid: thread.tid)
            if onTrail[key] != nil {
                closing.append(key)
                continue
            }
            others.append(thread)
            outcomes.append(prefix(
                WaitEdge(
                    from: .process(pid), to: key, relation: .runsOn, knownFrom: "thread of the process",
                    evidence: index.threadRow[thread.tid].map { [index.path(.threads, $0)] } ?? []),
                outcome(of: key)))
        }
        // The circle closes through a thread on the way here only if no other thread could act instead. One that has no code for it could not; one that woke up
        // again and again and has not acted is none of them, where the main thread itself is in the circle and in the middle of something.
        let main = closing.compactMap { index.thread(ofNode: $0) }.first { isMain($0.tid, pid) }
        let isMainCaught = main.map { !Self.shape(of: $0).inside.isEmpty } == true
        let othersCould = zip(others, outcomes).contains { thread, outcome in
            if givesNothing(thread) || isIdleWorker(thread) { return false }
            switch outcome {
            case .atRest(Self.learns): if isMainCaught { return false }
            case .atRest where (main != nil || isInert(thread)) && passes(thread, isMainCaught: isMainCaught): return false
            case .atRest, .advancing, .unclear: if isMainCaught, graph.cannotAct(thread, process) || isSpentClock(thread) { return false }
            case .parked, .stuck: break
            }
            return couldAct(thread, outcome)
        }
        outcomes = zip(others, outcomes).map { onlyReaps($0) ? .atRest(Self.learns) : $1 }
        if othersCould {
            // A thread of it that waits for where we came from does not keep the others from acting.
            outcomes.removeAll { outcome in
                guard case .stuck(let standstill) = outcome, case .cycle = standstill.ending else { return false }
                return onTrail[standstill.end] != nil && standstill.end != .process(pid)
            }
        } else {
            for key in closing.prefix(1) { outcomes.append(outcome(of: key)) }
        }
        for row in unattendedSockets(of: pid) {
            // That a connection is at rest does not say that anybody attends to it.
            let found = unattended(row, pid: pid)
            if case .atRest = found { continue }
            outcomes.append(found)
        }
        if let worst = Self.worst(outcomes) { return worst }
        if let moving = outcomes.first(where: { if case .advancing = $0 { true } else { false } }) { return moving }
        if isClosed(pid), let main = mainPark(outcomes) { return .stuck(main) }
        let parkedOnly = outcomes.allSatisfy { if case .parked = $0 { true } else { false } }
        if parkedOnly, let first = outcomes.first { return first }
        if let rest = outcomes.first(where: { if case .atRest = $0 { true } else { false } }) { return rest }
        return outcomes.first { if case .unclear = $0 { true } else { false } } ?? .atRest("its threads wait for work")
    }

    /// The language's own frames where there are any.
    private static func shape(of thread: ThreadRecord) -> StackShape { thread.managedStack?.elements.isEmpty == false ? StackShape(thread.managedStack?.elements ?? []) : StackShape(thread) }

    private func mainPark(_ outcomes: [Outcome]) -> Standstill? {
        let parked = outcomes.compactMap { outcome -> Standstill? in
            guard case .parked(let standstill) = outcome else { return nil }
            if case .timer = standstill.ending { return nil }
            return standstill
        }
        return parked.first
    }

    /// Nobody inside or outside could wake it: every thread waits, without a timeout, for
    /// something only this process could do. Proven only when all threads were seen.
    package func isClosed(_ pid: Int32) -> Bool {
        guard index.snapshot.threads.status != .unavailable else { return false }
        if graph.quiet.contains(pid) { return true }
        let threads = index.threads(of: pid)
        guard !threads.isEmpty else { return false }
        if let count = index.process(pid)?.threadCount, count > threads.count { return false }
        for thread in threads {
            if let stands = standsForGood(thread) {
                guard stands else { return false }
                continue
            }
            switch activity.change(of: thread.tid) {
            case .ran, .woke: return false
            case .stood, .unknown: break
            }
            guard let wait = graph.understood(thread).wait else { return false }
            switch wait.kind {
            case .futex:
                if (wait.timeout_s ?? 0) > 0 || wait.futex?.isOpenToOthers == true || mayBePosted(thread, wait) { return false }
            case .descriptors:
                if (wait.timeout_s ?? 0) > 0 || !waitsForItsOwnProcess(thread, wait) { return false }
            default: return false
            }
        }
        return true
    }

    /// Reads an eventfd or a pipe that no other process could write to.
    private func waitsForItsOwnProcess(_ thread: ThreadRecord, _ wait: ThreadWait) -> Bool {
        guard let interests = wait.descriptors, !interests.isEmpty, !handlesWakingSignals(thread.pid) else { return false }
        if graph.isClosedLoop(thread, wait) { return true }
        return interests.allSatisfy { graph.isOwnWakeUp($0, thread) && $0.operation != .write }
    }

    /// Handlers of signals write to the pipes by which main loops are woken: SIGHUP 1, SIGUSR1 10, SIGUSR2 12, SIGALRM 14, SIGTERM 15,
    /// SIGCHLD 17 (signal(7)).
    static let wakingSignals: UInt64 = 1 << 0 | 1 << 9 | 1 << 11 | 1 << 13 | 1 << 14 | 1 << 16
    private static let interrupt: UInt64 = 1 << 1

    func handlesWakingSignals(_ pid: Int32) -> Bool { (index.process(pid)?.caughtSignals ?? 0) & Self.wakingSignals != 0 }

    /// A main thread that waits at a semaphore until the program is told to stop: of all locks only that may be used in the handler of
    /// a signal (signal-safety(7)). Some calls deep it is in the middle of something.
    func mayBePosted(_ thread: ThreadRecord, _ wait: ThreadWait) -> Bool {
        guard thread.isMain, wait.futex?.object == .semaphore, let caught = index.process(thread.pid)?.caughtSignals else { return false }
        return caught & (Self.wakingSignals | Self.interrupt) != 0 && StackShape(thread).inside.count < 2
    }

    /// Client connections of a process that no thread waits on by itself: an event loop's.
    package func unattendedSockets(of pid: Int32) -> [Int] {
        let attended = Set(index.threads(of: pid).flatMap { thread in
            graph.out(.thread(pid: pid, tid: thread.tid)).map(\.to)
        })
        return (index.socketRows[pid] ?? []).prefix(4096).filter { row in
            index.sockets[row].state != .listening && !attended.contains(index.key(ofSocket: row))
        }
    }

    /// An event loop's connection, judged without a thread that waits for it.
    mutating func unattended(_ row: Int, pid: Int32) -> Outcome {
        let socket = index.sockets[row]
        let edge = WaitEdge(
            from: .process(pid), to: index.key(ofSocket: row), relation: .reads, knownFrom: "open connection of the process",
            evidence: [index.path(.sockets, row)])
        if isHeldUp(socket, pid) {
            var writes = edge
            writes.relation = .writes
            return throughPeer(writes, socket, .peerNotReading(bytes: socket.sendQueue))
        }
        switch activity.standing(of: socket) {
        case .owed where graph.isStillAsking(socket.inode, pid): return .atRest("the request is not all sent")
        case .owed where !isWatched(socket, pid) || isNoTasks(socket, pid): return .atRest("nobody waits to read the connection")
        case .owed where isTasks(socket, pid), .dripping where isTasks(socket, pid): return .atRest("a task waits for what comes on the connection")
        case let .owed(since, everReceived: true) where runsNIO(pid) || Self.isEven(socket):
            // No task is known to wait for what comes: it may have asked, or told something.
            guard since >= graph.hungAfter_s * 0.9 else { return .advancing("waits for an answer since \(since) s") }
            return .parked(Standstill(path: [edge], end: edge.to, ending: .socket(activity.standing(of: socket)), isCommitted: false))
        case .owed, .connecting, .notAccepted, .unacknowledged, .peerGone, .peerNotReading, .dripping, .closedByPeer(owed: true):
            return socketEdge(edge, pid: pid, reader: nil)
        case .moving: return .advancing("bytes move on the connection")
        case .quiet(let since):
            // Received last: at rest, unless the rest of an answer is to come, or the peer is shown to have turned to something else for long.
            guard since >= graph.hungAfter_s * 0.9, index.isClient(socket) == true else { return .atRest("connection at rest") }
            if isForgotten(by: socket.peer, socket) { return ends(edge, .socket(.quiet(since_s: since))) }
            for reader in watchers(of: socket, pid) { if let found = rest(edge, socket, since, reader) { return found } }
            return .atRest("connection at rest")
        default: return .atRest("connection at rest")
        }
    }
}

extension Follower {
    /// The threads that are known to wait for what comes on the socket, besides other things.
    private func watchers(of socket: SocketRecord, _ pid: Int32) -> [ThreadRecord] {
        let ends = Set(socket.owners.filter { $0.pid == pid }.map(\.fd))
        return index.threads(of: pid).filter { $0.wait?.descriptors?.contains { ends.contains($0.fd) } == true }
    }

    /// Whether anything in the process waits for the socket: an epoll set that holds it, or a thread that polls it.
    private func isWatched(_ socket: SocketRecord, _ pid: Int32) -> Bool {
        if !watchers(of: socket, pid).isEmpty { return true }
        let ends = Set(socket.owners.filter { $0.pid == pid }.map(\.fd))
        let threads = index.threads(of: pid)
        let sets = index.descriptors(of: pid).compactMap(\.epoll)
        guard sets.isEmpty else { return sets.joined().contains { $0.inode == socket.inode || ends.contains($0.fd) } }
        // Without a set that was seen, only threads that are all known to wait for something else refute it.
        return ends.isEmpty || threads.isEmpty
            || threads.contains { thread in
                guard let wait = thread.wait else { return true }
                // One that polls several may take turns, or a set of them; one that polls another alone does not wait for this.
                let polled = wait.descriptors?.filter { $0.operation == .poll } ?? []
                return polled.count > 1 || !polled.isEmpty && (wait.descriptors?.count != 1 || thread.syscall?.name.hasPrefix("epoll") == true)
            }
    }

    private func runsNIO(_ pid: Int32) -> Bool { index.threads(of: pid).contains { StackShape($0).contains(anyOf: ["SelectableEventLoop.run"]) } }

    /// Whether a task is known to read from the connection: that is judged by what it is at.
    private func isTasks(_ socket: SocketRecord, _ pid: Int32) -> Bool {
        let ends = Set(socket.owners.filter { $0.pid == pid }.map(\.fd))
        return index.tasks.contains { task in task.pid == pid && task.managedWait?.kind == .read && task.managedWait?.descriptor.map(ends.contains) == true }
    }

    /// Whether an event loop waits to write more to a Unix socket, at whose other end as many bytes as before lie unread, and nothing else happens in the process. (EPOLLOUT 4, epoll_ctl(2).)
    private func isHeldUp(_ socket: SocketRecord, _ pid: Int32) -> Bool {
        guard socket.family == .unix, socket.sendQueue > 0, activity.isActive(pid) == false, let row = activity.earlier?.socketRow[socket.inode],
            activity.earlier?.sockets[row].sendQueue == socket.sendQueue
        else { return false }
        let ends = Set(socket.owners.filter { $0.pid == pid }.map(\.fd))
        return index.descriptors(of: pid).compactMap(\.epoll).joined().contains { ends.contains($0.fd) && $0.events & 4 != 0 }
    }

    /// Whether the tasks of the process are all known to wait for something else than what comes on the socket.
    private func isNoTasks(_ socket: SocketRecord, _ pid: Int32) -> Bool {
        let tasks = index.tasks.filter { $0.pid == pid && $0.state != .completed }
        let ends = Set(socket.owners.filter { $0.pid == pid }.map(\.fd))
        return tasks.contains { $0.managedWait != nil } && tasks.allSatisfy { task in
            guard let wait = task.managedWait else { return task.wait?.task != nil || task.wait?.kind == .group }
            if wait.rest != nil { return true }
            switch wait.kind {
            case .read: return wait.descriptor.map { !ends.contains($0) } ?? false
            case .future, .housekeeping: return wait.ownerTID != nil || wait.processes != nil || wait.executor != nil
            case .lock, .condition, .event, .semaphore, .barrier, .queueTake, .queuePut, .queueJoin, .threadEnd, .sleep: return true
            }
        }
    }

    /// An event loop's connection as a unit of its own.
    package mutating func connection(_ row: Int, pid: Int32) -> Outcome {
        onTrail[.process(pid)] = 0
        defer { onTrail[.process(pid)] = nil }
        return unattended(row, pid: pid)
    }
}
