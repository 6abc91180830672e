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
    /// The tables as files: each name, and how the pieces that follow each other in it are made; all of them may be made at the same time.
    public var tables: [(name: String, pieces: [@Sendable () throws -> [UInt8]])] {
        func table<Row: Encodable & Sendable>(_ file: SnapshotFile, _ rows: Observed<[Row]>) -> (String, [@Sendable () throws -> [UInt8]]) {
            (file.rawValue, [{ [UInt8](try EvidenceCoding.table(rows.elements)) }])
        }
        return [
            (SnapshotFile.threads.rawValue, EvidenceCoding.pieces(threads.elements)),
            (SnapshotFile.tasks.rawValue, EvidenceCoding.pieces(tasks.elements)),
            table(.processes, processes), table(.actors, actors), table(.descriptors, descriptors), table(.pipes, pipes),
            table(.sockets, sockets), table(.locks, locks), table(.modules, modules), table(.environment, environment),
        ]
    }

    /// The header as a file: written last, so that a directory with a header is whole.
    public func header() throws -> (name: String, contents: Data) {
        func section<Row>(_ file: SnapshotFile, _ table: Observed<[Row]>) -> (String, SnapshotHeader.Section) {
            (file.rawValue, .init(status: table.status, reason: table.reason))
        }
        let sections = [
            section(.processes, processes), section(.threads, threads), section(.tasks, tasks), section(.actors, actors),
            section(.descriptors, descriptors), section(.pipes, pipes), section(.sockets, sockets), section(.locks, locks),
            section(.modules, modules), section(.environment, environment),
        ]
        let header = SnapshotHeader(
            schemaVersion: schemaVersion, ordinal: ordinal, reason: reason, takenAt: takenAt, clocks: clocks,
            host: host, subject: subject, cost: cost, unobserved: unobserved, sections: Dictionary(uniqueKeysWithValues: sections))
        return (SnapshotFile.header.rawValue, try EvidenceCoding.encoder().encode(header))
    }

    /// The snapshot as files: name and contents, the header last.
    public func files() throws -> [(name: String, contents: Data)] {
        try tables.map { table in (name: table.name, contents: try table.pieces.reduce(into: Data()) { $0 += try $1() }) } + [header()]
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
