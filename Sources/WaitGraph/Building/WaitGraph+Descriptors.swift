import Evidence

extension WaitGraph {
    /// More members than this make a poll set an event loop rather than one operation.
    private static let operationSize = 4

    mutating func addDescriptors(_ thread: ThreadRecord, _ wait: ThreadWait, _ key: NodeKey, _ cite: [EvidencePath]) {
        let interests = wait.descriptors ?? []
        if interests.isEmpty {
            if wait.detail?.contains("FIFO") == true || thread.waitChannel == "wait_for_partner" {
                add(WaitEdge(
                    from: key, to: .pipe(inode: 0), relation: .opens, since_s: stoodSince(thread), knownFrom: "open(2) of a FIFO",
                    evidence: cite, isCommitted: true))
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
            rest[key] = "event loop waits for events"
            return
        }
        for interest in interests { addInterest(interest, of: thread, key, cite, alone: interests.count == 1) }
        if out(key).isEmpty, rest[key] == nil { rest[key] = "waits on descriptors that were not seen" }
    }

    private mutating func addInterest(
        _ interest: DescriptorInterest, of thread: ThreadRecord, _ key: NodeKey, _ cite: [EvidencePath], alone: Bool
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
