import Diagnosis
import Evidence

/// One table of evidence with a column for each run.
struct SideBySide: Sendable, Hashable {
    struct Row: Sendable, Hashable {
        var subject: String
        /// One for each run; nil where it was not there.
        var cells: [String?]
        var differs: Bool
    }
    /// One run's entry before pairing.
    struct Entry {
        /// Entries of equal subject stand in one row.
        var subject: String
        var text: String
        /// What counts when asking whether two runs differ, without what always differs (ports, byte counts, times).
        var essence: String
    }

    static let rowLimit = 150

    var title: String
    var differing: [Row]
    var equal: [Row]
    var omitted: Int
    /// For each run that could not be seen whole: why.
    var reasons: [String]

    /// Rows with differences come first, each kind in the order in which the runs list them.
    init(_ title: String, runs: [(name: String, entries: [Entry], reason: String?)]) {
        self.title = title
        reasons = runs.compactMap { run in run.reason.map { "\(run.name): \(Escaping.clipped($0, to: 300))" } }
        var order: [String] = []
        var cells: [String: [[Entry]]] = [:]
        for (column, run) in runs.enumerated() {
            for entry in run.entries {
                if cells[entry.subject] == nil {
                    cells[entry.subject] = Array(repeating: [], count: runs.count)
                    order.append(entry.subject)
                }
                cells[entry.subject]![column].append(entry)
            }
        }
        let rows = order.map { subject in
            let entries = cells[subject]!
            let essences = entries.map { $0.map(\.essence).sorted() }
            let differs = runs.count > 1 && essences.contains { $0 != essences[0] }
            return Row(subject: Escaping.clipped(subject, to: 200), cells: entries.map(Self.cell), differs: differs)
        }
        let differing = rows.filter(\.differs)
        let equal = rows.filter { !$0.differs }
        self.differing = Array(differing.prefix(Self.rowLimit))
        self.equal = Array(equal.prefix(max(0, Self.rowLimit - differing.count)))
        omitted = rows.count - self.differing.count - self.equal.count
    }

    var isEmpty: Bool { differing.isEmpty && equal.isEmpty && reasons.isEmpty }

    private static func cell(_ entries: [Entry]) -> String? {
        guard let first = entries.first else { return nil }
        var texts: [String] = []
        for entry in entries.prefix(50) where texts.count < 3 && !texts.contains(entry.text) { texts.append(Escaping.clipped(entry.text, to: 300)) }
        if entries.count == 1 { return Escaping.clipped(first.text, to: 300) }
        return texts.count == 1 ? "\(Units.count(entries.count)) × \(texts[0])" : "\(Units.count(entries.count)): \(texts.joined(separator: "; "))\(entries.count > texts.count ? " …" : "")"
    }
}

extension SideBySide {
    /// All tables of the given runs' key snapshots, in the order in which they are read.
    static func tables(_ sections: [RunSection]) -> [SideBySide] {
        func table<Row>(_ title: String, _ path: KeyPath<Snapshot, Observed<[Row]>>, _ entries: (Row, Snapshot) -> Entry?) -> SideBySide {
            SideBySide(title, runs: sections.map { section in
                guard let snapshot = section.keySnapshot else { return (section.variant, [], "no snapshot") }
                let observed = snapshot[keyPath: path]
                return (section.variant, observed.elements.compactMap { entries($0, snapshot) }, observed.reason)
            })
        }
        return [
            table("Sockets", \.sockets) { socket, _ in Entry(socket) },
            table("File locks", \.locks) { lock, _ in
                Entry(subject: WaitWording.lockSubject(lock), text: WaitWording.lock(lock), essence: "\(lock.kind)\(lock.mode)\(lock.holders.count)\(lock.waiters.count)")
            },
            table("Pipes", \.pipes) { pipe, _ in Entry(pipe) },
            table("Descriptors", \.descriptors) { descriptor, snapshot in descriptor.pid == snapshot.subject.pid ? Entry(descriptor) : nil },
            table("Processes", \.processes) { process, snapshot in Entry(process, isSubject: process.identity == snapshot.subject) },
            table("Environment", \.environment) { entry, snapshot in
                guard entry.pid == snapshot.subject.pid else { return nil }
                return Entry(subject: entry.name, text: "set, \(Units.count(entry.valueLength)) bytes", essence: entry.digest)
            },
            table("Modules", \.modules) { module, snapshot in
                guard module.pid == snapshot.subject.pid else { return nil }
                let build = module.buildID.map { String($0.prefix(40)) } ?? "no build id"
                return Entry(subject: WaitWording.baseName(module.path), text: build, essence: build)
            },
        ]
    }
}

extension SideBySide.Entry {
    init(_ socket: SocketRecord) {
        let peer = WaitWording.peer(socket.peer)
        if socket.state == .listening {
            subject = "listener on \(socket.local)"
        } else if socket.family == .unix {
            subject = "Unix socket \(socket.unixPath ?? socket.remote?.description ?? "without a name")"
        } else if socket.wasAccepted == true {
            subject = "accepted on port \(socket.local.port)"
        } else {
            subject = "connection to \(socket.remote?.description ?? "nobody")"
        }
        let fd = socket.owners.first.map { "descriptor \($0.fd): " } ?? ""
        text = fd + WaitWording.socket(socket) + (peer.map { "; other end: \($0)" } ?? "")
        // Half a second without data is far beyond a round trip on one machine, and short against any hang.
        let isQuiet = socket.state == .established && (socket.tcp.map { $0.lastDataReceived_ms > 500 } ?? false)
        let isListening = socket.state == .listening
        essence = "\(socket.state)|\(socket.receiveQueue > 0)|\(!isListening && socket.sendQueue > 0)|\(socket.peer?.kind.rawValue ?? "")|\(socket.timer?.kind.rawValue ?? "")|\(isQuiet)"
    }

    init(_ pipe: PipeRecord) {
        func names(_ ends: [DescriptorReference]) -> String {
            ends.isEmpty ? "nobody" : ends.prefix(4).map { "\($0.processName) (pid \($0.pid))" }.joined(separator: ", ")
        }
        func essence(_ ends: [DescriptorReference]) -> String { Set(ends.map(\.processName)).sorted().joined(separator: ",") }
        subject = pipe.path.map { "FIFO \(WaitWording.baseName($0))" } ?? "pipe read by \(essence(pipe.readers).isEmpty ? "nobody" : essence(pipe.readers))"
        let queued = pipe.queued_bytes.map { "; \(Units.bytes($0)) unread" + (pipe.capacity_bytes.map { " of \(Units.bytes($0))" } ?? "") } ?? ""
        text = "read by \(names(pipe.readers)); written by \(names(pipe.writers))\(queued)"
        self.essence = "\(essence(pipe.readers))|\(essence(pipe.writers))|\(pipe.queued_bytes.map { $0 > 0 } ?? false)"
    }

    init(_ descriptor: Descriptor) {
        switch descriptor.kind {
        case .file, .directory, .device, .fifo, .terminal:
            subject = "\(descriptor.kind.rawValue) \(WaitWording.baseName(descriptor.target))" + (descriptor.isDeleted ? " (deleted)" : "")
        default: subject = "\(descriptor.kind.rawValue)s"
        }
        text = "\(descriptor.fd)"
        essence = subject
    }

    init(_ process: ProcessRecord, isSubject: Bool) {
        subject = isSubject ? "the subject, \(process.name)" : "\(process.role.rawValue) \(process.name)"
        let state = process.state == "S" || process.state == "R" ? "" : ", state \(process.state)"
        let because = process.followedBecause.map { "; \($0)" } ?? ""
        let command = process.arguments.isEmpty ? "" : ": \(process.arguments.prefix(20).joined(separator: " "))"
        text = "pid \(process.identity.pid)\(state), \(Units.count(process.threadCount, "thread"))\(because)\(command)"
        essence = "\(state)|\(process.executable ?? "")"
    }
}
