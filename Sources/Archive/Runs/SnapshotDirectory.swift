internal import Dispatch
package import Evidence
internal import FoundationEssentials
internal import Synchronization

/// One snapshot as a folder of tables.
package enum SnapshotDirectory {
    /// A table of a large target, such as 100 000 tasks with their backtraces.
    package static let tableLimit_bytes = 512 * 1024 * 1024

    /// Writes the tables first and the header last: a folder with a header is whole. Nothing is synced to the disk, for which the capture
    /// of a large process would wait as long as for its threads: when the machine itself goes down right after, a table may be cut
    /// short, and reading says so.
    package static func write(_ snapshot: Snapshot, to directory: String) throws(ArchiveError) {
        try AtomicFile.makeDirectory(directory)
        let tables = snapshot.tables
        let pieces = tables.indices.flatMap { table in tables[table].pieces.indices.map { (table, $0) } }
        let made = Mutex(tables.map { [[UInt8]?](repeating: nil, count: $0.pieces.count) })
        try sideBySide(pieces.count) { number throws(ArchiveError) in
            let (table, piece) = pieces[number]
            let path = directory + "/" + tables[table].name
            let bytes = try encoded(path, tables[table].pieces[piece])
            let whole = made.withLock { made -> [[UInt8]]? in
                made[table][piece] = bytes
                let whole = made[table].compactMap(\.self)
                guard whole.count == tables[table].pieces.count else { return nil }
                made[table] = []
                return whole
            }
            if let whole { try write(whole, to: path) }
        }
        let header = directory + "/" + SnapshotFile.header.rawValue
        try write([try encoded(header) { [UInt8](try snapshot.header().contents) }], to: header)
    }

    private static func write(_ pieces: [[UInt8]], to path: String) throws(ArchiveError) {
        try AtomicFile.make(path) { descriptor, temporary throws(ArchiveError) in
            for piece in pieces { try AtomicFile.writeAll(piece, to: descriptor, path: temporary) }
        }
    }

    /// Runs `body` for each, several at once, and throws what the first failed with.
    private static func sideBySide(_ count: Int, _ body: @Sendable (Int) throws(ArchiveError) -> Void) throws(ArchiveError) {
        let failures = Mutex<[Int: ArchiveError]>([:])
        DispatchQueue.concurrentPerform(iterations: count) { index in
            do throws(ArchiveError) { try body(index) } catch { failures.withLock { $0[index] = error } }
        }
        if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
    }

    private static func encoded(_ path: String, _ contents: () throws -> [UInt8]) throws(ArchiveError) -> [UInt8] {
        do { return try contents() } catch {
            throw ArchiveError(
                code: .inputOutput, message: "the snapshot cannot be written as JSON: \(error)", path: path,
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
