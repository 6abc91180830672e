internal import Synchronization

/// What this server knows of its jobs without the database: their last known rows, when each last
/// did real work, and ends that could not be stored yet.
///
/// Bounded: the oldest ended jobs are forgotten first.
final class JobBoard: Sendable {
    private struct Entry {
        var record: JobRecord
        var lastWork: Double
        var isUnsaved = false
    }

    private static let capacity = 1000
    private let entries = Mutex<[Int64: Entry]>([:])

    func add(_ record: JobRecord) {
        entries.withLock { entries in
            if entries.count >= Self.capacity,
                let oldest = entries.filter({ $0.value.record.status.isFinal && !$0.value.isUnsaved }).keys.min()
            {
                entries[oldest] = nil
            }
            entries[record.id] = Entry(record: record, lastWork: record.created_at)
        }
    }

    /// Changes what is known of a job whose row was just written.
    func update(_ id: Int64, _ change: (inout JobRecord) -> Void) {
        entries.withLock { entries in
            guard var entry = entries[id], !entry.record.status.isFinal else { return }
            change(&entry.record)
            entries[id] = entry
        }
    }

    /// Notes that a job did real work at a clock time.
    func noteWork(_ id: Int64, at time: Double) {
        entries.withLock { $0[id]?.lastWork = time }
    }

    /// A job ended; `isSaved` says whether the database knows it.
    func finish(_ id: Int64, as status: JobStatus, error: String?, at time: Double, isSaved: Bool) {
        entries.withLock { entries in
            guard var entry = entries[id] else { return }
            if !entry.record.status.isFinal {
                entry.record.status = status
                entry.record.error = error
                entry.record.message = status == .completed ? "done" : "failed"
                if status == .completed { entry.record.progress = 100 }
                entry.record.updated_at = time
                entry.record.finished_at = time
            }
            entry.isUnsaved = !isSaved
            entries[id] = entry
        }
    }

    /// The last known row, and whether the database has yet to learn of its end.
    func job(_ id: Int64) -> (record: JobRecord, isUnsaved: Bool)? {
        entries.withLock { $0[id].map { ($0.record, $0.isUnsaved) } }
    }

    /// When a job last did real work; nil for jobs of an earlier server.
    func lastWork(_ id: Int64) -> Double? {
        entries.withLock { $0[id]?.lastWork }
    }

    /// The ended jobs whose end is not stored.
    var unsaved: [JobRecord] {
        entries.withLock { $0.values.filter(\.isUnsaved).map(\.record).sorted { $0.id < $1.id } }
    }
}
