package import Evidence

extension SnapshotIndex {
    /// Who is to act at the other end of a connection: its owners there, or of those who have the listener in whose queue
    /// it lies the ones who accept.
    ///
    /// Children that inherited a listener have a copy of it and never use it: whoever waits at it, or has accepted a
    /// connection from it before, is meant; and where none is shown to have, the process that the copies came from.
    package func answerers(of socket: SocketRecord) -> [DescriptorReference] {
        guard let peer = socket.peer, peer.kind == .notAccepted, Set(peer.owners.map(\.pid)).count > 1 else { return socket.peer?.owners ?? [] }
        let accepting = peer.owners.filter { owner in
            let waits = threads(of: owner.pid).contains { thread in
                thread.wait?.descriptors?.contains { interest in
                    guard let descriptor = descriptor(owner.pid, interest.fd) else { return false }
                    return descriptor.inode == peer.inode || descriptor.epoll?.contains { $0.fd == owner.fd } == true
                } == true
            }
            return waits || (socketRows[owner.pid] ?? []).contains { isFrom(sockets[$0], listener: peer.inode) }
        }
        if !accepting.isEmpty { return accepting }
        let pids = Set(peer.owners.map(\.pid))
        return peer.owners.filter { owner in !pids.contains { isAncestor($0, of: owner.pid) } }
    }

    /// Whether a connection was accepted from a listener.
    private func isFrom(_ socket: SocketRecord, listener inode: UInt64?) -> Bool {
        guard let inode, let row = socketRow[inode], socket.inode != inode else { return false }
        if socket.family == .unix { return socket.unixPath?.isEmpty == false && socket.unixPath == sockets[row].unixPath }
        return socket.wasAccepted == true && socket.local.port == sockets[row].local.port
    }

    /// Threads that stand in the middle of a round of an event loop which polls for what comes at a connection's other end, or at the listener in whose queue it lies.
    package func rounds(_ socket: SocketRecord) -> [ThreadRecord] {
        guard let peer = socket.peer else { return [] }
        return answerers(of: socket).flatMap { owner in
            threads(of: owner.pid).filter { thread in
                thread.codeAhead?.polls?.contains { fd in fd == owner.fd || descriptor(owner.pid, fd)?.epoll?.contains { $0.inode == peer.inode } == true } == true
            }
        }
    }
}
