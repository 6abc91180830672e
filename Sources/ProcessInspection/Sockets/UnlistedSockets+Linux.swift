internal import CLinux
internal import Evidence

/// Sockets that sock_diag was not asked for (netlink, packet, vsock and the like): their kind, asked of themselves.
enum UnlistedSockets {
    private static let limit = 256

    static func records(_ descriptors: [Descriptor], known: Set<UInt64>, machine: MachineDescriptors) -> [SocketRecord] {
        var seen = known
        var records: [SocketRecord] = []
        for descriptor in descriptors where descriptor.kind == .socket && records.count < limit {
            guard let inode = descriptor.inode, seen.insert(inode).inserted else { continue }
            var domain: Int32 = 0
            var type: Int32 = 0
            var listens: Int32 = 0
            guard hs_socket_kind(descriptor.pid, descriptor.fd, &domain, &type, &listens) == 0, let family = family(domain) else { continue }
            var record = SocketRecord(
                inode: inode, family: family, transport: transport(type), state: listens != 0 ? .listening : .unknown,
                local: SocketAddress(host: "", port: 0))
            record.owners = machine.owners(ofSocket: inode)
            records.append(record)
        }
        return records
    }

    /// AF_* of bits/socket.h. Those of the tables are left to them: one that is missing there has just been closed or made.
    private static func family(_ domain: Int32) -> SocketRecord.Family? {
        switch domain {
        case 1, 2, 10: nil
        case 16: .netlink
        case 17: .packet
        case 40: .vsock
        default: .other
        }
    }

    /// SOCK_* of bits/socket_type.h.
    private static func transport(_ type: Int32) -> SocketRecord.Transport {
        switch type {
        case 1: .stream
        case 2: .datagram
        case 3: .raw
        case 5: .sequenced
        default: .other
        }
    }
}
