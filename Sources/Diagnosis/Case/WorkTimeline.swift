package import Evidence

/// The events of a run read as jobs: what each did last, what it has open, how it ended.
///
/// Times are scenario seconds where the run has them, else seconds since the run's first record.
package struct WorkTimeline: Sendable {
    package struct Mark: Sendable, Hashable {
        package var index: Int
        package var event: Event
        package var time_s: Double
    }

    package struct Job: Sendable {
        package var id: String
        package var first: Mark
        package var work: [Mark] = []
        package var progress: [Mark] = []
        package var timers: [Mark] = []
        package var statuses: [Mark] = []
        package var failures: [Mark] = []
        package var openSpans: [Mark] = []
        package var spanCount = 0
        /// Where a span ended without an error.
        package var endedSpans: [Mark] = []
        /// How it ended, and the event that says so; nil while it has not.
        package var end: StatusWords.End?
        package var finalAt: Mark?

        /// The last status told, upper-cased.
        package var status: String? {
            statuses.last.flatMap { $0.event.attributes["status"]?.string?.uppercased() } ?? end.map { $0 == .well ? "ended" : "failed" }
        }
        package var isFinal: Bool { end != nil }
        package var lastWork: Mark? { work.last }
        /// Where it was begun: its first work that is more than being taken in.
        package var start: Mark? { work.first { $0.event.means == .started } ?? work.first { $0.event.means != .accepted } }
    }

    package let jobs: [Job]
    package let marks: [Mark]
    /// Open spans of no job.
    package let strayspans: [Mark]
    package let end_s: Double
    package let timeScale: Double
    /// Work events of the whole run.
    package let work: [Mark]
    /// Scenario seconds without work after which the scenario's own watchdog takes work to stand still.
    package let patience_s: Double

    /// Twice the usual read timeout of 30 s, where no watchdog says otherwise.
    private static let usualPatience_s = 60.0

    package init(_ run: Run) {
        let origin = run.header.startedAt
        func time(_ moment: Moment) -> Double {
            if let scenario = moment.scenario_s, scenario.isFinite { return scenario }
            return (moment.monotonic_s - origin.monotonic_s) * run.header.timeScale
        }
        marks = run.events.enumerated().map { Mark(index: $0.offset, event: $0.element, time_s: time($0.element.at)) }
        timeScale = max(run.header.timeScale, 0.000_1)
        end_s = max(run.header.endedAt.map(time) ?? 0, marks.last?.time_s ?? 0, run.samples.last.map { time($0.at) } ?? 0)
        patience_s = run.header.patience_s.flatMap { $0.isFinite && $0 > 0 ? $0 : nil } ?? Self.usualPatience_s
        let words = run.header.statusWords ?? StatusWords()
        // A program that names no job has one: itself.
        let only = run.events.contains { $0.job != nil && $0.kind != .client } ? nil : run.header.subjectName ?? "1"
        var jobs: [String: Job] = [:]
        var order: [String] = []
        var open: [String: Mark] = [:]
        var work: [Mark] = []
        for mark in marks {
            let event = mark.event
            if event.kind == .work { work.append(mark) }
            if event.kind == .spanStart, let span = event.span { open[span] = mark }
            if event.kind == .spanEnd, let span = event.span { open[span] = nil }
            let implied = [.work, .progress, .status].contains(event.kind) || !jobs.isEmpty ? only : nil
            guard let id = event.job ?? implied, event.kind != .client, event.kind != .harness, event.kind != .probe else { continue }
            if jobs[id] == nil {
                jobs[id] = Job(id: id, first: mark)
                order.append(id)
            }
            switch event.kind {
            case .work: jobs[id]?.work.append(mark)
            case .progress: jobs[id]?.progress.append(mark)
            case .timer: jobs[id]?.timers.append(mark)
            case .status: jobs[id]?.statuses.append(mark)
            case .spanStart: jobs[id]?.spanCount += 1
            case .spanEnd where !Self.isFailure(event): jobs[id]?.endedSpans.append(mark)
            default: break
            }
            if Self.isFailure(event) { jobs[id]?.failures.append(mark) }
            if let end = words.end(event) {
                if jobs[id]?.end == nil { jobs[id]?.finalAt = mark }
                jobs[id]?.end = end
            } else if event.kind == .status {
                // Taken up again.
                jobs[id]?.end = nil
                jobs[id]?.finalAt = nil
            }
        }
        for mark in open.values.sorted(by: { $0.index < $1.index }) {
            if let id = mark.event.job ?? only { jobs[id]?.openSpans.append(mark) }
        }
        strayspans = open.values.filter { $0.event.job ?? only == nil }.sorted { $0.index < $1.index }
        self.jobs = order.compactMap { jobs[$0] }
        self.work = work
    }

    package static func isFailure(_ event: Event) -> Bool {
        if event.means == .error || event.means == .failed { return true }
        if event.attributes["error.type"] != nil || event.attributes["error"] != nil || event.attributes["error.message"] != nil { return true }
        return event.kind == .log && ["error", "critical", "fatal"].contains(event.level?.lowercased() ?? "")
    }

    /// Scenario seconds in words; that they are such is said where they pass faster than real ones.
    package func words(_ time_s: Double) -> String { NodeText.seconds(time_s) + (timeScale == 1 ? "" : " of scenario time") }

    /// Jobs that have not ended, the one longest without work first.
    package var unfinished: [Job] {
        jobs.filter { !$0.isFinal }.sorted { ($0.lastWork?.time_s ?? $0.first.time_s) < ($1.lastWork?.time_s ?? $1.first.time_s) }
    }
}
