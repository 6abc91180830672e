package import Evidence

/// An event that should come again and again does not come for so long.
package struct NoEventRule: WatchdogRule {
    private let name: String
    private let threshold_s: Double
    private var last_s: Double?
    private var hasFired = false

    package init(name: String, threshold_s: Double) {
        self.name = name
        self.threshold_s = threshold_s
    }

    package var mayStillFire: Bool { last_s != nil && !hasFired }

    package mutating func observe(_ observation: Observation) -> AlarmRecord? {
        switch observation {
        case .began(let moment): last_s = last_s ?? moment.counted_s
        case .event(let event) where event.name == name: last_s = event.at.counted_s
        default: break
        }
        let now = observation.at.counted_s
        guard !hasFired, let last_s, now - last_s >= threshold_s else { return nil }
        hasFired = true
        return AlarmRecord(
            at: observation.at, rule: .noEvent, threshold_s: threshold_s, detail: "no `\(name)` for \(secondsText(now - last_s))")
    }
}

/// The work as a whole takes longer than it may.
package struct DeadlineRule: WatchdogRule {
    private let threshold_s: Double
    private var began_s: Double?
    private var hasFired = false

    package init(threshold_s: Double) { self.threshold_s = threshold_s }

    package var mayStillFire: Bool { began_s != nil && !hasFired }

    package mutating func observe(_ observation: Observation) -> AlarmRecord? {
        if case .began(let moment) = observation { began_s = began_s ?? moment.counted_s }
        let now = observation.at.counted_s
        guard !hasFired, let began_s, now - began_s >= threshold_s else { return nil }
        hasFired = true
        return AlarmRecord(
            at: observation.at, rule: .deadline, threshold_s: threshold_s,
            detail: "not done \(secondsText(now - began_s)) after the start, \(secondsText(threshold_s)) being allowed")
    }
}

/// A processor is kept busy for so long, and no work comes of it.
package struct BusyLoopRule: WatchdogRule {
    /// Share of one processor above which a process counts as busy.
    static let busyShare = 0.9
    private let threshold_s: Double
    private var previous: Sample?
    private var busySince_s: Double?
    private var hasFired = false

    package init(threshold_s: Double) { self.threshold_s = threshold_s }

    package var mayStillFire: Bool { busySince_s != nil && !hasFired }

    package mutating func observe(_ observation: Observation) -> AlarmRecord? {
        switch observation {
        case .event(let event) where event.kind == .work:
            busySince_s = nil
        case .sample(let sample):
            defer { previous = sample }
            guard let previous, previous.process == sample.process else { break }
            let real = sample.at.monotonic_s - previous.at.monotonic_s
            guard real > 0 else { break }
            if (sample.cpu.total_s - previous.cpu.total_s) / real >= Self.busyShare {
                busySince_s = busySince_s ?? previous.at.counted_s
            } else {
                busySince_s = nil
            }
        default: break
        }
        let now = observation.at.counted_s
        guard !hasFired, let busySince_s, now - busySince_s >= threshold_s, case .sample(let sample) = observation else { return nil }
        hasFired = true
        return AlarmRecord(
            at: sample.at, rule: .busyLoop, threshold_s: threshold_s,
            detail: "a processor busy for \(secondsText(now - busySince_s)) and no work event in that time")
    }
}
