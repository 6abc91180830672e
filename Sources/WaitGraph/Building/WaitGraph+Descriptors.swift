import Evidence

extension WaitGraph {
    /// More members than this make a poll set an event loop rather than one operation.
    private static let operationSize = 4

    mutating func addDescriptors(_ thread: ThreadRecord, _ wait: ThreadWait, _ key: NodeKey, _ cite: [EvidencePath]) {
        let interests = wait.descriptors ?? []
        if interests.isEmpty {
            if wait.detail?.contains("FIFO") == true || thread.waitChannel == "wait_for_partner" {
                addOpening(thread, key, "open(2) of a FIFO", cite)
            } else {
                rest[key] = "polls nothing but its timeout"
                if let asked = wait.timeout_s, asked > 0 {
                    rest[key] = nil
                    add(WaitEdge(
                        from: key, to: .timer(pid: thread.pid, tid: thread.tid), relation: .sleeps, since_s: stoodSince(thread),
                        knownFrom: "poll of nothing for \(asked) s", evidence: cite))
                }
            }
            return
        }
        let isLoop = interests.contains { index.descriptor(thread.pid, $0.fd)?.kind == .epoll } || interests.count > Self.operationSize
            || thread.syscall?.name.contains("epoll") == true
        if isLoop {
            if addSession(thread, key, cite) { return }
            // One that only its own process could wake is parked; all others wait for the world.
            if let wakeUp = interests.first(where: { index.descriptor(thread.pid, $0.fd)?.kind != .epoll }), isClosedLoop(thread, wait) {
                add(WaitEdge(
                    from: key, to: .descriptor(pid: thread.pid, fd: wakeUp.fd), relation: .parksOn, since_s: stoodSince(thread),
                    knownFrom: "an event loop with nothing in it but what its own process writes to", evidence: cite))
                return
            }
            rest[key] = "event loop waits for events"
            loops[key] = loop(thread, wait, key, cite)
            return
        }
        // Asked for nothing but errors and hang-ups: no wait for data. And what only this process itself could
        // write to wakes the thread up to be told something; the other descriptors are what it waits for.
        let asking = interests.filter { $0.events.map { events in !Set(events).isDisjoint(with: ["in", "out", "pri", "rdnorm", "wrnorm", "rdhup"]) } ?? true }
        let outward = asking.filter { !isOwnWakeUp($0, thread) }
        for interest in outward.isEmpty ? asking : outward { addInterest(interest, of: thread, key, cite) }
        if asking.isEmpty { rest[key] = "watches for hang-ups" }
        if out(key).isEmpty, rest[key] == nil { rest[key] = "waits on descriptors that were not seen" }
    }

    /// An event loop without timeout, and with nothing in its set but this process's own wake-ups; signals that have a
    /// handler might write to one: SIGHUP 1, SIGUSR1 10, SIGUSR2 12, SIGTERM 15 (signal(7)).
    func isClosedLoop(_ thread: ThreadRecord, _ wait: ThreadWait) -> Bool {
        let signals: UInt64 = 1 << 0 | 1 << 9 | 1 << 11 | 1 << 14
        guard wait.timeout_s == nil, let caught = index.process(thread.pid)?.caughtSignals, caught & signals == 0 else { return false }
        let members = (wait.descriptors ?? []).filter { index.descriptor(thread.pid, $0.fd)?.kind != .epoll }
        return !members.isEmpty && members.allSatisfy { isOwnWakeUp($0, thread) }
    }

    /// An eventfd, pipe or socket pair whose other end is this process's alone. An eventfd may be inherited, but
    /// rarely is.
    func isOwnWakeUp(_ interest: DescriptorInterest, _ thread: ThreadRecord) -> Bool {
        if let row = index.pipeRow(pid: thread.pid, fd: interest.fd) {
            let pipe = index.pipes[row]
            return pipe.path == nil && !pipe.writers.isEmpty && (pipe.writers + pipe.readers).allSatisfy { $0.pid == thread.pid }
        }
        if let row = index.socketRow(pid: thread.pid, fd: interest.fd) {
            let socket = index.sockets[row]
            // CFSocket wakes itself up by a pair of datagram sockets.
            guard socket.family == .unix || socket.transport == .udp, let owners = socket.peer?.owners, !owners.isEmpty else { return false }
            return (owners + socket.owners).allSatisfy { $0.pid == thread.pid }
        }
        return index.descriptor(thread.pid, interest.fd)?.kind == .eventfd
    }

    private mutating func addInterest(
        _ interest: DescriptorInterest, of thread: ThreadRecord, _ key: NodeKey, _ cite: [EvidencePath]
    ) {
        let since = stoodSince(thread)
        let writes = interest.operation == .write || (interest.operation == .poll && interest.events?.contains("out") == true && interest.events?.contains("in") != true)
        let known = "system call \(thread.syscall?.name ?? interest.operation.rawValue) on descriptor \(interest.fd)"
        func edge(_ to: NodeKey, _ relation: Relation, _ more: [EvidencePath] = [], committed: Bool = false) -> WaitEdge {
            WaitEdge(from: key, to: to, relation: relation, since_s: since, knownFrom: known, evidence: cite + more, isCommitted: committed)
        }
        if let row = index.socketRow(pid: thread.pid, fd: interest.fd) {
            let socket = index.sockets[row]
            let listens = socket.state == .listening
            let relation: Relation = listens || interest.operation == .accept ? .accepts : interest.operation == .connect ? .connects : writes ? .writes : .reads
            if relation == .accepts { rest[key] = rest[key] ?? "waits for connections"; return }
            add(edge(index.key(ofSocket: row), relation, [index.path(.sockets, row)], committed: writes))
            return
        }
        let descriptor = index.descriptor(thread.pid, interest.fd)
        if let row = index.pipeRow(pid: thread.pid, fd: interest.fd) {
            add(edge(.pipe(inode: index.pipes[row].inode), writes ? .writes : .reads, [index.path(.pipes, row)], committed: writes))
            return
        }
        switch descriptor?.kind {
        case .terminal: rest[key] = "waits for input at a terminal"
        case .eventfd, .signalfd, .inotify, .pidfd:
            if descriptor?.kind == .pidfd, let child = descriptor?.targetPID {
                add(edge(.process(child), .waitsForExit))
            } else if descriptor?.kind == .eventfd {
                add(edge(.descriptor(pid: thread.pid, fd: interest.fd), .parksOn))
            } else {
                rest[key] = "waits for events of the system"
            }
        case .timerfd:
            add(edge(.timer(pid: thread.pid, tid: thread.tid), .sleeps))
        case .epoll: rest[key] = "event loop waits for events"
        case .file, .directory, .device, .memfd, .other, .fifo, .pipe, .socket, nil:
            if interest.operation == .accept { rest[key] = "waits for connections" } else { rest[key] = rest[key] ?? "waits on \(descriptor?.target ?? "descriptor \(interest.fd)")" }
        }
    }
}
