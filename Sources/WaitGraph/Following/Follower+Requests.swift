import Evidence

/// Tasks in the middle of what was asked of their process: by a client's request, or by an order to shut down.
extension Follower {
    /// A task that a library called to answer a request, and that stands at a continuation of the program's own while the client waits and
    /// nothing else in the process goes on that might resume it.
    func requestUnanswered(_ task: TaskRecord, _ key: NodeKey) -> Outcome? {
        guard task.wait?.kind == .continuation, before(task) != nil, activity.window_s >= graph.hungAfter_s * 0.8,
            StackShape(task.backtrace.elements).isCalledByLibrary, !isRaced(task), !mayBeResumedSoon(task.pid)
        else { return nil }
        let asked = (index.socketRows[task.pid] ?? []).compactMap { row in unansweredSince(index.sockets[row]).map { (row: row, since_s: $0) } }
        guard let longest = asked.max(by: { $0.since_s < $1.since_s }) else { return nil }
        let ending = Ending.requestUnanswered(row: asked.count == 1 ? longest.row : -1, since_s: longest.since_s)
        if longest.since_s < Self.longestPoll_s { return .parked(Standstill(end: key, ending: ending, isCommitted: false)) }
        return .stuck(Standstill(end: key, ending: ending, isCommitted: true))
    }

    /// A client that asks to be told when there is news is answered before whoever stands between gives up, with or without any: nginx and most
    /// load balancers do after a minute (nginx's `proxy_read_timeout`).
    private static let longestPoll_s = 60.0

    /// How long ago a client's last bytes came in, where all of them were read and nothing went out since.
    private func unansweredSince(_ socket: SocketRecord) -> Double? {
        guard socket.transport == .tcp, socket.state == .established, index.isClient(socket) != true, socket.receiveQueue == 0, let tcp = socket.tcp,
            tcp.bytesReceived > 0, tcp.bytesSent == 0 || index.isClient(socket) == false && tcp.lastDataReceived_ms < tcp.lastDataSent_ms
        else { return nil }
        let since_s = tcp.lastDataReceived_ms / 1000
        return since_s >= graph.hungAfter_s * 0.9 ? since_s : nil
    }

    /// Whether another child of its group sleeps, as in a race against a time limit.
    private func isRaced(_ task: TaskRecord) -> Bool {
        guard task.kind == .groupChild, let parent = task.parent.flatMap({ index.task(task.pid, $0) }) else { return false }
        return parent.children.contains { $0 != task.id && index.task(task.pid, $0)?.wait?.kind == .sleep }
    }

    /// Whether anything in the process goes on, or is asleep or asks somebody else, that did not have its chance while it was watched.
    private func mayBeResumedSoon(_ pid: Int32) -> Bool {
        let works = index.threads(of: pid).contains { thread in
            guard !WaitGraph.isParkedPool(StackShape(thread)) else { return false }
            if case .ran(let share) = activity.change(of: thread.tid) { return share > 0 }
            return graph.understood(thread).wait?.kind == .sleep && activity.change(of: thread.tid) == .stood
        }
        let sleeps = !allSleepsEnded && index.tasks.contains { task in
            guard task.pid == pid, task.wait?.kind == .sleep, !Self.isAlarmClock(task) else { return false }
            guard let before = activity.earlier?.task(pid, task.id)?.wait, before.kind == .sleep, let left = before.remaining_s else { return true }
            return left >= activity.window_s
        }
        return works || sleeps || (index.socketRows[pid] ?? []).contains { row in
            // Whoever asks this very process waits for it in turn.
            guard index.isClient(index.sockets[row]) == true, index.sockets[row].peer?.owners.contains(where: { $0.pid == pid }) != true else { return false }
            switch activity.standing(of: index.sockets[row]) {
            case .owed, .moving, .dripping, .connecting: return true
            default: return false
            }
        }
    }

    // MARK: Shutdown

    /// `ServiceGroup.shutdownGracefully` (ServiceLifecycle/ServiceGroup.swift): it tells one service after the other, and waits for each to end.
    private static let shutdown = "$s16ServiceLifecycle0A5GroupC18shutdownGracefully"

    /// A service that stood at a continuation or a stream all the time since its group was told to shut down.
    func shutdownAwaits(_ task: TaskRecord, _ children: [(edge: WaitEdge, outcome: Outcome)]) -> Outcome? {
        guard Self.isShuttingDown(task), activity.window_s >= graph.hungAfter_s * 0.8, activity.earlier?.task(task.pid, task.id).map(Self.isShuttingDown) == true else { return nil }
        // Begun in their order, they are told in the reverse one: the youngest that is left.
        let services = children.filter { child in
            guard case .task(let pid, let id) = child.edge.to, let service = index.task(pid, id) else { return false }
            return StackShape(service.backtrace.elements).own.contains { $0.file != nil && StackShape.library($0) != "swift-service-lifecycle" }
        }
        guard let told = services.max(by: { Self.id($0.edge.to) < Self.id($1.edge.to) }), case .parked(let standstill) = told.outcome,
            case .task(let pid, let leaf) = standstill.end, let last = index.task(pid, leaf), before(last) != nil
        else { return nil }
        switch standstill.ending {
        case .taskAtRest, .streamOpen:
            var shown = standstill
            shown.ending = .shutdownAwaits(isStream: standstill.ending == .streamOpen)
            shown.isCommitted = true
            return .stuck(shown)
        default: return nil
        }
    }

    private static func id(_ node: NodeKey) -> UInt64 { if case .task(_, let id) = node { id } else { 0 } }

    private static func isShuttingDown(_ task: TaskRecord) -> Bool { task.backtrace.elements.contains { $0.symbol?.hasPrefix(shutdown) == true } }
}
