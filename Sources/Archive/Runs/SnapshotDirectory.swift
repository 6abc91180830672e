internal import Dispatch
package import Evidence
internal import FoundationEssentials
internal import Synchronization

/// One snapshot as a folder of tables.
package enum SnapshotDirectory {
    /// A table of a large target, such as 100 000 tasks with their backtraces.
    package static let tableLimit_bytes = 512 * 1024 * 1024

    /// Writes the tables first, side by side, for each waits for the disk, and the header last: a folder with a header is whole.
    package static func write(_ snapshot: Snapshot, to directory: String) throws(ArchiveError) {
        try AtomicFile.makeDirectory(directory)
        let tables = snapshot.tables
        let failures = Mutex<[Int: ArchiveError]>([:])
        DispatchQueue.concurrentPerform(iterations: tables.count) { index in
            do throws(ArchiveError) { try write(tables[index].name, to: directory, tables[index].contents) } catch {
                failures.withLock { $0[index] = error }
            }
        }
        if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
        try write(SnapshotFile.header.rawValue, to: directory) { try snapshot.header().contents }
    }

    private static func write(_ name: String, to directory: String, _ contents: () throws -> Data) throws(ArchiveError) {
        let data: Data
        do { data = try contents() } catch {
            throw ArchiveError(
                code: .inputOutput, message: "the snapshot cannot be written as JSON: \(error)", path: directory,
                remedy: "Report this as a defect of Hangscope.")
        }
        try AtomicFile.write(data, to: directory + "/" + name)
    }

    /// - Throws: `EvidenceError` when there is no readable header; a damaged table costs itself only.
    package static func read(_ directory: String) throws -> Snapshot {
        var refused: [String: String] = [:]
        var snapshot = try Snapshot(reading: { name in
            do throws(BoundedFile.Failure) {
                return try BoundedFile.read(directory + "/" + name, limit_bytes: tableLimit_bytes).contents
            } catch .refused(let reason) {
                refused[name] = reason
                return nil
            } catch {
                return nil
            }
        })
        snapshot.unobserved += refused.sorted { $0.key < $1.key }.map { Unobserved(what: $0.key, why: $0.value) }
        return snapshot
    }
}
