import Evidence

/// What became of each row of the subject's store: jobs as their own table tells them.
///
/// A row is known by `id`; `status` and `parent` (the id of the whole that it is a part of) are looked at.
/// A query that calls its columns otherwise renames them (`SELECT run AS id`).
struct StoreTimeline {
    struct Row {
        var id: String
        var parent: String?
        var status: String?
        var end: StatusWords.End?
        /// When it was first seen, and when its status last changed: scenario seconds, and the record that shows it.
        var first_s: Double
        var first: Int
        var changed_s: Double
        var changed: Int
        /// It has had one status only.
        var isUntouched: Bool
    }

    /// Rows that are looked at over all records of a run.
    private static let most = 500_000

    private(set) var rows: [Row] = []

    init(_ run: Run) {
        let words = run.header.statusWords ?? StatusWords()
        var known: [String: Int] = [:]
        var seen = 0
        for (index, record) in run.store.enumerated() where seen < Self.most {
            let time_s = Verdicts.time(record.at, run)
            for row in record.rows {
                seen += 1
                guard let id = row["id"]?.text else { continue }
                let status = row["status"]?.text
                guard let place = known[id] else {
                    known[id] = rows.count
                    rows.append(Row(
                        id: id, parent: row["parent"].flatMap { $0 == .null ? nil : $0.text }, status: status, end: status.flatMap(words.end), first_s: time_s,
                        first: index, changed_s: time_s, changed: index, isUntouched: true))
                    continue
                }
                guard rows[place].status != status else { continue }
                (rows[place].status, rows[place].end) = (status, status.flatMap(words.end))
                (rows[place].changed_s, rows[place].changed, rows[place].isUntouched) = (time_s, index, false)
            }
        }
    }
}

/// A job with its parts, as the events or the store of a run tell them.
struct WholeJob {
    var id: String
    var status: String?
    var parts: Int
    var endedParts: Int
    /// When the last of the ended parts ended.
    var lastPart: (time_s: Double, path: EvidencePath)?

    var isDoneButOpen: Bool { parts > 0 && endedParts == parts }

    /// Those that have not ended and have parts.
    static func unfinished(_ run: Run, _ timeline: WorkTimeline) -> [WholeJob] {
        var found: [String: WholeJob] = [:]
        let rows = StoreTimeline(run).rows
        let byParent = Dictionary(grouping: timeline.marks.filter { $0.event.attributes["parent.job"] != nil && $0.event.job != nil }) {
            $0.event.attributes["parent.job"]?.text ?? ""
        }
        for (id, marks) in byParent {
            guard let whole = timeline.jobs.first(where: { $0.id == id }), !whole.isFinal else { continue }
            let names = Set(marks.compactMap(\.event.job))
            let ended = timeline.jobs.filter { names.contains($0.id) }.compactMap(\.finalAt)
            let last = ended.max { $0.time_s < $1.time_s }
            let status = whole.status ?? rows.first { $0.id == id }?.status
            found[id] = WholeJob(id: id, status: status, parts: names.count, endedParts: ended.count, lastPart: last.map { ($0.time_s, .event($0.index)) })
        }
        for (id, parts) in Dictionary(grouping: rows.filter { $0.parent != nil }, by: { $0.parent ?? "" }) where found[id] == nil {
            guard let whole = rows.first(where: { $0.id == id }), whole.end == nil else { continue }
            let ended = parts.filter { $0.end != nil }
            let last = ended.max { $0.changed_s < $1.changed_s }
            found[id] = WholeJob(id: id, status: whole.status, parts: parts.count, endedParts: ended.count, lastPart: last.map { ($0.changed_s, .store($0.changed)) })
        }
        return found.values.sorted { $0.id < $1.id }
    }
}
