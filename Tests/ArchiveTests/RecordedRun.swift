import Archive
import Evidence
import Foundation

/// A temporary folder that is removed when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("hangscope-archive-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) }
    func write(_ data: Data, _ name: String) throws { try data.write(to: URL(fileURLWithPath: path + "/" + name)) }

    /// Every file below, relative.
    func files() -> [String] {
        (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).filter { name in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isDirectory) && !isDirectory.boolValue
        }.sorted()
    }
}

/// A small run with something in each of its files.
enum RecordedRun {
    static let identity = ProcessIdentity(pid: 812, startTicks: 4711)

    static func header() -> RunHeader {
        var header = RunHeader(
            startedAt: Moment(monotonic_s: 10, scenario_s: 0), clocks: ClockReading(monotonic_s: 10, boottime_s: 11, wall_s: 1_700_000_000),
            host: HostRecord(name: "box", kernel: "6.1", architecture: "x86_64", bootID: "b", processors: 2), timeScale: 60)
        header.subject = identity
        header.alarms = [AlarmRecord(at: Moment(monotonic_s: 14), rule: .noWork, threshold_s: 60, detail: "no work of job 1")]
        return header
    }

    static func event(_ ordinal: Int) -> Event {
        Event(
            at: Moment(monotonic_s: 10 + Double(ordinal), scenario_s: Double(ordinal) * 60), kind: .work, name: "llm.token", ordinal: ordinal, job: "1",
            attributes: ["tokens": .int(Int64(ordinal)), "text": "ü \"quoted\"\n"])
    }

    static func sample(_ ordinal: Int) -> Sample { Sample(at: Moment(monotonic_s: 10 + Double(ordinal)), process: identity) }

    static func row(_ ordinal: Int) -> StoreRecord {
        StoreRecord(at: Moment(monotonic_s: 10 + Double(ordinal)), name: "jobs", rows: [["id": .int(1), "status": "PROCESSING", "error": .null]])
    }

    static func snapshot(_ ordinal: Int) -> Snapshot {
        let header = header()
        var snapshot = Snapshot(
            ordinal: ordinal, reason: .alarm, takenAt: Moment(monotonic_s: 15), clocks: header.clocks, host: header.host, subject: identity)
        snapshot.threads = .partial([], reason: "one thread ended meanwhile")
        snapshot.environment = .complete([])
        return snapshot
    }

    /// Writes it to a folder, in the stages of a real run.
    static func write(to folder: String) async throws {
        let writer = try RunWriter(directory: folder)
        try await writer.write(header())
        for ordinal in 1...4 {
            try await writer.append(event(ordinal))
            try await writer.append(sample(ordinal))
            try await writer.append(row(ordinal))
        }
        try SnapshotDirectory.write(snapshot(1), to: try await writer.snapshotDirectory(1))
        var header = header()
        header.endedAt = Moment(monotonic_s: 20)
        header.standstill = event(4).key
        try await writer.write(header)
        await writer.sync()
    }
}
