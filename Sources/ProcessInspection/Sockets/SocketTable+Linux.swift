internal import CLinux
package import Evidence
internal import Glibc

/// All TCP, UDP and Unix sockets of a network namespace, by sock_diag(7).
///
/// Owners and peers are not filled in: see `SocketOwners`.
package enum SocketTable {
    /// Sockets read at most, of each family and protocol.
    package static let limit = 200_000

    /// Sockets, and what a record has no place for.
    package struct Reading: Sendable {
        package var sockets: [SocketRecord] = []
        /// By inode of a connecting Unix socket: the listener that has not accepted it.
        package var unixPending: [UInt64: UInt64] = [:]

        package init() {}

        package mutating func append(_ other: Reading) {
            sockets += other.sockets
            unixPending.merge(other.unixPending) { first, _ in first }
        }
    }

    /// Reads the sockets of the namespace that `pid` lives in.
    package static func read(networkNamespaceOf pid: Int32) -> Observed<[SocketRecord]> {
        reading(networkNamespaceOf: pid).map(\.sockets)
    }

    package static func reading(networkNamespaceOf pid: Int32) -> Observed<Reading> {
        let proc = ProcDirectory(pid: pid)
        let namespace = try? proc.namespace("net")
        let own = try? ProcDirectory(pid: getpid()).namespace("net")
        var namespaceDescriptor: Int32 = -1
        if let namespace, namespace != own {
            namespaceDescriptor = open("\(proc.path)/ns/net", O_RDONLY | O_CLOEXEC)
            if namespaceDescriptor < 0 { return .unavailable(reason: "network namespace of \(pid): \(message(errno))") }
        } else if namespace == nil {
            return .unavailable(reason: "the network namespace of \(pid) cannot be read: it ended, or belongs to another user")
        }
        defer { if namespaceDescriptor >= 0 { close(namespaceDescriptor) } }
        let diag = hs_open_sock_diag(namespaceDescriptor)
        guard diag >= 0 else {
            return .unavailable(reason: "sock_diag: \(message(-diag)); entering another network namespace needs root")
        }
        defer { close(diag) }
        return read(diag, namespace: namespace)
    }

    private static func read(_ diag: Int32, namespace: UInt64?) -> Observed<Reading> {
        var reading = Reading()
        var records: [SocketRecord] = []
        var failures: [String] = []
        let kinds: [(family: Int32, transport: Int, name: String)] = [
            (AF_INET, IPPROTO_TCP, "TCP"), (AF_INET6, IPPROTO_TCP, "TCP over IPv6"),
            (AF_INET, IPPROTO_UDP, "UDP"), (AF_INET6, IPPROTO_UDP, "UDP over IPv6"),
        ]
        for kind in kinds {
            var rows: UnsafeMutablePointer<hs_inet_socket>?
            var count = 0
            let result = hs_dump_inet(diag, kind.family, Int32(kind.transport), limit, &rows, &count)
            for index in 0..<count { records.append(record(rows![index])) }
            free(rows)
            // ENOENT: this kernel has no such protocol, so there are no such sockets.
            if result < 0 && result != -ENOENT { failures.append("\(kind.name): \(message(-result))") }
        }
        var rows: UnsafeMutablePointer<hs_unix_socket>?
        var count = 0
        let result = hs_dump_unix(diag, limit, &rows, &count)
        for index in 0..<count {
            records.append(record(rows![index]))
            let pending = Int(rows![index].pending_count)
            guard pending > 0 else { continue }
            withUnsafeBytes(of: rows![index].pending) { bytes in
                for inode in bytes.bindMemory(to: UInt32.self).prefix(pending) { reading.unixPending[UInt64(inode)] = rows![index].inode }
            }
        }
        free(rows)
        if result < 0 && result != -ENOENT { failures.append("Unix: \(message(-result))") }
        for index in records.indices { records[index].networkNamespace = namespace }
        reading.sockets = records
        return failures.isEmpty ? .complete(reading) : .partial(reading, reason: failures.joined(separator: "; "))
    }

    private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func record(_ row: hs_inet_socket) -> SocketRecord {
        let isSix = Int32(row.family) == AF_INET6
        var socket = SocketRecord(
            inode: row.inode, family: isSix ? .inet6 : .inet, transport: Int(row.protocol) == IPPROTO_TCP ? .tcp : .udp,
            state: state(row.state), local: SocketAddress(host: host(row.local, isSix), port: row.local_port))
        if row.remote_port != 0 { socket.remote = SocketAddress(host: host(row.remote, isSix), port: row.remote_port) }
        socket.receiveQueue = Int(row.receive_queue)
        socket.sendQueue = Int(row.send_queue)
        // linux/inet_diag.h and net/ipv4/inet_diag.c: 1 retransmit, 2 keepalive, 3 time-wait, 4 zero-window probe.
        switch row.timer {
        case 0: break
        case 1: socket.timer = timer(.retransmit, row)
        case 2: socket.timer = timer(.keepalive, row)
        case 3: socket.timer = timer(.timeWait, row)
        case 4: socket.timer = timer(.persist, row)
        default: socket.timer = timer(.unknown, row)
        }
        guard row.has_tcp != 0, socket.state != .listening else { return socket }
        socket.tcp = TCPInfo(
            lastDataSent_ms: Double(row.last_data_sent_ms), lastDataReceived_ms: Double(row.last_data_received_ms),
            lastAckReceived_ms: Double(row.last_ack_received_ms), bytesSent: row.bytes_sent, bytesAcked: row.bytes_acked,
            bytesReceived: row.bytes_received, unacked: Int(row.unacked), retransmits: Int(row.tcp_retransmits),
            totalRetransmits: Int(row.total_retrans), backoff: Int(row.backoff), probes: Int(row.probes),
            notSent_bytes: Int(row.not_sent_bytes), roundTrip_us: Double(row.rtt_us),
            receiverWindowLimited_us: Double(row.rwnd_limited_us), sendBufferLimited_us: Double(row.sndbuf_limited_us),
            dataSegmentsIn: row.data_segments_in, dataSegmentsOut: row.data_segments_out)
        return socket
    }

    private static func timer(_ kind: SocketTimer.Kind, _ row: hs_inet_socket) -> SocketTimer {
        SocketTimer(kind: kind, expires_ms: Double(row.expires_ms), retransmits: Int(row.retransmits))
    }

    private static func record(_ row: hs_unix_socket) -> SocketRecord {
        let path = withUnsafeBytes(of: row.path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let transport: SocketRecord.Transport = switch Int(row.type) {
        case 1: .stream
        case 2: .datagram
        case 5: .sequenced
        default: .other
        }
        var socket = SocketRecord(
            inode: row.inode, family: .unix, transport: transport, state: state(row.state),
            local: SocketAddress(host: path, port: 0))
        socket.unixPath = path.isEmpty ? nil : path
        socket.unixPeerInode = row.has_peer != 0 ? row.peer_inode : nil
        socket.receiveQueue = Int(row.receive_queue)
        socket.sendQueue = Int(row.send_queue)
        return socket
    }

    /// include/net/tcp_states.h.
    private static func state(_ raw: UInt8) -> SocketState {
        switch raw {
        case 1: .established
        case 2: .synSent
        case 3, 12: .synReceived
        case 4: .finWait1
        case 5: .finWait2
        case 6: .timeWait
        case 7: .closed
        case 8: .closeWait
        case 9: .lastAck
        case 10: .listening
        case 11: .closing
        default: .unknown
        }
    }

    private static func host<Bytes>(_ address: Bytes, _ isSix: Bool) -> String {
        withUnsafeBytes(of: address) { bytes in
            if !isSix { return bytes.prefix(4).map(String.init).joined(separator: ".") }
            // ::ffff:a.b.c.d: an IPv4 connection on an IPv6 socket.
            if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
                return bytes[12..<16].map(String.init).joined(separator: ".")
            }
            return address6(Array(bytes))
        }
    }

    /// An IPv6 address of 16 bytes as inet_ntop(3) writes it.
    static func address6(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else { return "?" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            inet_ntop(AF_INET6, bytes, text.baseAddress, socklen_t(INET6_ADDRSTRLEN)).map { String(cString: $0) } ?? "?"
        }
    }
}
