import Evidence

extension WaitGraph {
    /// The connections to one peer, all of them taken, each with the task whose request is on it; without one where an answer lies unread,
    /// or has stopped halfway and it is not known which of the tasks that wait for the rest it belongs to.
    struct TakenConnections {
        var remote: String
        var connections: [(row: Int, task: UInt64?)]
    }

    /// `HTTPClient.executeCancellable` (AsyncHTTPClient/AsyncAwait/HTTPClient+execute.swift), where a request waits for the head of its answer.
    static let request = "$s15AsyncHTTPClient0B0C18executeCancellable"

    /// What a request waits for that is on no connection: the client queues it until one to its peer is given back. A peer to which a
    /// connection were free, or being made, would not let it wait.
    func takenConnections(_ task: TaskRecord) -> TakenConnections? {
        guard task.wait?.kind == .continuation, task.wait?.descriptor == nil, task.backtrace.elements.prefix(6).contains(where: { $0.symbol?.hasPrefix(Self.request) == true })
        else { return nil }
        let rows = (index.socketRows[task.pid] ?? []).filter { index.sockets[$0].transport == .tcp && index.isClient(index.sockets[$0]) == true }
        guard rows.count <= 1024, !rows.contains(where: { index.sockets[$0].state == .synSent }) else { return nil }
        let users = users(of: task.pid)
        var readers = readersOfAnswers(task.pid)
        let groups = Dictionary(grouping: rows) { index.sockets[$0].remote?.description ?? "" }.compactMap { remote, rows -> TakenConnections? in
            let taken = rows.compactMap { row -> (row: Int, task: UInt64?)? in
                let socket = index.sockets[row]
                if let user = users[socket.inode], user != task.id { return (row, user) }
                if isLeftUnread(socket) { return (row, nil) }
                guard readers > 0, case .quiet(let since_s) = activity.standing(of: socket), since_s >= hungAfter_s * 0.9 else { return nil }
                readers -= 1
                return (row, nil)
            }
            return taken.count == rows.count && !remote.isEmpty ? TakenConnections(remote: remote, connections: taken) : nil
        }
        return groups.count == 1 ? groups[0] : nil
    }

    mutating func addPool(_ taken: TakenConnections, _ edge: WaitEdge, _ pid: Int32) {
        var queued = edge
        queued.evidence += taken.connections.prefix(8).map { index.path(.sockets, $0.row) }
        queued.isCommitted = true
        add(queued)
        guard out(edge.to).isEmpty else { return }
        for connection in taken.connections {
            let user = connection.task.map { NodeKey.task(pid: pid, id: $0) } ?? index.key(ofSocket: connection.row)
            add(WaitEdge(from: edge.to, to: user, relation: .heldBy, knownFrom: "connection of the client", evidence: [index.path(.sockets, connection.row)]))
        }
    }

    /// Connections that other tasks' requests are on.
    func inodesHeld(byOthersThan task: TaskRecord) -> Set<UInt64> { Set(users(of: task.pid).filter { $0.value != task.id }.keys) }

    private func users(of pid: Int32) -> [UInt64: UInt64] {
        var users: [UInt64: UInt64] = [:]
        for task in index.tasks where task.pid == pid && task.state != .completed {
            if let fd = task.wait?.descriptor, let inode = index.descriptor(pid, fd)?.inode { users[inode] = task.id }
        }
        return users
    }

    /// Tasks that wait for the next part of an answer's body, on a connection that is not known.
    private func readersOfAnswers(_ pid: Int32) -> Int {
        index.tasks.count { task in
            task.pid == pid && task.wait?.kind == .stream && task.wait?.descriptor == nil && activity.stood(task) == true
                && StackShape(task.backtrace.elements).contains(anyOf: ["AsyncHTTPClient", "HTTPClientResponse"])
        }
    }

    /// Bytes lie here, and for most of the time until a wait counts as a hang nothing has come and the program has taken none.
    private func isLeftUnread(_ socket: SocketRecord) -> Bool {
        guard socket.receiveQueue > 0, let last_ms = socket.tcp?.lastDataReceived_ms else { return false }
        return last_ms / 1000 >= hungAfter_s * 0.6
    }
}
