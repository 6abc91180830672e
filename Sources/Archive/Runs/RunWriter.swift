package import Evidence
package import FoundationEssentials

/// Writes a run's directory while it goes on: each record when it happens, each file whole.
///
/// A crash at any time leaves a directory that `RunReader` reads. The first failure to
/// append (disk full) is thrown once and kept in `failure`; later appends try again.
package actor RunWriter {
    package nonisolated let directory: String
    /// The first thing that could not be written; nil while all is well.
    package private(set) var failure: ArchiveError?

    private let events: AppendedFile
    private let samples: AppendedFile
    private let store: AppendedFile

    /// Makes the directory, and the files that grow.
    package init(directory: String) throws(ArchiveError) {
        self.directory = directory
        try AtomicFile.makeDirectory(directory + "/" + RunFile.snapshots)
        events = try AppendedFile(directory + "/" + RunFile.events)
        samples = try AppendedFile(directory + "/" + RunFile.samples)
        store = try AppendedFile(directory + "/" + RunFile.store)
    }

    package func append(_ event: Event) throws(ArchiveError) { try append(event, to: events) }
    package func append(_ sample: Sample) throws(ArchiveError) { try append(sample, to: samples) }
    package func append(_ record: StoreRecord) throws(ArchiveError) { try append(record, to: store) }

    /// Writes run.json anew; call it whenever something in it becomes known.
    package func write(_ header: RunHeader) throws(ArchiveError) {
        try write(coded(header, pretty: true), as: RunFile.header)
    }

    /// Writes a file of the run whole, such as its log; `name` is relative and stays inside.
    package func write(_ contents: Data, as name: String) throws(ArchiveError) {
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw ArchiveError(code: .inputOutput, message: "the name leads out of the run", path: name, remedy: "Use a name inside the run's folder.")
        }
        do throws(ArchiveError) {
            if let slash = name.lastIndex(of: "/") { try AtomicFile.makeDirectory(directory + "/" + name[..<slash]) }
            try AtomicFile.write(contents, to: directory + "/" + name)
        } catch {
            failure = failure ?? error
            throw error
        }
    }

    /// The folder of one snapshot, made; a capture in another process writes there.
    package func snapshotDirectory(_ ordinal: Int) throws(ArchiveError) -> String {
        let path = "\(directory)/\(RunFile.snapshots)/\(ordinal)"
        try AtomicFile.makeDirectory(path)
        return path
    }

    /// Where the subject's output goes.
    package nonisolated var subjectLog: String { directory + "/" + RunFile.subjectLog }

    /// Brings what was appended to the disk.
    package func sync() {
        events.sync()
        samples.sync()
        store.sync()
    }

    private func append(_ row: some Encodable, to file: AppendedFile) throws(ArchiveError) {
        do throws(ArchiveError) {
            try file.append(coded(row, pretty: false))
        } catch {
            failure = failure ?? error
            throw error
        }
    }

    private func coded(_ value: some Encodable, pretty: Bool) throws(ArchiveError) -> Data {
        do {
            return try pretty ? EvidenceCoding.encoder().encode(value) : EvidenceCoding.line(value)
        } catch {
            throw ArchiveError(
                code: .inputOutput, message: "a record cannot be written as JSON: \(error)", path: directory, remedy: "Report this as a defect of Hangscope.")
        }
    }
}
