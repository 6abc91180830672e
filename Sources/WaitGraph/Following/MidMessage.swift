import Evidence

/// What shows that a reader is owed the rest of a message, and not merely the next one.
enum MidMessage {
    /// MSG_WAITALL, recv(2): return only when the whole amount has come.
    private static let waitAll: UInt64 = 0x100

    /// Calls of standard libraries that read something whose length was told: they return only when it has come (Python's http.client and
    /// imaplib's literals, Java's InputStream), or read on in it (what HttpURLConnection reads an answer with a length by, sun.net.www).
    private static let contracts = [
        "HTTPResponse.read", "HTTPResponse._safe_read", "HTTPResponse._readall_chunked", "IMAP4.read", "readFully", "readNBytes", "MeteredStream.read",
    ]

    /// Calls that send nothing themselves and return only with the head of an answer: a request has gone out (Python's http.client,
    /// Java's HttpURLConnection, libpq). Redis tells subscribers their news by the call that replies come by.
    private static let answers = ["HTTPResponse.begin", "HTTPResponse._read_status", "HttpClient.parseHTTPHeader", "HttpURLConnection.getInputStream", "PQgetResult"]

    /// The same of protocols in which every command is answered at once, and nothing is told unasked (RFC 5321, 959, 1939; Python's smtplib,
    /// ftplib, poplib).
    private static let replies = ["SMTP.getreply", "FTP.getresp", "POP3._getresp"]

    /// A call that returns only with the whole answer, or its head, as its client was asked for (java.net.http).
    static func awaitsWhole(_ reader: ThreadRecord) -> Bool { StackShape(reader.managedStack?.elements ?? []).functions.contains("jdk.internal.net.http.HttpClientImpl.send") }

    static func awaitsReply(_ reader: ThreadRecord) -> Bool { StackShape(reader).contains(anyOf: replies) }

    static func awaitsAnswer(_ reader: ThreadRecord) -> Bool {
        StackShape(reader).contains(anyOf: answers + replies) || StackShape(reader.managedStack?.elements ?? []).contains(anyOf: answers)
    }

    /// Whether a thread stands in the middle of its work, as far as its language's stack tells: at least two functions of the program below
    /// those of the client that reads. A worker that waits for its next item asks for it from the function that it was started with.
    static func isInOperation(_ reader: ThreadRecord) -> Bool {
        let all = StackShape(reader.managedStack?.elements ?? []).own
        // A client that was installed is no part of the program, however deep it reads.
        let program = all.drop { $0.file?.contains("-packages/") == true }
        let own = program.compactMap(\.function)
        if program.count < all.count { return isDeep(own) }
        guard let client = own.first else { return false }
        let qualifier = client.split(separator: ".").dropLast().joined(separator: ".")
        let callers = own.drop { !qualifier.isEmpty && $0.hasPrefix(qualifier + ".") || $0 == client }
        return isDeep(callers)
    }

    private static func isDeep(_ functions: some Sequence<String>) -> Bool {
        functions.filter { $0 != "<module>" && $0 != "main" && !$0.hasSuffix(".main") }.count >= 2
    }

    static func isShown(by reader: ThreadRecord) -> Bool {
        if let call = reader.syscall, call.name == "recvfrom", call.arguments.count > 3, call.arguments[3] & waitAll != 0 { return true }
        return (StackShape(reader).functions + StackShape(reader.managedStack?.elements ?? []).functions).contains { function in
            // Whole names: `HTTPResponse.readline` is content with what comes.
            let name = function.prefix { $0 != "(" }
            return contracts.contains { name == $0 || name.hasSuffix("." + $0) }
        }
    }
}

extension Follower {
    /// A body fills segments; replies, events and heartbeats do not.
    private static let bulk: UInt64 = 512

    /// Whether what came so far came in segments as full as a body's.
    static func isBulk(_ socket: SocketRecord) -> Bool {
        guard let tcp = socket.tcp, tcp.dataSegmentsIn > 0 else { return false }
        return tcp.bytesReceived / tcp.dataSegmentsIn >= bulk
    }

    /// Whether the process at the other end, on this machine, waits for no input on the connection, and all it does
    /// besides waiting for other work is to sleep for long: it has what it needs, and will not send. One that sleeps for
    /// less than a day may publish again, unless a body was being sent.
    func isForgotten(by peer: SocketPeer?, _ socket: SocketRecord) -> Bool {
        guard let peer, peer.kind == .local, let inode = peer.inode, !peer.owners.isEmpty else { return false }
        let isBody = Self.isBulk(socket)
        return Set(peer.owners.map(\.pid)).allSatisfy { pid in
            let threads = index.threads(of: pid)
            // Who pauses until a signal comes may publish then.
            guard !threads.isEmpty, !graph.takesOrders(pid), activity.isActive(pid) == false, !threads.contains(where: { listens($0, to: inode) }) else { return false }
            if !isBody, socket.transport == .tcp { return !Self.bringsNews(socket) && threads.allSatisfy { dozes($0, Pause.day_s) } }
            // On a pair of sockets nobody knows whether anything was asked.
            let least_s = graph.isPair(socket) && socket.owners.contains { isWorker(pid, of: $0.pid) } ? Pause.long_s : Pause.answer_s
            return threads.contains { dozes($0, least_s) } && threads.allSatisfy { dozes($0, least_s) || graph.rest[.thread(pid: pid, tid: $0.tid)] != nil }
        }
    }

    /// Whether a reader comes round for each piece that comes and does something with it, as one who has subscribed: heartbeats are small. Who reads what has a
    /// length, or an end that it waits for, is in the middle of one piece.
    func takesEach(_ edge: WaitEdge, _ reader: ThreadRecord?) -> Bool {
        if takesMessages(edge.from) { return true }
        guard exchange(edge.from) == .receives else { return false }
        if case .task(let pid, let id) = edge.from { return index.task(pid, id)?.wait?.owedRest == nil }
        return reader.map { !MidMessage.isShown(by: $0) && !MidMessage.awaitsAnswer($0) && $0.wait?.owedRest == nil } == true
    }

    /// Bytes that come a few at a time to a reader who is owed so many more of them that this would take days.
    func trickle(_ socket: SocketRecord, _ reader: ThreadRecord?) -> SocketStanding? {
        guard let reader, reader.codeAhead?.exchange != .receives, let rest = reader.wait?.owedRest_bytes, activity.window_s >= graph.hungAfter_s * 0.8,
            let row = activity.earlier?.socketRow[socket.inode], let before = activity.earlier?.sockets[row].tcp, let now = socket.tcp, now.dataSegmentsIn > before.dataSegmentsIn,
            now.bytesReceived > before.bytesReceived
        else { return nil }
        let (came, segments) = (now.bytesReceived - before.bytesReceived, now.dataSegmentsIn - before.dataSegmentsIn)
        let isSmall = segments >= 3 && came / segments <= TCPInfo.trickle_bytes
        return isSmall && Double(rest) / Double(came) * activity.window_s >= Pause.day_s ? .dripping(bytes: came, segments: segments) : nil
    }

    /// A sleep that ends within this time has its end in sight.
    private static let soon_s = 120.0
    /// And so has a wait for something that is to be told, as servers hold back the answer to a long poll.
    private static let patience_s = 300.0

    /// Whether the one thread at the other end that is not at rest waits with a limit that it will reach soon: it may answer then.
    func wakesSoon(_ peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local, let pid = peer.owners.first?.pid, peer.owners.allSatisfy({ $0.pid == pid }) else { return false }
        let busy = index.threads(of: pid).filter { graph.rest[.thread(pid: pid, tid: $0.tid)] == nil }
        guard busy.count == 1, busy[0].codeAhead?.onlySleeps != true, let wait = graph.understood(busy[0]).wait, let left = wait.remaining_s ?? wait.timeout_s else { return false }
        return left > 0 && left <= (wait.kind == .sleep ? Self.soon_s : Self.patience_s)
    }

    /// Whether a task at the other end has slept since the first look and ends that soon, whatever the loop does that runs it: it may read on then.
    func hasTaskThatWakesSoon(_ peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local else { return false }
        let pids = Set(peer.owners.map(\.pid))
        return index.tasks.contains { task in
            guard pids.contains(task.pid), task.state == .suspended, task.managedWait?.kind == .sleep, let asked = task.managedWait?.timeout_s else { return false }
            return asked > activity.window_s && asked <= Self.soon_s
        }
    }

    /// Whether a thread there looked again and again for the next that comes on this very connection, and on no other: it has said what it had to say.
    func wakesInVain(_ peer: SocketPeer?) -> Bool {
        guard let pid = peer?.owners.first?.pid, let inode = peer?.inode, activity.window_s >= graph.hungAfter_s * 0.8 else { return false }
        return index.threads(of: pid).contains { thread in
            graph.understood(thread).wait?.descriptors?.count == 1 && listens(thread, to: inode) && goesRound(thread)
        }
    }

    /// Whether a thread went to sleep again and again since the first look: at least once a second, and more often than looks wake it.
    private func goesRound(_ thread: ThreadRecord) -> Bool {
        guard let before = activity.earlier?.thread(thread.tid), before.pid == thread.pid else { return false }
        let times = (thread.voluntarySwitches ?? 0).subtractingReportingOverflow(before.voluntarySwitches ?? 0)
        return !times.overflow && Double(times.partialValue) >= max(8, activity.window_s)
    }

    /// Whether the other end, which sent last, is shown to be through with what it had to say.
    func saidAll(_ socket: SocketRecord) -> Bool { !Self.isBulk(socket) && (isAwaitedAlone(by: socket.peer) || turns(socket.peer)) }

    /// Whether the other end, which sent last, waits for the next request, and for nothing else.
    func saidItsAnswer(_ socket: SocketRecord) -> Bool { index.isClient(socket) == true && socket.receiveQueue == 0 && isAwaitedAlone(by: socket.peer) }

    /// Whether each request but the last was answered, one by one, and who reads them waits for the next: the last is dropped.
    func isForgone(_ socket: SocketRecord) -> Bool {
        guard let tcp = socket.tcp, tcp.dataSegmentsIn >= 2, tcp.dataSegmentsOut == tcp.dataSegmentsIn &+ 1, index.isClient(socket) == true else { return false }
        return isAwaitedAlone(by: socket.peer)
    }

    /// Whether a thread or task at the other end waits for what comes on this connection, and for nothing else.
    private func isAwaitedAlone(by peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local, let inode = peer.inode, (peer.receiveQueue ?? 0) == 0 else { return false }
        return Set(peer.owners.map(\.pid)).contains { pid in
            listeners(to: peer).contains { $0.pid == pid } || index.threads(of: pid).contains { thread in
                let interests = graph.understood(thread).wait?.descriptors ?? []
                return interests.count == 1 && interests[0].operation != .write && listens(thread, to: inode)
            }
        }
    }

    /// Whether the server at the other end, on this machine, has read all that was sent, watches the connection in an
    /// event loop, and its loop has gone round again and again since: it is not in the middle of an answer. Queues and
    /// brokers stand so towards a client that takes the next item when one comes.
    func turns(_ peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local, let inode = peer.inode, (peer.receiveQueue ?? 0) == 0, activity.window_s >= graph.hungAfter_s * 0.8 else { return false }
        return Set(peer.owners.map(\.pid)).contains { pid in
            index.threads(of: pid).contains { thread in
                guard let before = activity.earlier?.thread(thread.tid), before.pid == pid else { return false }
                var now = graph.understood(thread)
                // Caught between two rounds, it goes back to where it was.
                if now.state == "R", now.wait == nil { now.wait = before.wait }
                guard now.wait?.descriptors?.contains(where: { index.descriptor(pid, $0.fd)?.kind == .epoll }) == true, listens(now, to: inode)
                else { return false }
                return goesRound(thread)
            }
        }
    }

    /// A process of one thread at the other end of a Unix socket that waits, without a timeout, for something else than
    /// what comes on it: it has the request and is not done with it.
    func isOccupied(_ peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local, let inode = peer.inode, let pid = peer.owners.first?.pid, peer.owners.allSatisfy({ $0.pid == pid }) else { return false }
        let threads = index.threads(of: pid)
        guard threads.count == 1, let only = threads.first, activity.isActive(pid) == false, let wait = graph.understood(only).wait else { return false }
        return [.descriptors, .fileLock, .ipc, .child].contains(wait.kind) && wait.timeout_s == nil && !listens(only, to: inode)
            && wait.descriptors?.contains { $0.operation == .accept } != true
    }

    /// Whether a task reads the messages of a websocket, which are told as well as asked for.
    func takesMessages(_ node: NodeKey) -> Bool { if case .task(let pid, let id) = node { index.task(pid, id)?.managedWait?.typeName == ManagedWait.messages } else { false } }

    /// Whether a task at the other end waits for the next message of a websocket, and no answer of it is under way.
    func hearsMore(_ peer: SocketPeer?) -> Bool { listeners(to: peer).contains { takesMessages(.task(pid: $0.pid, id: $0.id)) } }

    /// Whether the process that a wait blames waits itself for more on that very connection: it was told something by one who listens, or listens itself.
    package func wasOnlyTold(_ standstill: Standstill) -> Bool {
        guard case .socket(let standing) = standstill.ending, case .owed = standing, case .socket(let inode, _) = standstill.end, let row = index.socketRow[inode],
            let peer = index.sockets[row].peer
        else { return false }
        let readers = listeners(to: peer).map(\.codeAhead) + (isAwaitedAlone(by: peer) ? Set(peer.owners.map(\.pid)).flatMap { pid in index.threads(of: pid).filter { listens($0, to: peer.inode ?? 0) }.map(\.codeAhead) } : [])
        let hasSubscribed = standstill.path.last.map { exchange($0.from) == .receives } == true
        return !readers.isEmpty && (hasSubscribed || hearsMore(peer) || readers.allSatisfy { $0?.exchange == .receives })
    }

    /// Whether a wait is for more of what a process may tell, which spoke last, has read all that was sent, and waits itself for what comes on that very connection.
    package func wasToldLast(_ standstill: Standstill) -> Bool {
        guard case .socket(.quiet) = standstill.ending, standstill.path.count == 1, !graph.awaited.contains(standstill.start), case .socket(let inode, _) = standstill.end,
            let row = index.socketRow[inode], case let socket = index.sockets[row], (socket.peer?.receiveQueue ?? 0) == 0
        else { return false }
        return !Self.isBulk(socket) && isAwaited(by: socket.peer)
    }

    /// Tasks that wait for what comes on a connection at its other end, on this machine, which has read all that was sent.
    private func listeners(to peer: SocketPeer?) -> [TaskRecord] {
        guard let peer, peer.kind == .local, let inode = peer.inode, (peer.receiveQueue ?? 0) == 0 else { return [] }
        let pids = Set(peer.owners.map(\.pid))
        return index.tasks.filter { task in
            guard pids.contains(task.pid), let wait = task.managedWait, wait.kind == .read, let fd = wait.descriptor else { return false }
            return index.descriptor(task.pid, fd)?.inode == inode
        }
    }

    /// Whether some thread at the other end waits for what comes on the connection.
    func isAwaited(by peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local, let inode = peer.inode else { return false }
        return Set(peer.owners.map(\.pid)).contains { pid in index.threads(of: pid).contains { listens($0, to: inode) } }
    }

    private func listens(_ thread: ThreadRecord, to inode: UInt64) -> Bool {
        (graph.understood(thread).wait?.descriptors ?? []).contains { index.descriptor(thread.pid, $0.fd)?.inode == inode }
    }

    private func dozes(_ thread: ThreadRecord, _ least_s: Double) -> Bool {
        let wait = graph.understood(thread).wait
        switch wait?.kind {
        case .sleep?: return thread.codeAhead?.onlySleeps == true || (wait?.timeout_s ?? wait?.remaining_s ?? 0) >= least_s
        case .signal?: return true
        default: return false
        }
    }
}
