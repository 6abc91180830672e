package import Evidence

/// Evidence of several machines, or several processes of one, as one: what the subject waits for
/// across a connection is then seen at its other end.
package enum MachineJoin {
    /// A run, and where its recording lies.
    package typealias Recorded = (directory: String, run: Run)

    /// The run with the other runs' processes beside its own, and its connections matched to theirs
    /// by their address pairs. The first looks are laid together, and the last ones.
    ///
    /// Loopback addresses mean another machine on each, and match only within one boot of one machine.
    package static func join(_ run: Run, with others: [Recorded]) -> Run {
        var joined = run
        for (number, other) in others.prefix(MachineShift.machineLimit).enumerated() where !other.run.snapshots.isEmpty {
            let theirs = other.run.snapshots
            let isSameMachine = !run.header.host.bootID.isEmpty && other.run.header.host.bootID == run.header.host.bootID
            let shift = MachineShift(machine: isSameMachine ? 0 : number + 1, host: other.run.header.host.name)
            for row in joined.snapshots.indices {
                let isLast = row == joined.snapshots.count - 1
                add(isLast ? theirs[theirs.count - 1] : theirs[0], from: other.directory, to: &joined.snapshots[row], shift, isSameMachine)
            }
        }
        return joined
    }

    private static func add(_ theirs: Snapshot, from directory: String, to snapshot: inout Snapshot, _ shift: MachineShift, _ isSameMachine: Bool) {
        // On one machine both may hold the same rows: the subject's own count.
        let processes = isSameMachine ? Set(snapshot.processes.elements.map(\.identity.pid)) : []
        let pipes = isSameMachine ? Set(snapshot.pipes.elements.map(\.inode)) : []
        let sockets = isSameMachine ? Set(snapshot.sockets.elements.map(\.inode)) : []
        let ownSockets = snapshot.sockets.elements.count
        var part = JoinedRows(directory: directory, ordinal: theirs.ordinal)
        func take<Row>(_ file: SnapshotFile, _ table: WritableKeyPath<Snapshot, Observed<[Row]>>, _ isKnown: (Row) -> Bool, _ change: (Row) -> Row) {
            let rows = theirs[keyPath: table].elements
            let taken = rows.indices.filter { !isKnown(rows[$0]) }
            guard !taken.isEmpty else { return }
            part.tables[file.rawValue] = JoinedRows.Table(first: snapshot[keyPath: table].elements.count, rows: taken)
            snapshot[keyPath: table].append(taken.map { change(rows[$0]) })
        }
        take(.processes, \.processes, { processes.contains($0.identity.pid) }, shift.process)
        take(.threads, \.threads, { processes.contains($0.pid) }, shift.thread)
        take(.tasks, \.tasks, { processes.contains($0.pid) }, shift.task)
        take(.actors, \.actors, { processes.contains($0.pid) }, shift.actor)
        take(.descriptors, \.descriptors, { processes.contains($0.pid) }, shift.descriptor)
        take(.pipes, \.pipes, { pipes.contains($0.inode) }, shift.pipe)
        take(.sockets, \.sockets, { sockets.contains($0.inode) }, shift.socket)
        take(.locks, \.locks, { _ in isSameMachine }, shift.lock)
        snapshot.joined = (snapshot.joined ?? []) + [part]
        snapshot.sockets = snapshot.sockets.map { matched($0, from: ownSockets, isSameMachine) }
    }

    // MARK: Connections

    private struct Ends: Hashable {
        var near, far: SocketAddress
    }

    /// Names both ends of each connection one of whose sockets lies before `boundary` and the other after.
    private static func matched(_ sockets: [SocketRecord], from boundary: Int, _ isSameMachine: Bool) -> [SocketRecord] {
        var rows = sockets
        var far: [Ends: Int] = [:]
        for row in rows.indices.dropFirst(boundary) where !rows[row].owners.isEmpty {
            if let ends = ends(rows[row], isSameMachine) { far[ends] = row }
        }
        for row in rows.indices.prefix(boundary) {
            guard let ends = ends(rows[row], isSameMachine), let other = far[Ends(near: ends.far, far: ends.near)] else { continue }
            rows[row].peer = peer(rows[other], before: rows[row].peer)
            rows[other].peer = peer(rows[row], before: rows[other].peer)
        }
        return rows
    }

    private static func ends(_ socket: SocketRecord, _ isSameMachine: Bool) -> Ends? {
        guard socket.transport == .tcp, let remote = socket.remote, socket.state != .listening else { return nil }
        let isLoopback = socket.local.host.hasPrefix("127.") || socket.local.host == "::1"
        return isLoopback && !isSameMachine ? nil : Ends(near: socket.local, far: remote)
    }

    private static func peer(_ socket: SocketRecord, before: SocketPeer?) -> SocketPeer {
        if let before, before.kind == .local { return before }
        var peer = SocketPeer(kind: .local, owners: socket.owners, inode: socket.inode)
        peer.state = socket.state
        peer.receiveQueue = socket.receiveQueue
        peer.sendQueue = socket.sendQueue
        return peer
    }
}

extension Observed where Value: RangeReplaceableCollection {
    /// Adds rows seen elsewhere; whether the own ones were complete stays as it was.
    fileprivate mutating func append(_ rows: Value) {
        switch self {
        case .complete(let value): self = .complete(value + rows)
        case .partial(let value, let reason): self = .partial(value + rows, reason: reason)
        case .unavailable(let reason): self = .partial(rows, reason: reason)
        }
    }
}
