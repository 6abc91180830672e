import Evidence
import WaitGraph

/// Two snapshots at the same point of the work, table by table.
struct SnapshotPair {
    let working: SnapshotIndex
    let hanging: SnapshotIndex

    typealias Row = (text: String, row: Int)

    /// Rows by a key that is equal in both runs; several rows of one key are counted.
    private func differ(
        _ area: Comparison.Difference.Area, _ file: SnapshotFile, _ left: [(String, Row)], _ right: [(String, Row)], significant: (String, String?, String?) -> Bool
    ) -> [Comparison.Difference] {
        let a = Dictionary(grouping: left, by: \.0)
        let b = Dictionary(grouping: right, by: \.0)
        return Set(a.keys).union(b.keys).sorted().compactMap { key in
            let one = a[key].map { text($0.map(\.1)) }
            let other = b[key].map { text($0.map(\.1)) }
            guard one != other else { return nil }
            return .init(
                area: area, subject: key, working: one, hanging: other, isSignificant: significant(key, one, other),
                workingEvidence: a[key]?.first.map { working.path(file, $0.1.row) }, hangingEvidence: b[key]?.first.map { hanging.path(file, $0.1.row) })
        }
    }

    private func text(_ rows: [Row]) -> String {
        let texts = Dictionary(grouping: rows, by: \.text).map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
        return texts.prefix(6).map { $0.1 == 1 ? $0.0 : "\($0.1) x \($0.0)" }.joined(separator: "; ")
    }

    private func own(_ index: SnapshotIndex) -> Set<Int32> {
        Set(index.processes.filter { $0.role != .followed }.map(\.identity.pid)).union([index.snapshot.subject.pid])
    }

    func sockets() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            let pids = own(index)
            let activity = Activity(earlier: nil, later: index, samples: [])
            return index.sockets.enumerated().compactMap { row, socket in
                guard socket.owners.contains(where: { pids.contains($0.pid) }), socket.state != .timeWait else { return nil }
                // Ports differ from run to run: the peer's process names the connection where it is known.
                let client = index.isClient(socket) != false
                let name = socket.peer?.owners.first?.processName ?? (client ? socket.remote.map(\.description) : nil)
                let key = socket.state == .listening ? "listener" : client ? "connection to \(name ?? "?")" : "connection from \(name ?? "a client")"
                return (key, (kind(activity.standing(of: socket)), row))
            }
        }
        return differ(.sockets, .sockets, rows(working), rows(hanging)) { _, _, other in
            other.map { text in ["owed", "not acknowledged", "gone", "SYN", "not accepted", "not read"].contains { text.contains($0) } } ?? false
        }
    }

    private func kind(_ standing: SocketStanding) -> String {
        switch standing {
        case .listening: "listens"
        case .connecting: "SYN not answered"
        case .notAccepted: "not accepted"
        case .unacknowledged: "bytes not acknowledged, sent again"
        case .peerGone: "the peer is gone"
        case .closedByPeer: "closed by the peer"
        case .dripping: "bytes drip"
        case .peerNotReading: "bytes not read by the peer"
        case .owed: "an answer is owed"
        case .quiet: "received last"
        case .served: "serves"
        case .unread: "bytes lie unread"
        case .moving: "bytes move"
        case .unknown: "open"
        }
    }

    func locks() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            index.locks.enumerated().map { row, lock in
                let file = (lock.sqlite?.database ?? lock.path ?? "a file").split(separator: "/").last.map(String.init) ?? "a file"
                let name = lock.sqlite.map { "\($0.name.rawValue) lock on \(file)" } ?? "\(lock.mode.rawValue) lock on \(file)"
                return (name, ("held by " + Set(lock.holders.map(\.processName)).sorted().joined(separator: ", "), row))
            }
        }
        return differ(.locks, .locks, rows(working), rows(hanging)) { key, one, other in other != nil && one == nil && !key.hasPrefix("read") }
    }

    func threads() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            let pids = own(index)
            return index.threads.enumerated().compactMap { row, thread in
                guard pids.contains(thread.pid) else { return nil }
                let role = thread.isMain ? "main thread" : "threads \(thread.name.prefix { !$0.isNumber && $0 != "#" })"
                let frame = StackShape(thread).ownLabel.map { " in \($0)" } ?? ""
                return (role, ((thread.wait?.kind.rawValue ?? thread.state) + frame, row))
            }
        }
        return differ(.threads, .threads, rows(working), rows(hanging)) { _, _, other in other?.contains("fileLock") == true }
    }

    func tasks() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            index.tasks.enumerated().filter { $0.element.state != .completed }.map { row, task in
                let name = task.name ?? StackShape(task.backtrace.elements).own.last?.function ?? "unnamed"
                let cancelled = task.isCancelled ? ", cancelled" : ""
                return ("task \(name)", ("\(task.state.rawValue)\(task.wait.map { " at \($0.kind.rawValue)" } ?? "")\(cancelled)", row))
            }
        }
        return differ(.tasks, .tasks, rows(working), rows(hanging)) { _, _, other in other?.contains("cancelled") == true }
    }

    func descriptors() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            let pids = own(index)
            return index.descriptors.enumerated().filter { pids.contains($0.element.pid) }.map { ("\($0.element.kind.rawValue) descriptors", ("open", $0.offset)) }
        }
        return differ(.descriptors, .descriptors, rows(working), rows(hanging)) { _, _, _ in false }
    }

    func processes() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            index.processes.enumerated().map { ("process \($0.element.name)", ("\($0.element.role.rawValue), state \($0.element.state == "R" ? "S" : $0.element.state)", $0.offset)) }
        }
        return differ(.processes, .processes, rows(working), rows(hanging)) { _, _, other in other?.contains("state T") == true }
    }

    func environment() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            let pid = index.snapshot.subject.pid
            return index.snapshot.environment.elements.enumerated().filter { $0.element.pid == pid }.map {
                ($0.element.name, ($0.element.value ?? "\($0.element.valueLength) characters, digest \($0.element.digest.prefix(12))", $0.offset))
            }
        }
        // A variable that only one of them has selects something; addresses and folders differ in every run.
        return differ(.environment, .environment, rows(working), rows(hanging)) { _, one, other in one == nil || other == nil }
    }

    func modules() -> [Comparison.Difference] {
        func rows(_ index: SnapshotIndex) -> [(String, Row)] {
            let pid = index.snapshot.subject.pid
            return index.snapshot.modules.elements.enumerated().filter { $0.element.pid == pid }.map {
                ($0.element.path, ("build \($0.element.buildID?.prefix(12) ?? "unknown")", $0.offset))
            }
        }
        return differ(.modules, .modules, rows(working), rows(hanging)) { _, _, _ in false }
    }
}
