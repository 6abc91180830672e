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
        try sideBySide(tables.count) { index throws(ArchiveError) in
            let table = tables[index]
            let pieces = Mutex<[Int: Data]>([:])
            try sideBySide(table.pieces.count) { index throws(ArchiveError) in
                let piece = try encoded(directory, table.pieces[index])
                pieces.withLock { $0[index] = piece }
            }
            let parts = pieces.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
            try AtomicFile.write(parts, to: directory + "/" + table.name)
        }
        try AtomicFile.write([encoded(directory) { try snapshot.header().contents }], to: directory + "/" + SnapshotFile.header.rawValue)
    }

    /// Runs `body` for 0 and so on, several at once, and throws what the first failed with.
    private static func sideBySide(_ count: Int, _ body: @Sendable (Int) throws(ArchiveError) -> Void) throws(ArchiveError) {
        let failures = Mutex<[Int: ArchiveError]>([:])
        DispatchQueue.concurrentPerform(iterations: count) { index in
            do throws(ArchiveError) { try body(index) } catch { failures.withLock { $0[index] = error } }
        }
        if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
    }

    private static func encoded(_ directory: String, _ contents: () throws -> Data) throws(ArchiveError) -> Data {
        do { return try contents() } catch {
            throw ArchiveError(
                code: .inputOutput, message: "the snapshot cannot be written as JSON: \(error)", path: directory,
                remedy: "Report this as a defect of Hangscope.")
        }
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
