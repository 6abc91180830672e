package import Evidence
internal import FoundationEssentials

/// One snapshot as a folder of tables.
package enum SnapshotDirectory {
    /// A table of a large target, such as 100 000 tasks with their backtraces.
    package static let tableLimit_bytes = 512 * 1024 * 1024

    /// Writes the tables first and the header last: a folder with a header is whole.
    package static func write(_ snapshot: Snapshot, to directory: String) throws(ArchiveError) {
        try AtomicFile.makeDirectory(directory)
        let files: [(name: String, contents: Data)]
        do {
            files = try snapshot.files()
        } catch {
            throw ArchiveError(
                code: .inputOutput, message: "the snapshot cannot be written as JSON: \(error)", path: directory,
                remedy: "Report this as a defect of Hangscope.")
        }
        for file in files { try AtomicFile.write(file.contents, to: directory + "/" + file.name) }
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
