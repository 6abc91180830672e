/// A socket as sock_diag(7) tells it, with its owners and, on this machine, its peer.
public struct SocketRecord: Codable, Sendable, Hashable {
    public enum Family: String, Codable, Sendable, Hashable { case inet, inet6, unix, netlink, packet, vsock, other }
    public enum Transport: String, Codable, Sendable, Hashable { case tcp, udp, stream, datagram, sequenced, raw, other }

    /// 0 for a socket no descriptor belongs to any more (orphaned).
    public var inode: UInt64
    public var family: Family
    public var transport: Transport
    public var state: SocketState
    public var local: SocketAddress
    public var remote: SocketAddress?
    /// Received and not yet read by the application, in bytes. For a listener: connections waiting to be accepted.
    public var receiveQueue: Int
    /// Written and not yet acknowledged (TCP) or read (Unix), in bytes. For a listener: the backlog's limit.
    public var sendQueue: Int
    public var timer: SocketTimer?
    public var tcp: TCPInfo?
    public var owners: [DescriptorReference]
    public var peer: SocketPeer?
    /// True when a listener on the local port accepted it, false when this side connected; nil when unknown.
    public var wasAccepted: Bool?
    /// Inode of the network namespace it lives in.
    public var networkNamespace: UInt64?
    /// For a Unix socket: the path or "@name" it is bound to, and the peer's inode.
    public var unixPath: String?
    public var unixPeerInode: UInt64?

    public init(
        inode: UInt64, family: Family, transport: Transport, state: SocketState, local: SocketAddress,
        remote: SocketAddress? = nil
    ) {
        self.inode = inode
        self.family = family
        self.transport = transport
        self.state = state
        self.local = local
        self.remote = remote
        self.receiveQueue = 0
        self.sendQueue = 0
        self.owners = []
    }
}

/// TCP states of the kernel's include/net/tcp_states.h; Unix and UDP sockets use a few of them.
public enum SocketState: String, Codable, Sendable, Hashable {
    case established, synSent, synReceived, finWait1, finWait2, timeWait, closed, closeWait, lastAck, listening, closing
    case unknown
}

public struct SocketAddress: Codable, Sendable, Hashable, CustomStringConvertible {
    /// Numeric address, or a path for Unix sockets.
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    public var description: String {
        if host.contains(":") { return "[\(host)]:\(port)" }
        return host.isEmpty || host.contains("/") || host.hasPrefix("@") ? host : "\(host):\(port)"
    }
}

/// The timer the kernel runs for a connection: idiag_timer of inet_diag.
public struct SocketTimer: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable { case retransmit, keepalive, timeWait, persist, unknown }
    public var kind: Kind
    public var expires_ms: Double
    public var retransmits: Int

    public init(kind: Kind, expires_ms: Double, retransmits: Int) {
        self.kind = kind
        self.expires_ms = expires_ms
        self.retransmits = retransmits
    }
}

/// The part of struct tcp_info (linux/tcp.h) that explains waits; times in milliseconds before the capture.
public struct TCPInfo: Codable, Sendable, Hashable {
    /// No body is sent in smaller segments than these, unless somebody holds it back.
    package static let trickle_bytes: UInt64 = 64

    public var lastDataSent_ms: Double
    public var lastDataReceived_ms: Double
    public var lastAckReceived_ms: Double
    public var bytesSent: UInt64
    public var bytesAcked: UInt64
    public var bytesReceived: UInt64
    /// Segments sent and not acknowledged.
    public var unacked: Int
    /// Retransmissions of the segment in question, and over the connection's life.
    public var retransmits: Int
    public var totalRetransmits: Int
    public var backoff: Int
    public var probes: Int
    public var notSent_bytes: Int
    public var roundTrip_us: Double
    /// Time the sender was held by the peer's receive window, in microseconds.
    public var receiverWindowLimited_us: Double
    public var sendBufferLimited_us: Double
    public var dataSegmentsIn: UInt64
    public var dataSegmentsOut: UInt64

    public init(
        lastDataSent_ms: Double, lastDataReceived_ms: Double, lastAckReceived_ms: Double = 0, bytesSent: UInt64 = 0,
        bytesAcked: UInt64 = 0, bytesReceived: UInt64 = 0, unacked: Int = 0, retransmits: Int = 0,
        totalRetransmits: Int = 0, backoff: Int = 0, probes: Int = 0, notSent_bytes: Int = 0, roundTrip_us: Double = 0,
        receiverWindowLimited_us: Double = 0, sendBufferLimited_us: Double = 0, dataSegmentsIn: UInt64 = 0,
        dataSegmentsOut: UInt64 = 0
    ) {
        self.lastDataSent_ms = lastDataSent_ms
        self.lastDataReceived_ms = lastDataReceived_ms
        self.lastAckReceived_ms = lastAckReceived_ms
        self.bytesSent = bytesSent
        self.bytesAcked = bytesAcked
        self.bytesReceived = bytesReceived
        self.unacked = unacked
        self.retransmits = retransmits
        self.totalRetransmits = totalRetransmits
        self.backoff = backoff
        self.probes = probes
        self.notSent_bytes = notSent_bytes
        self.roundTrip_us = roundTrip_us
        self.receiverWindowLimited_us = receiverWindowLimited_us
        self.sendBufferLimited_us = sendBufferLimited_us
        self.dataSegmentsIn = dataSegmentsIn
        self.dataSegmentsOut = dataSegmentsOut
    }
}

/// Who is at the other end of a connection.
public struct SocketPeer: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        /// A process on this machine: `owners` names it.
        case local
        /// The address is this machine's, and no socket answers for it any more: the peer is gone.
        case gone
        /// Accepted by the kernel for a listener that has not called accept yet; `owners` names the listener's process.
        case notAccepted
        /// An address elsewhere: nothing more can be seen from here.
        case remote
        case unknown
    }
    public var kind: Kind
    public var owners: [DescriptorReference]
    public var inode: UInt64?
    public var state: SocketState?
    /// The peer's own queues: what it has not read, and what it sent that we have not acknowledged.
    public var receiveQueue: Int?
    public var sendQueue: Int?

    public init(kind: Kind, owners: [DescriptorReference] = [], inode: UInt64? = nil) {
        self.kind = kind
        self.owners = owners
        self.inode = inode
    }
}
