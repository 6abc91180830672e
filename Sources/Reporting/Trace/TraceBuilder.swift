import Diagnosis
import Evidence

/// Collects trace events up to a limit.
struct TraceBuilder {
    private enum Track: Int, CaseIterable {
        case work = 1, client, log, watchdog, faults

        var name: String {
            switch self {
            case .work: "work"
            case .client: "client and probes"
            case .log: "log and timers"
            case .watchdog: "watchdog and snapshots"
            case .faults: "faults (annotation, not evidence)"
            }
        }
    }

    private let limit: Int
    private(set) var events: [TraceEvent] = []
    private(set) var omitted = 0

    init(limit: Int) { self.limit = limit }

    private mutating func append(_ event: TraceEvent) {
        if events.count < limit { events.append(event) } else { omitted += 1 }
    }

    mutating func add(_ section: RunSection, process: Int) {
        let name = "\(section.variant): \(section.assessment.verdict.rawValue)"
        metadata("process_name", ["name": .string(name)], process, 0)
        metadata("process_sort_index", ["sort_index": .int(Int64(process))], process, 0)
        for track in Track.allCases { metadata("thread_name", ["name": .string(track.name)], process, track.rawValue) }
        // What must not be lost comes before what may be cut.
        for alarm in section.run.header.alarms.prefix(100) {
            instant("alarm: \(alarm.rule.rawValue)", alarm.at, section, process, .watchdog, ["detail": .string(alarm.detail)])
        }
        for snapshot in section.run.snapshots.prefix(100) {
            instant("snapshot \(snapshot.ordinal)", snapshot.takenAt, section, process, .watchdog, ["reason": .string(snapshot.reason.rawValue)])
        }
        for event in section.run.events { add(event, section, process) }
        addSamples(section, process)
    }

    mutating func add(_ record: TruthRecord, in section: RunSection, process: Int) {
        instant("\(record.action.rawValue): \(record.id)", record.at, section, process, .faults, ["what": .string(record.what)])
    }

    private mutating func add(_ event: Event, _ section: RunSection, _ process: Int) {
        guard let at = section.offset(event.at) else { return }
        switch event.kind {
        case .spanStart, .spanEnd:
            append(TraceEvent(
                name: clip(event.name), cat: "span", ph: event.kind == .spanStart ? .begin : .end, ts: at * 1e6, pid: process, tid: 1,
                id: clip("\(process).\(event.span ?? event.key.description)"), args: arguments(event)))
        case .progress:
            guard let progress = event.attributes["progress"]?.number, progress.isFinite else { return }
            let job = event.job.map { " of job \($0)" } ?? ""
            append(TraceEvent(name: clip("displayed progress\(job)"), ph: .counter, ts: at * 1e6, pid: process, tid: 0, args: ["percent": .double(progress)]))
        case .work: instant(event.name, event.at, section, process, .work, arguments(event))
        case .client, .probe: instant(event.name, event.at, section, process, .client, arguments(event))
        case .harness: instant(event.name, event.at, section, process, .watchdog, arguments(event))
        case .log, .timer, .status: instant(event.name, event.at, section, process, .log, arguments(event))
        }
    }

    private mutating func addSamples(_ section: RunSection, _ process: Int) {
        for series in SampleSeries.all(of: section, points: 2000) {
            for point in series.points {
                append(TraceEvent(name: series.unit.isEmpty ? series.title : "\(series.title) (\(series.unit))", ph: .counter, ts: point.at * 1e6, pid: process, tid: 0, args: ["value": .double(point.value)]))
            }
        }
    }

    private mutating func metadata(_ name: String, _ arguments: [String: JSONValue], _ process: Int, _ thread: Int) {
        append(TraceEvent(name: name, ph: .metadata, ts: 0, pid: process, tid: thread, args: arguments))
    }

    private mutating func instant(
        _ name: String, _ at: Moment, _ section: RunSection, _ process: Int, _ track: Track, _ arguments: [String: JSONValue]?
    ) {
        guard let offset = section.offset(at) else { return }
        append(TraceEvent(
            name: clip(name), cat: track.name, ph: .instant, ts: offset * 1e6, pid: process, tid: track.rawValue, s: "t",
            args: arguments.map { $0.mapValues { bounded($0) } }))
    }

    private func arguments(_ event: Event) -> [String: JSONValue] {
        var arguments: [String: JSONValue] = [:]
        for (name, value) in event.attributes.sorted(by: { $0.key < $1.key }).prefix(12) { arguments[clip(name)] = bounded(value) }
        if let job = event.job { arguments["job"] = .string(clip(job)) }
        if let message = event.message { arguments["message"] = .string(clip(message)) }
        return arguments
    }

    private func bounded(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(clip(text))
        case .array, .object: .string(clip(value.text))
        default: value
        }
    }

    private func clip(_ text: String) -> String { Escaping.clipped(text, to: 160) }
}
