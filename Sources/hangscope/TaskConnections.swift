internal import Evidence
internal import ProcessInspection

/// The connections behind descriptors that tasks wait for.
enum TaskConnections {
    /// Those that the process began: a server's wait for its next request, not for an answer.
    static func read(pid: Int32, descriptors: Set<Int32>) -> [Int32: SocketRecord] {
        guard !descriptors.isEmpty else { return [:] }
        let proc = ProcDirectory(pid: pid)
        let sockets = SocketTable.read(networkNamespaceOf: pid).elements
        let listening = Set(sockets.filter { $0.state == .listening }.map(\.local.port))
        let byInode = Dictionary(sockets.map { ($0.inode, $0) }, uniquingKeysWith: { first, _ in first })
        var found: [Int32: SocketRecord] = [:]
        for descriptor in descriptors {
            guard let target = try? proc.descriptorTarget(descriptor), target.hasPrefix("socket:["),
                let socket = UInt64(target.dropFirst(8).dropLast()).flatMap({ byInode[$0] }), socket.remote != nil, !listening.contains(socket.local.port)
            else { continue }
            found[descriptor] = socket
        }
        return found
    }
}
