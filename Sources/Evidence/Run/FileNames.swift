/// Names of the files in a run's directory.
public enum RunFile {
    public static let header = "run.json"
    public static let events = "events.jsonl"
    public static let samples = "samples.jsonl"
    public static let store = "store.jsonl"
    public static let subjectLog = "subject.log"
    /// Holds one folder a snapshot, named by its ordinal.
    public static let snapshots = "snapshots"
}

/// Names of the files in a snapshot's directory. Each table is a bare JSON array; how
/// completely it was observed stands in `snapshot.json` (`SnapshotHeader.sections`).
public enum SnapshotFile: String, CaseIterable, Sendable {
    case header = "snapshot.json"
    case processes = "processes.json"
    case threads = "threads.json"
    case tasks = "tasks.json"
    case actors = "actors.json"
    case descriptors = "descriptors.json"
    case pipes = "pipes.json"
    case sockets = "sockets.json"
    case locks = "locks.json"
    case modules = "modules.json"
    case environment = "environment.json"
}

/// Points at a row of recorded evidence: `snapshots/1/threads.json#/3`, `events.jsonl#/17`.
public struct EvidencePath: Codable, Sendable, Hashable, CustomStringConvertible {
    public var file: String
    public var index: Int?

    public init(file: String, index: Int? = nil) {
        self.file = file
        self.index = index
    }

    public static func snapshot(_ ordinal: Int, _ table: SnapshotFile, _ index: Int? = nil) -> EvidencePath {
        EvidencePath(file: "\(RunFile.snapshots)/\(ordinal)/\(table.rawValue)", index: index)
    }

    public static func event(_ index: Int) -> EvidencePath { EvidencePath(file: RunFile.events, index: index) }
    public static func sample(_ index: Int) -> EvidencePath { EvidencePath(file: RunFile.samples, index: index) }
    public static func store(_ index: Int) -> EvidencePath { EvidencePath(file: RunFile.store, index: index) }
    public static let header = EvidencePath(file: RunFile.header)

    public var description: String { index.map { "\(file)#/\($0)" } ?? file }
}
