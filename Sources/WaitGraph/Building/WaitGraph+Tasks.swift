import Evidence

extension WaitGraph {
    mutating func addTasks() {
        for (row, task) in index.tasks.enumerated() where task.state != .completed {
            let key = NodeKey.task(pid: task.pid, id: task.id)
            let cite = [index.path(.tasks, row)]
            if task.state == .running, let tid = task.runningOnTID {
                add(WaitEdge(
                    from: key, to: .thread(pid: task.pid, tid: tid), relation: .runsOn, knownFrom: "active task of the thread", evidence: cite))
                continue
            }
            if let managed = task.managedWait {
                addManaged(managed, pid: task.pid, key, since_s: activity.stood(task) == true ? activity.window_s : nil, cite)
                continue
            }
            if let wait = task.wait { addTaskWait(task, wait, key, cite) }
        }
        for (row, actor) in index.actors.enumerated() {
            let key = NodeKey.actor(pid: actor.pid, address: actor.address)
            let cite = [index.path(.actors, row)]
            if let tid = actor.runningOnTID {
                add(WaitEdge(
                    from: key, to: .thread(pid: actor.pid, tid: tid), relation: .heldBy, knownFrom: "executor tracking info of the thread",
                    evidence: cite))
            }
        }
    }

    private mutating func addTaskWait(_ task: TaskRecord, _ wait: TaskWait, _ key: NodeKey, _ cite: [EvidencePath]) {
        let pid = task.pid
        func edge(_ to: NodeKey, _ relation: Relation, _ known: String, committed: Bool = false) -> WaitEdge {
            WaitEdge(from: key, to: to, relation: relation, since_s: nil, knownFrom: known, evidence: cite, isCommitted: committed)
        }
        switch wait.kind {
        case .task:
            if let target = wait.task { add(edge(.task(pid: pid, id: target), .awaits, "dependency record of the task")) }
        case .group:
            let pending = task.children.filter { child in index.task(pid, child).map { $0.state != .completed } ?? false }
            for child in pending.prefix(256) { add(edge(.task(pid: pid, id: child), .awaits, "task group with \(wait.pending ?? pending.count) pending")) }
        case .actor, .mainActor:
            if let address = wait.address { add(edge(.actor(pid: pid, address: address), .queuedOn, "enqueued on the actor")) }
            // Under dispatch_main a pool thread runs the main actor: then only the task on it counts.
            if wait.kind == .mainActor && wait.task == nil || wait.address == nil {
                add(edge(.thread(pid: pid, tid: pid), .queuedOn, "enqueued on the main actor"))
            }
            if let runner = wait.task, let address = wait.address {
                let actor = NodeKey.actor(pid: pid, address: address)
                if out(actor).isEmpty {
                    add(WaitEdge(from: actor, to: .task(pid: pid, id: runner), relation: .heldBy, knownFrom: "task that runs on the actor", evidence: cite))
                }
            }
        case .globalPool:
            add(edge(.executor(pid: pid, address: 0), .queuedOn, "enqueued on the cooperative pool"))
        case .continuation, .eventLoopFuture, .stream:
            if let tid = wait.eventLoopTID, isAway(tid, pid) {
                add(edge(.thread(pid: pid, tid: tid), .queuedOn, "event loop of the future"))
            } else if let tid = wait.watcherTID, isAway(tid, pid) {
                add(edge(.thread(pid: pid, tid: tid), .queuedOn, "event loop of the connection whose handlers hold what it waits for"))
            } else if awaitsClose(task) {
                // Nothing that comes on the connection ends it.
                return
            } else if let upload = upload(of: task) {
                add(edge(.task(pid: pid, id: upload.id), .awaits, "task that sends the body of its request"))
            } else if let taken = takenConnections(task) {
                addPool(taken, edge(.peer(taken.remote), .queuedOn, "request that no connection has, in a client all of whose connections to that peer are taken"), pid)
            } else if let row = connectionOf(task) {
                let isWriting = if case .peerNotReading = activity.standing(of: index.sockets[row]) { true } else { false }
                add(edge(index.key(ofSocket: row), isWriting ? .writes : .reads, "future of the loop that watches the connection, or async backtrace inside a network client; the only connection that fits"))
            }
        case .executor, .sleep, .unknown: break
        }
    }

    /// A thread that waits for a future whose event loop's thread is away.
    mutating func addFutureWaits() {
        for (row, thread) in index.threads.enumerated() {
            guard let tid = thread.wait?.eventLoopTID, tid != thread.tid, isAway(tid, thread.pid), stoodSince(thread) != nil else { continue }
            add(WaitEdge(
                from: .thread(pid: thread.pid, tid: thread.tid), to: .thread(pid: thread.pid, tid: tid), relation: .queuedOn, since_s: stoodSince(thread),
                knownFrom: "event loop of the future", evidence: [index.path(.threads, row)]))
        }
    }

    /// Whether an event loop's thread is anywhere but in its own poll, at both looks: one that comes back to it serves its events.
    private func isAway(_ tid: Int32, _ pid: Int32) -> Bool {
        guard let thread = index.thread(tid), thread.pid == pid, activity.earlier?.thread(tid)?.syscall?.name.hasPrefix("epoll") != true else { return false }
        return rest[.thread(pid: pid, tid: tid)] == nil
    }

    /// Libraries in whose functions a task waits for the answer to a request of its own.
    private static let clients = [
        "HTTPClient", "URLSession", "AsyncHTTPClient", "HTTPClientResponse", "PostgresConnection", "RedisConnection", "GRPC", "NIOAsyncChannelInboundStream",
        "HTTP1ClientChannelHandler", "WebSocketClient", "MySQLConnection",
    ]

    /// Whether what a task waits for is a connection's: a future that merely lies in its frames may be one that it keeps, and waits for no more than for what others do.
    func isAtClient(_ task: TaskRecord) -> Bool { task.wait?.descriptor != nil || StackShape(task.backtrace.elements).contains(anyOf: Self.clients) }

    /// The one client connection a task that waits inside a network client can mean; nil when none or several fit.
    private func connectionOf(_ task: TaskRecord) -> Int? {
        // A server takes its connections from such a stream as well; who has asked for what comes does not.
        let clients = Self.clients.filter { task.wait?.kind != .stream || task.codeAhead?.exchange == .asks || $0 != "NIOAsyncChannelInboundStream" }
        let loop = task.wait?.eventLoopTID
        guard StackShape(task.backtrace.elements).contains(anyOf: clients) || loop != nil || task.wait?.descriptor != nil else { return nil }
        // The connection of a client that a request goes out on may be watched by another loop than the one to which the frame of whoever asks leads.
        let watched = task.awaitsHead ? nil : loop.map(inodesWatched)
        // Found by way of its channel, which another loop than the future's may watch.
        let held = task.wait?.descriptor.flatMap { index.descriptor(task.pid, $0)?.inode }
        let rows = (index.socketRows[task.pid] ?? []).filter { row in
            let socket = index.sockets[row]
            guard socket.transport == .tcp, index.isClient(socket) != false, !wasAsked(socket, task), socket.inode == held || watched?.contains(socket.inode) != false else { return false }
            switch activity.standing(of: socket) {
            case .owed, .quiet, .connecting, .unacknowledged, .peerGone, .notAccepted, .peerNotReading: return true
            // Of one that was closed its channel must hold what is waited for.
            case .closedByPeer, .moving, .dripping: return socket.inode == held
            default: return false
            }
        }
        let owing = rows.filter { row in if case .quiet = activity.standing(of: index.sockets[row]) { false } else { true } }
        // The one whose channel holds the task's promise or continuation.
        if let held { return rows.first { index.sockets[$0].inode == held } }
        // What another task's request is on is not this one's.
        let others = inodesHeld(byOthersThan: task)
        let free = owing.filter { !others.contains(index.sockets[$0].inode) }
        if free.count == 1 { return free[0] }
        if rows.count == 1 { return others.contains(index.sockets[rows[0]].inode) || owing.isEmpty && mayAwaitClose(task) ? nil : rows[0] }
        return task.awaitsWholeAnswer ? alike(rows) : nil
    }

    /// Whether a task waits for the end of a connection; until all are established it may be that.
    func awaitsClose(_ task: TaskRecord) -> Bool {
        task.wait?.awaitsClose == true && !(index.socketRows[task.pid] ?? []).contains { index.sockets[$0].state == .synSent }
    }

    /// Whether the other end spoke, and this one never did: a server that has been told to stop may listen no more, and its future be that of its own end.
    private func wasAsked(_ socket: SocketRecord, _ task: TaskRecord) -> Bool {
        guard task.wait?.kind == .eventLoopFuture, index.isClient(socket) == nil, let tcp = socket.tcp else { return false }
        return tcp.bytesSent == 0 && tcp.bytesReceived > 0
    }

    /// A server's future may be that of its own end, beside a connection on the same loop that is at rest.
    private func mayAwaitClose(_ task: TaskRecord) -> Bool {
        task.wait?.kind == .eventLoopFuture && (index.socketRows[task.pid] ?? []).contains { index.sockets[$0].state == .listening }
    }

    /// Of connections to one peer that all stand still after they received something, the one that did so last: whichever is meant stands no shorter.
    private func alike(_ rows: [Int]) -> Int? {
        let standing = rows.compactMap { row -> (row: Int, since_s: Double)? in
            if case .quiet(let since) = activity.standing(of: index.sockets[row]) { (row, since) } else { nil }
        }
        guard standing.count == rows.count, Set(rows.map { index.sockets[$0].remote?.description }).count == 1 else { return nil }
        return standing.min { $0.since_s < $1.since_s }?.row
    }

    /// Inodes of what an event loop's thread has in its epoll sets.
    private func inodesWatched(by tid: Int32) -> Set<UInt64> {
        guard let thread = index.thread(tid) else { return [] }
        // What it watched before, where it is met awake.
        let members = ((thread.wait ?? activity.earlier?.thread(tid)?.wait)?.descriptors ?? []).compactMap { index.descriptor(thread.pid, $0.fd) }.flatMap { set in
            (set.epoll ?? []).compactMap { $0.inode ?? index.descriptor(set.pid, $0.fd)?.inode }
        }
        return Set(members)
    }
}

extension TaskRecord {
    /// In AsyncHTTPClient a task waits for the head of an answer at a continuation of this function's (AsyncAwait/HTTPClient+execute.swift), and for the body elsewhere.
    /// A program's own function may have that name: its symbol tells the module, where there is one.
    var awaitsHead: Bool {
        guard wait?.kind == .continuation, wait?.createdBy?.hasPrefix("executeCancellable(") == true else { return false }
        let makers = backtrace.elements.compactMap(\.symbol).filter { $0.contains("executeCancellable") }
        return makers.isEmpty || makers.contains { $0.hasPrefix(WaitGraph.request) }
    }

    /// Whether it waits in a call that returns an answer with its whole body: swift-corelibs-foundation, URLSession/URLSession.swift.
    var awaitsWholeAnswer: Bool {
        StackShape(backtrace.elements).contains(anyOf: ["URLSession.data(", "URLSession.download(", "URLSession.upload("], within: 8)
    }
}
