internal import NIOCore

/// A clock that runs `scale` times as fast as real time, and that everything which waits or
/// measures in the job system is given.
///
/// Its zero is the origin of the job store (see `ClockOrigin`), so that times kept in the
/// database stay comparable when the server is started again.
package struct ScaledClock: Clock {
    /// A point of clock time, as the time since the clock's zero.
    package struct Instant: InstantProtocol {
        package var offset: Duration

        package init(offset: Duration) { self.offset = offset }

        package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        package func duration(to other: Instant) -> Duration { other.offset - offset }
        package static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    /// Clock seconds in one real second.
    package let scale: Double
    /// The reading when the clock was made.
    package let start: Duration
    private let realStart: ContinuousClock.Instant

    package init(scale: Double = 1, start: Duration = .zero) {
        precondition(scale > 0, "a clock must advance")
        self.scale = scale
        self.start = start
        self.realStart = ContinuousClock.now
    }

    package var now: Instant { Instant(offset: start + realStart.duration(to: ContinuousClock.now) * scale) }
    package var minimumResolution: Duration { ContinuousClock().minimumResolution * scale }

    /// Seconds since the clock's zero.
    package var seconds: Double { now.offset.seconds }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(
            until: realStart.advanced(by: real(deadline.offset - start)), tolerance: tolerance.map(real))
    }

    package func sleep(for duration: Duration) async throws {
        try await sleep(until: now.advanced(by: duration), tolerance: nil)
    }

    /// The real time that a duration of this clock takes.
    package func real(_ duration: Duration) -> Duration { duration / scale }

    /// The same for NIO's timers, which run in real time; never zero, which NIO would take as "at once".
    func timeAmount(_ duration: Duration) -> TimeAmount {
        .nanoseconds(max(1_000_000, Int64(real(duration).seconds * 1e9)))
    }
}

extension Duration {
    /// The duration in seconds; attoseconds beyond a Double's precision are lost.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
