package import Evidence
package import WaitGraph

/// Connections in plain words.
package enum SocketText {
    package static func standing(_ standing: SocketStanding, _ socket: SocketRecord?, _ index: SnapshotIndex) -> String {
        let peer = socket.map { peerText($0, index) } ?? "its peer"
        switch standing {
        case .listening: return "listens"
        case .connecting(let retransmits): return "connecting: SYN sent \(retransmits + 1) times, no answer"
        case .notAccepted: return "established by the kernel only: \(peer) has not accepted it"
        case .unacknowledged(let segments, let retransmits):
            return "\(segments) segments are not acknowledged and were sent again \(retransmits) times: the other end is gone"
        case .peerGone: return "no socket is left at the other end"
        case .closedByPeer(let owed): return owed ? "closed by \(peer) instead of answering, and not closed here" : "closed by \(peer)"
        case .dripping(let bytes, let segments): return "\(bytes) bytes came in \(segments) segments from \(peer)"
        case .peerNotReading(let bytes): return "\(bytes) bytes wait to be read by \(peer)"
        case .owed where socket?.transport == .udp: return "no datagram comes from \(peer)"
        case .owed where socket?.tcp?.bytesSent == 0: return "established, not a byte either way; \(peer) says nothing"
        case .owed: return "established, 0 bytes in since the last went out; \(reading(socket, peer))"
        case .quiet: return "established, 0 bytes in, in the middle of an answer of \(peer)"
        case .served: return "no request comes"
        case .unread(let bytes): return "\(bytes) bytes lie unread"
        case .moving: return "bytes move"
        case .unknown: return "no byte comes from \(peer)"
        }
    }

    private static func reading(_ socket: SocketRecord?, _ peer: String) -> String {
        guard let unread = socket?.peer?.receiveQueue else { return "\(peer) has not answered" }
        return unread > 0 ? "\(peer) has not even read the request (\(unread) bytes)" : "\(peer) has read the request and not answered"
    }

    package static func peerText(_ socket: SocketRecord, _ index: SnapshotIndex) -> String {
        if let owner = index.answerers(of: socket).first { return index.title(owner) }
        return socket.remote.map(\.description) ?? socket.unixPath ?? "its peer"
    }
}
