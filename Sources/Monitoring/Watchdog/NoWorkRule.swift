package import Evidence

/// No work event for so long: of any one job that is under way, or of the process.
///
/// Only work counts. Displayed progress, touched timestamps, spans and log lines do not.
package struct NoWorkRule: WatchdogRule {
    static let maximumJobs = 10_000
    private let threshold_s: Double
    private let perJob: Bool
    private let words: StatusWords
    /// Last work of each job under way; "" stands for work without a job.
    private var last: [String: (at_s: Double, name: String?)] = [:]
    private var finished: Set<String> = []
    private var fired: Set<String> = []

    /// - Parameters:
    ///   - perJob: each job by itself (`of: job`); otherwise any work of anybody will do.
    ///   - words: the statuses that end a job.
    package init(threshold_s: Double, perJob: Bool, words: StatusWords = StatusWords()) {
        self.threshold_s = threshold_s
        self.perJob = perJob
        self.words = words
    }

    package var mayStillFire: Bool { last.keys.contains { !fired.contains($0) } }

    package mutating func observe(_ observation: Observation) -> AlarmRecord? {
        switch observation {
        case .began(let moment):
            if last.isEmpty { last[""] = (moment.counted_s, nil) }
        case .event(let event):
            note(event)
        case .sample, .tick:
            break
        }
        return overdue(at: observation.at)
    }

    private mutating func note(_ event: Event) {
        let job = perJob ? event.job ?? "" : ""
        if event.kind == .work, !finished.contains(job), last.count < Self.maximumJobs || last[job] != nil {
            // A job's first work ends the wait for any work at all.
            if !job.isEmpty { last[""] = nil }
            last[job] = (event.at.counted_s, event.name)
        }
        if perJob, event.job != nil, words.end(event) != nil {
            last[job] = nil
            if finished.count < Self.maximumJobs { finished.insert(job) }
        }
    }

    private mutating func overdue(at moment: Moment) -> AlarmRecord? {
        let now = moment.counted_s
        let late = last.filter { now - $0.value.at_s >= threshold_s && !fired.contains($0.key) }.min { $0.value.at_s < $1.value.at_s }
        guard let (job, work) = late else { return nil }
        fired.insert(job)
        let whose = job.isEmpty ? "" : " of job \(job)"
        let before = work.name.map { "; the last was `\($0)`" } ?? "; there was none"
        return AlarmRecord(
            at: moment, rule: .noWork, threshold_s: threshold_s,
            detail: "no work event\(whose) for \(secondsText(now - work.at_s))\(before)", job: job.isEmpty ? nil : job)
    }
}
