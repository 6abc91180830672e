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

        /// The last status told, upper-cased.
        package var status: String? { statuses.last.flatMap { $0.event.attributes["status"]?.string?.uppercased() } }
        package var isFinal: Bool { status.map(WorkTimeline.isFinal) ?? false }
        package var finalAt: Mark? { statuses.first { WorkTimeline.isFinal($0.event.attributes["status"]?.string?.uppercased() ?? "") } }
        package var lastWork: Mark? { work.last }
    }

    package let jobs: [Job]
    package let marks: [Mark]
    /// Open spans of no job.
    package let strayspans: [Mark]
    package let end_s: Double
    package let timeScale: Double
    /// Work events of the whole run.
    package let work: [Mark]

    package static func isFinal(_ status: String) -> Bool {
        ["COMPLETED", "COMPLETE", "FAILED", "DONE", "SUCCESS", "SUCCEEDED", "ERROR", "CANCELLED", "TIMEOUT", "PARTIAL_SUCCESS"].contains(status)
    }

    package init(_ run: Run) {
        let origin = run.header.startedAt
        func time(_ moment: Moment) -> Double {
            if let scenario = moment.scenario_s, scenario.isFinite { return scenario }
            return (moment.monotonic_s - origin.monotonic_s) * run.header.timeScale
        }
        marks = run.events.enumerated().map { Mark(index: $0.offset, event: $0.element, time_s: time($0.element.at)) }
        timeScale = max(run.header.timeScale, 0.000_1)
        end_s = max(run.header.endedAt.map(time) ?? 0, marks.last?.time_s ?? 0, run.samples.last.map { time($0.at) } ?? 0)
        var jobs: [String: Job] = [:]
        var order: [String] = []
        var open: [String: Mark] = [:]
        var work: [Mark] = []
        for mark in marks {
            let event = mark.event
            if event.kind == .work { work.append(mark) }
            if event.kind == .spanStart, let span = event.span { open[span] = mark }
            if event.kind == .spanEnd, let span = event.span { open[span] = nil }
            guard let id = event.job, event.kind != .client, event.kind != .harness, event.kind != .probe else { continue }
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
            default: break
            }
            if Self.isFailure(event) { jobs[id]?.failures.append(mark) }
        }
        for mark in open.values.sorted(by: { $0.index < $1.index }) {
            if let id = mark.event.job { jobs[id]?.openSpans.append(mark) }
        }
        strayspans = open.values.filter { $0.event.job == nil }.sorted { $0.index < $1.index }
        self.jobs = order.compactMap { jobs[$0] }
        self.work = work
    }

    package static func isFailure(_ event: Event) -> Bool {
        if event.attributes["error.type"] != nil || event.attributes["error"] != nil || event.attributes["error.message"] != nil { return true }
        return event.kind == .log && ["error", "critical", "fatal"].contains(event.level?.lowercased() ?? "")
    }

    /// Jobs that have not ended, the one longest without work first.
    package var unfinished: [Job] {
        jobs.filter { !$0.isFinal }.sorted { ($0.lastWork?.time_s ?? $0.first.time_s) < ($1.lastWork?.time_s ?? $1.first.time_s) }
    }
}
