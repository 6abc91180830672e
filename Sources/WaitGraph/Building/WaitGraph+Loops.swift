package import Evidence

/// An event loop of which is known who could wake it.
package struct Loop: Sendable {
    /// What of its set other processes hold: ends of pipes and socket pairs, and processes themselves. None where only its own process
    /// could wake it.
    var sources: [WaitEdge]
    /// It wakes up by itself as well.
    package var hasTimer: Bool
}

extension WaitGraph {
    /// An event loop that nothing from outside could wake but processes that hold the other end of something that nobody else can come to
    /// hold; nil where it listens, waits for input, has a connection, takes signals ...
    func loop(_ thread: ThreadRecord, _ wait: ThreadWait, _ key: NodeKey, _ cite: [EvidencePath]) -> Loop? {
        guard descriptorsAreKnown, !takesOrders(thread.pid) else { return nil }
        var loop = Loop(sources: [], hasTimer: (wait.timeout_s ?? 0) > 0)
        for interest in members(thread, wait) {
            guard let sources = sources(interest, of: thread, key, cite, &loop.hasTimer) else { return nil }
            loop.sources += sources
        }
        // That a child leaves an end or ends is no news of its own where the loop reads from it.
        let read = Set(loop.sources.filter { $0.relation != .waitsForExit }.flatMap(holders))
        loop.sources.removeAll { if $0.relation == .waitsForExit, case .process(let pid) = $0.to { read.contains(pid) } else { false } }
        return loop
    }

    /// SIGHUP 1, SIGUSR1 10, SIGUSR2 12, SIGALRM 14 (signal(7)) tell a program to do something; Node takes SIGUSR1 in every program, for
    /// its debugger (src/inspector_agent.cc).
    func takesOrders(_ pid: Int32) -> Bool {
        guard let process = index.process(pid), let caught = process.caughtSignals else { return true }
        let isNode = process.runtimes.contains { $0.lowercased().contains("node") }
        return caught & (1 << 0 | 1 << 11 | 1 << 13 | (isNode ? 0 : 1 << 9)) != 0
    }

    /// What a poll or epoll set holds, and the sets within it.
    private func members(_ thread: ThreadRecord, _ wait: ThreadWait) -> [DescriptorInterest] {
        let interests = wait.descriptors ?? []
        var seen = Set(interests.map(\.fd))
        var found = interests.filter { index.descriptor(thread.pid, $0.fd)?.kind != .epoll }
        var sets = interests.map(\.fd).filter { index.descriptor(thread.pid, $0)?.kind == .epoll }
        var next = 0
        while next < min(sets.count, 64) {
            for watch in index.descriptor(thread.pid, sets[next])?.epoll ?? [] where seen.insert(watch.fd).inserted {
                if index.descriptor(thread.pid, watch.fd)?.kind == .epoll { sets.append(watch.fd) } else {
                    // EPOLLIN 1, EPOLLOUT 4 (epoll_ctl(2)).
                    let events = (watch.events & 1 != 0 ? ["in"] : []) + (watch.events & 4 != 0 ? ["out"] : [])
                    found.append(DescriptorInterest(fd: watch.fd, operation: .poll, events: events))
                }
            }
            next += 1
        }
        return found
    }

    /// Those at the other end of one member; none where it is the process's own; nil where it is anybody.
    private func sources(
        _ interest: DescriptorInterest, of thread: ThreadRecord, _ key: NodeKey, _ cite: [EvidencePath], _ hasTimer: inout Bool
    ) -> [WaitEdge]? {
        let pid = thread.pid
        guard let descriptor = index.descriptor(pid, interest.fd) else { return nil }
        let events = interest.events ?? ["in"]
        func edge(_ to: NodeKey, _ relation: Relation, _ row: EvidencePath?) -> WaitEdge {
            WaitEdge(
                from: key, to: to, relation: relation, since_s: stoodSince(thread), knownFrom: "descriptor \(interest.fd) in the set of an event loop",
                evidence: cite + (row.map { [$0] } ?? []))
        }
        func exits(_ others: [Int32]) -> [WaitEdge] { others.prefix(1).map { edge(.process($0), .waitsForExit, index.processRow[$0].map { index.path(.processes, $0) }) } }
        switch descriptor.kind {
        case .eventfd: return descriptor.sharedWith?.isEmpty == false ? nil : []
        case .timerfd:
            let isHousekeeping = StackShape(thread).contains(anyOf: ["_dispatch_event_loop_drain"]) && index.process(pid)?.dispatchTimers == 0
            if (descriptor.timer?.remaining_s ?? 0) > 0, !isHousekeeping { hasTimer = true }
            return []
        // SIGCHLD 17 tells of children, which are judged by themselves.
        case .signalfd: return descriptor.signals == [17] ? [] : nil
        case .pidfd: return descriptor.targetPID.map { exits([$0]) }
        case .other: return descriptor.target.contains("io_uring") ? [] : nil
        case .pipe:
            guard let row = index.pipeRow(pid: pid, fd: interest.fd) else { return nil }
            let pipe = index.pipes[row]
            let isWriter = descriptor.access == .write
            let others = Set((isWriter ? pipe.readers : pipe.writers).map(\.pid)).subtracting([pid]).sorted()
            if others.isEmpty { return isWriter || pipe.writers.isEmpty ? nil : [] }
            if isWriter { return events.contains("out") ? [edge(.pipe(inode: pipe.inode), .writes, index.path(.pipes, row))] : exits(others) }
            return [edge(.pipe(inode: pipe.inode), .reads, index.path(.pipes, row))]
        case .socket:
            guard let row = index.socketRow(pid: pid, fd: interest.fd), isPair(index.sockets[row]), let owners = index.sockets[row].peer?.owners else { return nil }
            let others = Set(owners.map(\.pid)).subtracting([pid])
            if others.isEmpty { return [] }
            return [edge(index.key(ofSocket: row), events.contains("out") && !events.contains("in") ? .writes : .reads, index.path(.sockets, row))]
        default: return nil
        }
    }

    /// Whether a socket is one of a pair that was made together (socketpair(2)), or by which a library wakes itself up: nobody else can
    /// come to have its other end.
    package func isPair(_ socket: SocketRecord) -> Bool {
        guard let owners = socket.peer?.owners, !owners.isEmpty, socket.peer?.kind == .local else { return false }
        if socket.family == .unix { return (socket.unixPath ?? "").isEmpty && index.isClient(socket) == nil }
        return socket.transport == .udp && (owners + socket.owners).allSatisfy { $0.pid == owners[0].pid }
    }

    private func holders(_ edge: WaitEdge) -> [Int32] {
        switch edge.to {
        case .pipe(let inode): index.pipeRow[inode].map { (index.pipes[$0].readers + index.pipes[$0].writers).map(\.pid) } ?? []
        case .socket(let inode, _): index.socketRow[inode].flatMap { index.sockets[$0].peer?.owners.map(\.pid) } ?? []
        default: []
        }
    }
}
