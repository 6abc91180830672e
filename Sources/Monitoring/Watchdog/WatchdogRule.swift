package import Evidence

/// What a rule is told, in the order it happens.
package enum Observation: Sendable {
    /// The work begins: what is counted from the start is counted from here.
    case began(Moment)
    case event(Event)
    case sample(Sample)
    /// Time has passed, and nothing else need have happened.
    case tick(Moment)

    package var at: Moment {
        switch self {
        case .began(let moment), .tick(let moment): moment
        case .event(let event): event.at
        case .sample(let sample): sample.at
        }
    }
}

/// Notices that something stands still; raises each alarm once.
///
/// Rules are pure: what time it is they are told. Thresholds are scenario seconds (`Moment.scenario_s`,
/// real ones where there is no scenario).
package protocol WatchdogRule: Sendable {
    mutating func observe(_ observation: Observation) -> AlarmRecord?
    /// Whether it can still raise an alarm when nothing more happens than time passing.
    var mayStillFire: Bool { get }
}

extension Moment {
    /// The time rules count in.
    var counted_s: Double { scenario_s ?? monotonic_s }
}

/// Seconds as people write them: no decimals that say nothing.
func secondsText(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e15 else { return "\(seconds) s" }
    let rounded = (seconds * 10).rounded() / 10
    return rounded == rounded.rounded() ? "\(Int(rounded)) s" : "\(rounded) s"
}
