package import Evidence

/// Sockets of a capture: who owns them, and who is at the other end.
package struct SocketPeers {
    private struct Pair: Hashable {
        var transport: SocketRecord.Transport
        var local: SocketAddress
        var remote: SocketAddress
    }
    private var sockets: [SocketRecord]
    private var byPair: [Pair: [Int]] = [:]
    private var byInode: [UInt64: Int] = [:]
    private var listeners: [UInt16: [Int]] = [:]
    private var unixPending: [UInt64: UInt64]
    private let local: LocalAddresses
    private let machine: MachineDescriptors

    /// - Parameter table: all sockets of the namespaces that were read.
    package init(table: SocketTable.Reading, machine: MachineDescriptors, pid: Int32) {
        sockets = table.sockets
        unixPending = table.unixPending
        self.machine = machine
        var local = LocalAddresses(pid: pid)
        local.addIPv6(pid: pid, format: SocketTable.address6)
        self.local = local
        for (index, socket) in sockets.enumerated() {
            if socket.inode != 0 { byInode[socket.inode] = index }
            if socket.state == .listening && socket.transport == .tcp { listeners[socket.local.port, default: []].append(index) }
            if let remote = socket.remote {
                byPair[Pair(transport: socket.transport, local: socket.local, remote: remote), default: []].append(index)
            }
        }
    }

    /// The sockets behind these inodes, and those at their other ends, with owners and peers.
    package func records(for inodes: Set<UInt64>) -> [SocketRecord] {
        var taken: Set<Int> = []
        var order: [Int] = []
        for index in inodes.compactMap({ byInode[$0] }).sorted() where taken.insert(index).inserted {
            order.append(index)
            if let other = otherEnd(of: index), taken.insert(other).inserted { order.append(other) }
            if let listener = listener(for: sockets[index]), taken.insert(listener).inserted { order.append(listener) }
        }
        return order.map(filled)
    }

    private func filled(_ index: Int) -> SocketRecord {
        var socket = sockets[index]
        socket.owners = machine.owners(ofSocket: socket.inode)
        socket.wasAccepted = wasAccepted(socket)
        socket.peer = peer(of: index)
        return socket
    }

    // MARK: Peers

    private func otherEnd(of index: Int) -> Int? {
        let socket = sockets[index]
        if socket.family == .unix { return socket.unixPeerInode.flatMap { byInode[$0] } }
        guard let remote = socket.remote else { return nil }
        let candidates = byPair[Pair(transport: socket.transport, local: remote, remote: socket.local)] ?? []
        return candidates.first { $0 != index }
    }

    private func peer(of index: Int) -> SocketPeer? {
        let socket = sockets[index]
        if socket.state == .listening { return nil }
        if let other = otherEnd(of: index) { return peer(sockets[other]) }
        if socket.family == .unix { return unixPeer(socket) }
        guard let remote = socket.remote else { return nil }
        guard local.contains(remote.host) else { return SocketPeer(kind: .remote) }
        // A full backlog: the kernel drops the SYN, and nothing but the listener is there.
        if socket.state == .synSent, let listener = listener(at: remote), sockets[listener].receiveQueue >= sockets[listener].sendQueue {
            return notAccepted(sockets[listener])
        }
        return SocketPeer(kind: .gone)
    }

    private func peer(_ other: SocketRecord) -> SocketPeer {
        let owners = machine.owners(ofSocket: other.inode)
        var peer = SocketPeer(kind: owners.isEmpty ? .unknown : .local, owners: owners, inode: other.inode == 0 ? nil : other.inode)
        if other.inode == 0 {
            // No file belongs to it: either nobody has accepted it yet, or its owner closed it.
            let waits = [.established, .closeWait, .synReceived].contains(other.state)
            if waits, let listener = listener(at: other.local) {
                peer = notAccepted(sockets[listener])
            } else {
                peer.kind = .gone
            }
        }
        peer.state = other.state
        peer.receiveQueue = other.receiveQueue
        peer.sendQueue = other.sendQueue
        return peer
    }

    private func unixPeer(_ socket: SocketRecord) -> SocketPeer? {
        if let inode = unixPending[socket.inode], let listener = byInode[inode] { return notAccepted(sockets[listener]) }
        guard socket.state == .established, socket.transport != .datagram else { return nil }
        return SocketPeer(kind: socket.unixPeerInode == nil ? .gone : .unknown, inode: socket.unixPeerInode)
    }

    private func notAccepted(_ listener: SocketRecord) -> SocketPeer {
        SocketPeer(kind: .notAccepted, owners: machine.owners(ofSocket: listener.inode), inode: listener.inode)
    }

    // MARK: Listeners

    private func listener(at address: SocketAddress) -> Int? {
        listeners[address.port]?.first { ["0.0.0.0", "::", address.host].contains(sockets[$0].local.host) }
    }

    /// The listener whose backlog holds the other end of a socket.
    private func listener(for socket: SocketRecord) -> Int? {
        socket.family == .unix ? unixPending[socket.inode].flatMap { byInode[$0] } : socket.remote.flatMap(listener(at:))
    }

    private func wasAccepted(_ socket: SocketRecord) -> Bool? {
        guard socket.transport == .tcp, let remote = socket.remote else { return nil }
        let here = listener(at: socket.local) != nil
        let there = local.contains(remote.host) && listener(at: remote) != nil
        if here != there { return here }
        // net.ipv4.ip_local_port_range: a connecting side gets a port from it.
        let ephemeral: ClosedRange<UInt16> = 32768...60999
        if !here, ephemeral.contains(socket.local.port) != ephemeral.contains(remote.port) { return !ephemeral.contains(socket.local.port) }
        return nil
    }
}
