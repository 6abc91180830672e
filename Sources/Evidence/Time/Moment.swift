/// When something was: on the machine's monotonic clock and, in a scenario, on the scenario's.
public struct Moment: Codable, Sendable, Hashable {
    /// Seconds of CLOCK_MONOTONIC (real time since boot, not counting suspension).
    public var monotonic_s: Double
    /// Seconds of scenario time since the run started; nil outside a scenario.
    public var scenario_s: Double?

    public init(monotonic_s: Double, scenario_s: Double? = nil) {
        self.monotonic_s = monotonic_s
        self.scenario_s = scenario_s
    }
}

extension Moment: Comparable {
    public static func < (left: Moment, right: Moment) -> Bool { left.monotonic_s < right.monotonic_s }
}

/// The machine's clocks read at one instant, so that recorded times can be related later.
public struct ClockReading: Codable, Sendable, Hashable {
    /// CLOCK_MONOTONIC, in seconds.
    public var monotonic_s: Double
    /// CLOCK_BOOTTIME, in seconds: goes on while the machine sleeps, so a growing
    /// difference to `monotonic_s` shows a suspension.
    public var boottime_s: Double
    /// Seconds since 1970-01-01T00:00:00Z.
    public var wall_s: Double

    public init(monotonic_s: Double, boottime_s: Double, wall_s: Double) {
        self.monotonic_s = monotonic_s
        self.boottime_s = boottime_s
        self.wall_s = wall_s
    }
}
