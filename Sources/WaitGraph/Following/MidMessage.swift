import Evidence

/// What shows that a reader is owed the rest of a message, and not merely the next one.
enum MidMessage {
    /// MSG_WAITALL, recv(2): return only when the whole amount has come.
    private static let waitAll: UInt64 = 0x100

    /// Calls of standard libraries that by their contract return only when a known length has come (Python's
    /// http.client, Java's InputStream).
    private static let contracts = ["HTTPResponse.read", "HTTPResponse._safe_read", "HTTPResponse._readall_chunked", "readFully", "readNBytes"]

    static func isShown(by reader: ThreadRecord) -> Bool {
        if let call = reader.syscall, call.name == "recvfrom", call.arguments.count > 3, call.arguments[3] & waitAll != 0 { return true }
        let managed = StackShape(reader.managedStack?.elements ?? [])
        return StackShape(reader).contains(anyOf: contracts) || managed.contains(anyOf: contracts)
    }
}

extension Follower {
    /// A sleep as long as this is no pause between two messages.
    private static let pause_s = 60.0

    /// Whether the process at the other end, on this machine, waits for no input on the connection, and all it does
    /// besides waiting for other work is to sleep for long: it has what it needs, and will not send.
    func isForgotten(by peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local, let inode = peer.inode, !peer.owners.isEmpty else { return false }
        return Set(peer.owners.map(\.pid)).allSatisfy { pid in
            let threads = index.threads(of: pid)
            guard !threads.isEmpty, activity.isActive(pid) == false, !threads.contains(where: { listens($0, to: inode) }) else { return false }
            return threads.contains { dozes($0) } && threads.allSatisfy { dozes($0) || graph.rest[.thread(pid: pid, tid: $0.tid)] != nil }
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

    /// Whether some thread at the other end waits for what comes on the connection.
    func isAwaited(by peer: SocketPeer?) -> Bool {
        guard let peer, peer.kind == .local, let inode = peer.inode else { return false }
        return Set(peer.owners.map(\.pid)).contains { pid in index.threads(of: pid).contains { listens($0, to: inode) } }
    }

    private func listens(_ thread: ThreadRecord, to inode: UInt64) -> Bool {
        (graph.understood(thread).wait?.descriptors ?? []).contains { index.descriptor(thread.pid, $0.fd)?.inode == inode }
    }

    private func dozes(_ thread: ThreadRecord) -> Bool {
        let wait = graph.understood(thread).wait
        switch wait?.kind {
        case .sleep?: return (wait?.timeout_s ?? wait?.remaining_s ?? 0) >= Self.pause_s
        case .signal?: return true
        default: return false
        }
    }
}
