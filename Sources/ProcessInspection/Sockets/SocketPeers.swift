package import Evidence

/// Sockets of a capture: who owns them, and who is at the other end.
package struct SocketPeers {
    /// Both ends' addresses as one end has them, and the network namespace it lives in: the same
    /// addresses mean another connection elsewhere.
    private struct Pair: Hashable {
        var network: UInt64?
        var transport: SocketRecord.Transport
        var local: SocketAddress
        var remote: SocketAddress
    }
    private struct Port: Hashable {
        var network: UInt64?
        var number: UInt16
    }
    private var sockets: [SocketRecord]
    private var byPair: [Pair: [Int]] = [:]
    private var byInode: [UInt64: Int] = [:]
    private var listeners: [Port: [Int]] = [:]
    private var unixPending: [UInt64: UInt64]
    /// By network namespace.
    private let locals: [UInt64: LocalAddresses]
    private let machine: MachineDescriptors

    /// - Parameters:
    ///   - table: all sockets of the namespaces that were read.
    ///   - networks: those namespaces, each with a process that lives in it.
    package init(table: SocketTable.Reading, machine: MachineDescriptors, networks: [UInt64: Int32]) {
        sockets = table.sockets
        unixPending = table.unixPending
        self.machine = machine
        locals = networks.mapValues { pid in
            var local = LocalAddresses(pid: pid)
            local.addIPv6(pid: pid, format: SocketTable.address6)
            return local
        }
        for (index, socket) in sockets.enumerated() {
            if socket.inode != 0 { byInode[socket.inode] = index }
            if socket.state == .listening && socket.transport == .tcp { listeners[Port(network: socket.networkNamespace, number: socket.local.port), default: []].append(index) }
            if let remote = socket.remote {
                byPair[Pair(network: socket.networkNamespace, transport: socket.transport, local: socket.local, remote: remote), default: []].append(index)
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
        if let here = end(of: socket, at: remote, in: socket.networkNamespace, besides: index) { return here }
        // In another namespace of this machine, by a link between both. Found twice, it is not known which.
        let elsewhere = homes(of: remote.host, besides: socket.networkNamespace).compactMap { end(of: socket, at: remote, in: $0, besides: index) }
        return elsewhere.count == 1 ? elsewhere[0] : nil
    }

    private func end(of socket: SocketRecord, at remote: SocketAddress, in network: UInt64?, besides index: Int) -> Int? {
        let pair = Pair(network: network, transport: socket.transport, local: remote, remote: socket.local)
        return byPair[pair]?.first { $0 != index }
    }

    private func isLocal(_ host: String, in network: UInt64?) -> Bool { network.flatMap { locals[$0] }?.contains(host) ?? false }

    /// Other namespaces that have an address, which is not one that every namespace has.
    private func homes(of host: String, besides network: UInt64?) -> [UInt64] {
        if host.hasPrefix("127.") || LocalAddresses.everywhere.contains(host) || isLocal(host, in: network) { return [] }
        return locals.filter { $0.key != network && $0.value.contains(host) }.map(\.key)
    }

    private func peer(of index: Int) -> SocketPeer? {
        let socket = sockets[index]
        if socket.state == .listening { return nil }
        if let other = otherEnd(of: index) { return peer(sockets[other]) }
        if socket.family == .unix { return unixPeer(socket) }
        guard let remote = socket.remote else { return nil }
        guard isLocal(remote.host, in: socket.networkNamespace) else { return SocketPeer(kind: .remote) }
        // A full backlog: the kernel drops the SYN, and nothing but the listener is there.
        if socket.state == .synSent, let listener = listener(at: remote, in: socket.networkNamespace), sockets[listener].receiveQueue >= sockets[listener].sendQueue {
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
            if waits, let listener = listener(at: other.local, in: other.networkNamespace) {
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

    private func listener(at address: SocketAddress, in network: UInt64?) -> Int? {
        listeners[Port(network: network, number: address.port)]?.first { ["0.0.0.0", "::", address.host].contains(sockets[$0].local.host) }
    }

    /// The listener whose backlog holds the other end of a socket.
    private func listener(for socket: SocketRecord) -> Int? {
        socket.family == .unix
            ? unixPending[socket.inode].flatMap { byInode[$0] } : socket.remote.flatMap { listener(at: $0, in: socket.networkNamespace) }
    }

    private func wasAccepted(_ socket: SocketRecord) -> Bool? {
        guard socket.transport == .tcp, let remote = socket.remote else { return nil }
        let network = socket.networkNamespace
        let here = listener(at: socket.local, in: network) != nil
        let there = isLocal(remote.host, in: network) && listener(at: remote, in: network) != nil
        if here != there { return here }
        // net.ipv4.ip_local_port_range: a connecting side gets a port from it.
        let ephemeral: ClosedRange<UInt16> = 32768...60999
        if !here, ephemeral.contains(socket.local.port) != ephemeral.contains(remote.port) { return !ephemeral.contains(socket.local.port) }
        return nil
    }
}
