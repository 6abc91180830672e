package import Evidence

/// How a connection stands, from the kernel's facts alone.
package enum SocketStanding: Hashable, Sendable {
    case listening
    /// SYN sent and not answered.
    case connecting(retransmits: Int)
    /// The peer's kernel accepted it, its program has not.
    case notAccepted
    /// Our bytes are not acknowledged and sent again, or keepalive probes are not answered.
    case unacknowledged(segments: Int, retransmits: Int)
    /// No socket at the other end, on this machine.
    case peerGone
    /// The peer sent its end of stream, and we have not closed; `owed` when the last bytes before had gone out.
    case closedByPeer(owed: Bool)
    /// Bytes come, so few at a time that no message will ever be whole.
    case dripping(bytes: UInt64, segments: UInt64)
    /// We wrote more than the peer reads.
    case peerNotReading(bytes: Int)
    /// The last bytes went out: an answer is owed since then.
    case owed(since_s: Double, everReceived: Bool)
    /// The last bytes came in: nothing for that long.
    case quiet(since_s: Double)
    /// Accepted by this side: the next request is the peer's to send.
    case served(since_s: Double)
    /// Bytes lie here that the program has not read.
    case unread(bytes: Int)
    case moving
    case unknown
}

extension SnapshotIndex {
    /// Whether this side connected (a client); nil when nothing tells.
    package func isClient(_ socket: SocketRecord) -> Bool? {
        if let accepted = socket.wasAccepted { return !accepted }
        if socket.family == .unix { return isUnixClient(socket) }
        if sockets.contains(where: { $0.state == .listening && $0.local.port == socket.local.port && $0.transport == socket.transport }) {
            return false
        }
        guard socket.family == .inet || socket.family == .inet6, let remote = socket.remote else { return nil }
        // Linux hands out local ports from 32768 (ip_local_port_range, ip(7)).
        if socket.local.port >= 32768 && remote.port < 32768 { return true }
        if socket.local.port < 32768 && remote.port >= 32768 { return false }
        return nil
    }
}

extension SnapshotIndex {
    /// Of a pair of Unix sockets the one that was accepted has its listener's path.
    private func isUnixClient(_ socket: SocketRecord) -> Bool? {
        if let path = socket.unixPath, !path.isEmpty {
            return sockets.contains { $0.state == .listening && $0.unixPath == path } ? false : nil
        }
        guard let inode = socket.unixPeerInode ?? socket.peer?.inode, let row = socketRow[inode] else { return nil }
        return sockets[row].unixPath?.isEmpty == false ? true : nil
    }
}

extension Activity {
    /// - Parameter hungAfter_s: a silence shorter than this is nothing.
    package func standing(of socket: SocketRecord) -> SocketStanding {
        if socket.state == .listening { return .listening }
        if socket.state == .synSent {
            return .connecting(retransmits: max(socket.timer?.retransmits ?? 0, socket.tcp?.retransmits ?? 0))
        }
        if socket.state == .closeWait { return .closedByPeer(owed: isClosedUnanswered(socket)) }
        guard socket.transport == .tcp else { return Self.standingOfLocal(socket) }
        guard socket.state == .established || socket.state == .finWait1 || socket.state == .finWait2 else { return .unknown }
        if let gone = Self.goneOrUnacknowledged(socket) { return gone }
        if socket.peer?.kind == .notAccepted { return .notAccepted }
        let received = received(socket)
        if let received, received > 0 { return drip(socket, received) ?? .moving }
        if socket.sendQueue > 0, isHeldByPeer(socket) { return .peerNotReading(bytes: socket.sendQueue) }
        if socket.receiveQueue > 0 { return .unread(bytes: socket.receiveQueue) }
        guard let tcp = socket.tcp else { return .unknown }
        // Times beyond the machine's own uptime mean "never" (measured on SYN-SENT sockets).
        let sent_s = tcp.lastDataSent_ms / 1000
        let received_s = tcp.lastDataReceived_ms / 1000
        if later.isClient(socket) == false {
            return .served(since_s: min(sent_s, received_s))
        }
        if tcp.bytesSent > 0 || tcp.dataSegmentsOut > 0, sent_s < received_s || tcp.bytesReceived == 0 || sent_s == received_s && spokeLast(socket, tcp) {
            if sentRepeatedly(socket, tcp) { return .moving }
            return .owed(since_s: sent_s, everReceived: tcp.bytesReceived > 0)
        }
        return .quiet(since_s: min(received_s, sent_s))
    }

    /// Where both last bytes fall into one tick of this end's clock (jiffies, tcp(7)): whether ours were the later ones, as the other end's clock tells where that is on
    /// this machine, or an acknowledgement that came by itself, or that of another connection of the same process to the same peer that has come as far.
    private func spokeLast(_ socket: SocketRecord, _ tcp: TCPInfo) -> Bool {
        let alike = later.sockets.lazy.filter { other in
            other.remote == socket.remote && other.tcp?.dataSegmentsIn == tcp.dataSegmentsIn && other.tcp?.dataSegmentsOut == tcp.dataSegmentsOut && other.owners.first?.pid == socket.owners.first?.pid
        }
        for socket in [socket] + alike.prefix(Self.maximumAlike) {
            let peer = socket.peer?.inode.flatMap { later.socketRow[$0] }.flatMap { later.sockets[$0].tcp }
            let ends = [socket.tcp.map { $0.lastDataReceived_ms - $0.lastDataSent_ms }, peer.map { $0.lastDataSent_ms - $0.lastDataReceived_ms }]
            if let later_ms = ends.compactMap(\.self).first(where: { $0 != 0 }) { return later_ms > 0 }
            // Who gets as many messages as it sends may be the one who answers: a worker tells that an item is done, and waits for the next.
            if Self.wasAcknowledgedAlone(socket.tcp) { return tcp.dataSegmentsIn != tcp.dataSegmentsOut }
            if Self.wasAcknowledgedAlone(peer) { return false }
        }
        return false
    }

    /// Whether an acknowledgement came by itself a while after both last bytes: an answer would have brought it along, and to wait for one is why it was delayed
    /// (TCP_DELACK_MIN, 40 ms, net/ipv4/tcp_timer.c). What answers a keepalive probe comes much later.
    static func wasAcknowledgedAlone(_ tcp: TCPInfo?) -> Bool {
        guard let tcp else { return false }
        return acknowledgedAlone_ms.contains(min(tcp.lastDataReceived_ms, tcp.lastDataSent_ms) - tcp.lastAckReceived_ms)
    }

    /// From two ticks of the coarsest clock (CONFIG_HZ 100) to the longest delay (TCP_DELACK_MAX, 200 ms) and a round trip.
    private static let acknowledgedAlone_ms = 20.0...400.0

    private static let maximumAlike = 16

    /// This side connected, spoke last, and got the end of the stream instead of an answer.
    private func isClosedUnanswered(_ socket: SocketRecord) -> Bool {
        guard socket.transport == .tcp, later.isClient(socket) == true, socket.receiveQueue <= 1, let tcp = socket.tcp, tcp.bytesSent > 0,
            wasClosedThroughout(socket)
        else { return false }
        // The end of the stream counts as a byte received, but as no segment with data (net/ipv4/tcp_input.c).
        // Where both last bytes fall into one tick, one request more went out than answers came in.
        let isLater = tcp.lastDataSent_ms == tcp.lastDataReceived_ms && tcp.dataSegmentsOut == tcp.dataSegmentsIn &+ 1
        return tcp.dataSegmentsIn == 0 || tcp.lastDataSent_ms < tcp.lastDataReceived_ms || isLater
    }

    /// Its peer had ended what it sends at the first look already, and nothing was sent to it since.
    func wasClosedThroughout(_ socket: SocketRecord) -> Bool {
        guard let row = earlier?.socketRow[socket.inode], let before = earlier?.sockets[row] else { return false }
        return before.state == .closeWait && before.tcp?.bytesSent == socket.tcp?.bytesSent
    }

    /// A client that only listens, and gets a byte or two a segment: at most `dripBytes` with a chunk's frame
    /// around each (RFC 9112, 7.1: "1\r\nx\r\n"). Keystrokes echo what was sent; heartbeats are larger or rarer.
    private func drip(_ socket: SocketRecord, _ received: UInt64) -> SocketStanding? {
        guard later.isClient(socket) == true, let row = earlier?.socketRow[socket.inode], let before = earlier?.sockets[row].tcp, let now = socket.tcp,
            now.bytesSent == before.bytesSent, now.bytesReceived > before.bytesReceived, now.dataSegmentsIn > before.dataSegmentsIn
        else { return nil }
        let bytes = now.bytesReceived - before.bytesReceived
        let segments = now.dataSegmentsIn - before.dataSegmentsIn
        // Who has asked for nothing is sent pings and news of any size.
        let each = segments >= 3 && now.bytesSent > 0 ? Self.dripBytes : 2
        return segments >= 2 && bytes <= segments.multipliedReportingOverflow(by: each).partialValue ? .dripping(bytes: bytes, segments: segments) : nil
    }

    private static let dripBytes: UInt64 = 6

    /// Unix and other local sockets: their queues and peers only; the kernel keeps no times.
    private static func standingOfLocal(_ socket: SocketRecord) -> SocketStanding {
        if socket.peer?.kind == .notAccepted { return .notAccepted }
        // A datagram socket that serves many names none of them as its peer: no pair of sockets shows the other end.
        if socket.peer?.kind == .gone && socket.state == .established && socket.family == .unix { return .peerGone }
        if socket.receiveQueue > 0 { return .unread(bytes: socket.receiveQueue) }
        return .unknown
    }

    private static func goneOrUnacknowledged(_ socket: SocketRecord) -> SocketStanding? {
        if let tcp = socket.tcp {
            let again = max(tcp.retransmits, tcp.backoff, socket.timer?.kind == .retransmit ? socket.timer?.retransmits ?? 0 : 0)
            // One repetition happens on any lossy link; from the second on the peer's silence counts.
            if tcp.unacked > 0, again >= 2, socket.timer?.kind != .persist { return .unacknowledged(segments: tcp.unacked, retransmits: again) }
            if socket.timer?.kind == .keepalive, tcp.probes >= 2 { return .unacknowledged(segments: 0, retransmits: tcp.probes) }
        }
        // Whoever has yet to read what came before the end is not waiting for more.
        return socket.peer?.kind == .gone && socket.receiveQueue == 0 ? .peerGone : nil
    }

    private func isHeldByPeer(_ socket: SocketRecord) -> Bool {
        if socket.timer?.kind == .persist { return true }
        if let unread = socket.peer?.receiveQueue, unread > 0 { return socket.sendQueue > 4096 || (socket.tcp?.notSent_bytes ?? 0) > 0 }
        guard let tcp = socket.tcp else { return false }
        return tcp.notSent_bytes > 0 && moved(socket) == false && tcp.unacked == 0
    }

    /// A one-way stream (log shipping, metrics): several writes inside the window and never a byte back.
    private func sentRepeatedly(_ socket: SocketRecord, _ tcp: TCPInfo) -> Bool {
        guard tcp.bytesReceived == 0, let row = earlier?.socketRow[socket.inode], let before = earlier?.sockets[row].tcp else { return false }
        return tcp.bytesSent > before.bytesSent
    }
}
