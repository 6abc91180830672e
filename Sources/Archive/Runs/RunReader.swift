package import Evidence
internal import FoundationEssentials

/// Reads recorded runs; whatever is missing or damaged is named in the header's `unobserved`.
package enum RunReader {
    package static let headerLimit_bytes = 16 * 1024 * 1024
    /// The first part of a longer timeline is read, and that is said.
    package static let timelineLimit_bytes = 256 * 1024 * 1024
    /// More snapshots than any run takes.
    package static let snapshotLimit = 64

    /// A run from its directory, or from a lone snapshot's.
    ///
    /// - Throws: `ArchiveError` when nothing in it is evidence; never because some of it is damaged.
    package static func read(_ directory: String) throws(ArchiveError) -> Run {
        guard BoundedFile.isDirectory(directory) else {
            throw ArchiveError(code: .notFound, message: "there is no such folder", path: directory, remedy: "Give the folder of a run or a snapshot.")
        }
        if let run = loneSnapshot(directory) { return run }
        var unobserved: [Unobserved] = []
        let snapshots = snapshots(directory, &unobserved)
        var events: [Event] = timeline(directory, RunFile.events, &unobserved)
        var samples: [Sample] = timeline(directory, RunFile.samples, &unobserved)
        var store: [StoreRecord] = timeline(directory, RunFile.store, &unobserved)
        // Writers of one run are concurrent: order is by time, ties as written.
        events = inOrder(events, \.at)
        samples = inOrder(samples, \.at)
        store = inOrder(store, \.at)
        var header: RunHeader
        do throws(ArchiveError) {
            header = try readHeader(directory)
        } catch {
            let moments = [snapshots.first?.takenAt, events.first?.at, samples.first?.at, store.first?.at].compactMap { $0 }
            guard let first = moments.min() else {
                throw ArchiveError(
                    code: .notARun, message: "nothing in this folder is a recorded run (\(error.message))", path: directory,
                    remedy: "Give a folder that holds \(RunFile.header) or \(RunFile.snapshots)/, as `hangscope reproduce` and `snapshot -o` write them.")
            }
            unobserved.append(Unobserved(what: RunFile.header, why: error.message))
            header = substitute(startedAt: first, snapshots: snapshots)
        }
        header.unobserved += unobserved
        return Run(header: header, events: events, samples: samples, store: store, snapshots: snapshots)
    }

    // MARK: Parts

    private static func readHeader(_ directory: String) throws(ArchiveError) -> RunHeader {
        let path = directory + "/" + RunFile.header
        let contents: Data
        do throws(BoundedFile.Failure) {
            contents = try BoundedFile.read(path, limit_bytes: headerLimit_bytes).contents
        } catch .missing {
            throw ArchiveError(code: .notFound, message: "\(RunFile.header) is missing", path: path, remedy: "")
        } catch {
            throw ArchiveError(code: .inputOutput, message: "\(RunFile.header) cannot be read: \(error)", path: path, remedy: "")
        }
        let header: RunHeader
        do {
            header = try EvidenceCoding.decode(RunHeader.self, from: contents, name: RunFile.header)
        } catch {
            throw ArchiveError(code: .notARun, message: "\((error as? EvidenceError)?.message ?? "\(error)")", path: path, remedy: "")
        }
        let major = header.schemaVersion.prefix { $0 != "." }
        guard major == RunHeader.schemaVersion.prefix(while: { $0 != "." }) else {
            throw ArchiveError(
                code: .notARun, message: "\(RunFile.header) has schema version \(header.schemaVersion.prefix(20)); this version reads \(RunHeader.schemaVersion)",
                path: path, remedy: "")
        }
        return header
    }

    /// What can be said of a run whose header was lost.
    private static func substitute(startedAt: Moment, snapshots: [Snapshot]) -> RunHeader {
        let first = snapshots.first
        var header = RunHeader(
            startedAt: startedAt,
            clocks: first?.clocks ?? ClockReading(monotonic_s: startedAt.monotonic_s, boottime_s: startedAt.monotonic_s, wall_s: 0),
            host: first?.host ?? HostRecord(name: "", kernel: "", architecture: "", bootID: "", processors: 0))
        header.subject = first?.subject
        return header
    }

    private static func loneSnapshot(_ directory: String) -> Run? {
        let names = BoundedFile.names(in: directory)
        guard names.contains(SnapshotFile.header.rawValue), !names.contains(RunFile.header), !names.contains(RunFile.snapshots),
            let snapshot = try? SnapshotDirectory.read(directory)
        else { return nil }
        var header = substitute(startedAt: snapshot.takenAt, snapshots: [snapshot])
        header.unobserved = [Unobserved(what: "events, samples and store rows", why: "this is a snapshot alone, not a run")]
        return Run(header: header, snapshots: [snapshot])
    }

    private static func snapshots(_ directory: String, _ unobserved: inout [Unobserved]) -> [Snapshot] {
        let folder = directory + "/" + RunFile.snapshots
        let ordinals = BoundedFile.names(in: folder).compactMap { name in Int(name) }.filter { $0 > 0 }.sorted()
        if ordinals.count > snapshotLimit {
            unobserved.append(Unobserved(what: "\(ordinals.count - snapshotLimit) snapshots", why: "only the first \(snapshotLimit) are read"))
        }
        var snapshots: [Snapshot] = []
        for ordinal in ordinals.prefix(snapshotLimit) {
            let name = "\(RunFile.snapshots)/\(ordinal)"
            do {
                var snapshot = try SnapshotDirectory.read("\(directory)/\(name)")
                // The folder's name is what references say.
                snapshot.ordinal = ordinal
                snapshots.append(snapshot)
            } catch {
                unobserved.append(Unobserved(what: name, why: (error as? EvidenceError)?.message ?? "\(error)"))
            }
        }
        return snapshots
    }

    private static func timeline<Row: Decodable>(_ directory: String, _ name: String, _ unobserved: inout [Unobserved]) -> [Row] {
        do throws(BoundedFile.Failure) {
            let (contents, isCut) = try BoundedFile.read(directory + "/" + name, limit_bytes: timelineLimit_bytes, keepsHead: true)
            let (rows, damaged) = EvidenceCoding.lines(Row.self, from: contents)
            if isCut { unobserved.append(Unobserved(what: name, why: "longer than \(timelineLimit_bytes) bytes; the rest was not read")) }
            if damaged > 0 { unobserved.append(Unobserved(what: name, why: damaged == 1 ? "one line is damaged" : "\(damaged) lines are damaged")) }
            return rows
        } catch {
            switch error {
            case .missing: unobserved.append(Unobserved(what: name, why: "the file is missing"))
            case .refused(let reason): unobserved.append(Unobserved(what: name, why: "it cannot be read: \(reason)"))
            }
        }
        return []
    }

    private static func inOrder<Row>(_ rows: [Row], _ at: KeyPath<Row, Moment>) -> [Row] {
        // Times from damaged files may be NaN, which has no order: those stay at the end.
        rows.enumerated().sorted { left, right in
            let (a, b) = (left.element[keyPath: at].monotonic_s, right.element[keyPath: at].monotonic_s)
            switch (a.isNaN, b.isNaN) {
            case (true, true): return left.offset < right.offset
            case (true, false): return false
            case (false, true): return true
            default: return a == b ? left.offset < right.offset : a < b
            }
        }.map(\.element)
    }
}
