public import FoundationEssentials

/// A snapshot without its tables: snapshot.json.
public struct SnapshotHeader: Codable, Sendable, Hashable {
    public struct Section: Codable, Sendable, Hashable {
        public var status: ObservationStatus
        public var reason: String?
    }
    public var schemaVersion: String
    public var ordinal: Int
    public var reason: SnapshotReason
    public var takenAt: Moment
    public var clocks: ClockReading
    public var host: HostRecord
    public var subject: ProcessIdentity
    public var cost: CaptureCost
    public var unobserved: [Unobserved]
    /// By table file name, such as "threads.json".
    public var sections: [String: Section]
}

extension Snapshot {
    /// The snapshot as files: name and contents, the header last, so that a directory
    /// with a header is whole.
    public func files() throws -> [(name: String, contents: Data)] {
        var sections: [String: SnapshotHeader.Section] = [:]
        var files: [(String, Data)] = []
        func add<Row>(_ file: SnapshotFile, _ table: Observed<[Row]>, _ contents: ([Row]) throws -> Data) throws {
            sections[file.rawValue] = .init(status: table.status, reason: table.reason)
            files.append((file.rawValue, try contents(table.elements)))
        }
        try add(.processes, processes, EvidenceCoding.table)
        try add(.threads, threads, EvidenceCoding.table)
        try add(.tasks, tasks, EvidenceCoding.table)
        try add(.actors, actors, EvidenceCoding.table)
        try add(.descriptors, descriptors, EvidenceCoding.table)
        try add(.pipes, pipes, EvidenceCoding.table)
        try add(.sockets, sockets, EvidenceCoding.table)
        try add(.locks, locks, EvidenceCoding.table)
        try add(.modules, modules, EvidenceCoding.table)
        try add(.environment, environment, EvidenceCoding.table)
        let header = SnapshotHeader(
            schemaVersion: schemaVersion, ordinal: ordinal, reason: reason, takenAt: takenAt, clocks: clocks,
            host: host, subject: subject, cost: cost, unobserved: unobserved, sections: sections)
        files.append((SnapshotFile.header.rawValue, try EvidenceCoding.encoder().encode(header)))
        return files
    }

    /// Reads a snapshot back. A table that is missing or damaged costs itself, not the
    /// snapshot: it is unavailable with the reason. Throws only when the header is unreadable.
    ///
    /// - Parameter contents: gives a file's bytes by its name, nil when there is none.
    public init(reading contents: (String) -> Data?) throws {
        guard let data = contents(SnapshotFile.header.rawValue) else {
            throw EvidenceError(
                code: "snapshot-header-missing", message: "no \(SnapshotFile.header.rawValue)",
                remedy: "Point at a directory that `hangscope snapshot -o` wrote; an interrupted capture has no header.")
        }
        let header = try EvidenceCoding.decode(SnapshotHeader.self, from: data, name: SnapshotFile.header.rawValue)
        guard header.schemaVersion.prefix(while: { $0 != "." }) == Snapshot.schemaVersion.prefix(while: { $0 != "." }) else {
            throw EvidenceError(
                code: "snapshot-version", message: "snapshot has schema version \(header.schemaVersion.prefix(20))",
                remedy: "This version reads \(Snapshot.schemaVersion); use the Hangscope that recorded it.")
        }
        self.init(
            ordinal: header.ordinal, reason: header.reason, takenAt: header.takenAt, clocks: header.clocks,
            host: header.host, subject: header.subject)
        cost = header.cost
        unobserved = header.unobserved
        func table<Row: Codable>(_ file: SnapshotFile) -> Observed<[Row]> {
            let section = header.sections[file.rawValue]
            if let section, section.status == .unavailable { return .unavailable(reason: section.reason ?? "not captured") }
            guard let data = contents(file.rawValue) else { return .unavailable(reason: "\(file.rawValue) is missing") }
            do {
                let rows = try EvidenceCoding.decode([Row].self, from: data, name: file.rawValue)
                if section?.status == .partial { return .partial(rows, reason: section?.reason ?? "partly captured") }
                return .complete(rows)
            } catch {
                return .unavailable(reason: "\(file.rawValue) cannot be read: \(error)")
            }
        }
        processes = table(.processes)
        threads = table(.threads)
        tasks = table(.tasks)
        actors = table(.actors)
        descriptors = table(.descriptors)
        pipes = table(.pipes)
        sockets = table(.sockets)
        locks = table(.locks)
        modules = table(.modules)
        environment = table(.environment)
    }
}
