package import Diagnosis
import Evidence

/// Both runs on one axis: seconds of scenario time since each run's start.
package struct Timeline: Sendable, Hashable {
    package struct Tick: Sendable, Hashable {
        package var at: Double
        package var count: Int
    }
    package struct Bar: Sendable, Hashable {
        package var name: String
        package var start: Double
        package var end: Double
        /// Began and never ended while it was watched.
        package var isOpen: Bool
        package var row: Int
    }
    package struct Marker: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable { case alarm, snapshot, fault, exit }
        package var at: Double
        package var kind: Kind
        package var text: String
    }
    package struct Lane: Sendable, Hashable {
        package var name: String
        package var verdict: Verdict
        package var end: Double
        package var progress: [SampleSeries.Point]
        package var work: [Tick]
        package var workCount: Int
        package var lastWork: Double?
        package var bars: [Bar]
        package var rows: Int
        package var markers: [Marker]
        /// Where this run was at the last point both reached.
        package var parting: Double?
        package var omitted: [String]
    }

    package var lanes: [Lane]
    /// Length of the axis, over 0.
    package var end: Double
    package var timeScale: Double

    /// At most so many of each kind are drawn in one lane.
    private enum Limit {
        static let ticks = 400, progress = 240, bars = 120, rows = 6, markers = 40
    }

    /// nil when no run did or showed anything over time.
    package init?(_ report: Report) {
        let sections = [report.baseline, report.primary].compactMap(\.self)
        timeScale = report.primary?.timeScale ?? 1
        lanes = sections.map { Self.lane($0, report) }.filter { !$0.work.isEmpty || !$0.progress.isEmpty || !$0.bars.isEmpty || !$0.markers.isEmpty }
        end = lanes.map(\.end).max() ?? 0
        guard lanes.contains(where: { !$0.work.isEmpty || !$0.progress.isEmpty || !$0.bars.isEmpty }), end > 0 else { return nil }
    }

    private static func lane(_ section: RunSection, _ report: Report) -> Lane {
        let run = section.run
        var end = run.header.endedAt.flatMap(section.offset) ?? 0
        for moment in [run.events.last?.at, run.samples.last?.at, run.snapshots.last?.takenAt, run.header.alarms.last?.at] {
            if let at = moment.flatMap(section.offset) { end = max(end, at) }
        }
        let work = run.events.lazy.filter { $0.kind == .work }.compactMap { section.offset($0.at) }.filter { $0 >= 0 }
        let ticks = ticks(Array(work), end: end)
        var omitted: [String] = []
        let (bars, rows) = bars(section, end: end, omitted: &omitted)
        let markers = markers(section, report, omitted: &omitted)
        return Lane(
            name: section.variant, verdict: section.assessment.verdict, end: end,
            progress: SampleSeries.progressAndWork(of: section, points: Limit.progress).progress.points, work: ticks,
            workCount: ticks.reduce(0) { $0 + $1.count }, lastWork: work.max(), bars: bars, rows: rows, markers: markers,
            parting: Parting.offset(of: report.comparison?.lastCommonPoint, in: section), omitted: omitted)
    }

    /// Events that would be drawn on each other become one tick with a count.
    private static func ticks(_ times: [Double], end: Double) -> [Tick] {
        guard end > 0 else { return [] }
        var counts: [Int: (sum: Double, count: Int)] = [:]
        for time in times {
            let slot = Int(min(time / end, 1) * Double(Limit.ticks - 1))
            counts[slot, default: (0, 0)].sum += time
            counts[slot, default: (0, 0)].count += 1
        }
        return counts.sorted { $0.key < $1.key }.map { Tick(at: $0.value.sum / Double($0.value.count), count: $0.value.count) }
    }

    private static func bars(_ section: RunSection, end: Double, omitted: inout [String]) -> ([Bar], Int) {
        var open: [String: Bar] = [:]
        var done: [Bar] = []
        for event in section.run.events where event.kind == .spanStart || event.kind == .spanEnd {
            guard let at = section.offset(event.at) else { continue }
            let id = event.span ?? "\(event.name) \(event.job ?? "")"
            if event.kind == .spanStart {
                open[id] = Bar(name: Escaping.clipped(event.name, to: 60), start: max(at, 0), end: end, isOpen: true, row: 0)
            } else if var bar = open.removeValue(forKey: id) {
                bar.end = max(at, bar.start)
                bar.isOpen = false
                done.append(bar)
            }
        }
        // Those that never ended matter most, then the longest.
        let ordered = open.values.sorted { ($0.start, $0.name) < ($1.start, $1.name) } + done.sorted { $0.end - $0.start > $1.end - $1.start }
        var kept: [Bar] = []
        var rowEnds: [Double] = []
        var dropped = max(0, ordered.count - Limit.bars)
        for var bar in ordered.prefix(Limit.bars).sorted(by: { ($0.start, -$0.end) < ($1.start, -$1.end) }) {
            if let row = rowEnds.firstIndex(where: { $0 <= bar.start }) {
                bar.row = row
                rowEnds[row] = bar.end
            } else if rowEnds.count < Limit.rows {
                bar.row = rowEnds.count
                rowEnds.append(bar.end)
            } else {
                dropped += 1
                continue
            }
            kept.append(bar)
        }
        if dropped > 0 { omitted.append("\(Units.count(dropped, "span")) not drawn") }
        return (kept, rowEnds.count)
    }

    private static func markers(_ section: RunSection, _ report: Report, omitted: inout [String]) -> [Marker] {
        var markers: [Marker] = []
        func add(_ moment: Moment, _ kind: Marker.Kind, _ text: String) {
            if let at = section.offset(moment) { markers.append(Marker(at: max(at, 0), kind: kind, text: Escaping.clipped(text, to: 240))) }
        }
        for alarm in section.run.header.alarms { add(alarm.at, .alarm, "alarm \(alarm.rule.rawValue): \(alarm.detail)") }
        for snapshot in section.run.snapshots { add(snapshot.takenAt, .snapshot, "snapshot \(snapshot.ordinal), \(Wording.snapshotReason(snapshot.reason))") }
        for record in report.truth where record.variant == nil || record.variant == section.variant {
            add(record.at, .fault, "\(record.id) \(record.action.rawValue): \(record.what)")
        }
        if markers.count > Limit.markers { omitted.append("\(Units.count(markers.count - Limit.markers, "marker")) not drawn") }
        return markers.prefix(Limit.markers).sorted { $0.at < $1.at }
    }
}
