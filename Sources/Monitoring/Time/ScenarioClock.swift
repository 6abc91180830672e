package import Evidence
internal import Glibc
internal import Synchronization

/// Real monotonic time and, from it, the time of a scenario that runs `scale` times as fast.
package final class ScenarioClock: Sendable {
    /// Scenario seconds in one real second.
    package let scale: Double
    private let reader: @Sendable () -> Double
    private let origin: Mutex<Double>

    /// - Parameters:
    ///   - isHeld: scenario time stands at zero until `restart`.
    ///   - reader: seconds of CLOCK_MONOTONIC; tests give their own.
    package init(
        scale: Double = 1, isHeld: Bool = false, reader: @escaping @Sendable () -> Double = ScenarioClock.monotonicSeconds
    ) {
        self.scale = scale > 0 && scale.isFinite ? scale : 1
        self.reader = reader
        origin = Mutex(isHeld ? .infinity : reader())
    }

    package static let monotonicSeconds: @Sendable () -> Double = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Scenario time is zero from now on: the subject is ready, the workload begins. What was before stands at zero.
    package func restart() {
        let now = reader()
        origin.withLock { $0 = now }
    }

    package func now() -> Moment { moment(at: reader()) }

    package func moment(at monotonic_s: Double) -> Moment {
        let origin = origin.withLock { $0 }
        return Moment(monotonic_s: monotonic_s, scenario_s: max(0, (monotonic_s - origin) * scale))
    }

    /// Scenario seconds since the start.
    package var scenario_s: Double { now().scenario_s ?? 0 }

    /// The real time that so many scenario seconds take.
    package func real(_ scenario_s: Double) -> Duration { .seconds(max(0, scenario_s) / scale) }

    /// Waits until so many scenario seconds have passed; throws `CancellationError` when cancelled.
    package func sleep(_ scenario_s: Double) async throws { try await Task.sleep(for: real(scenario_s)) }

    /// Waits until the scenario's time is this.
    package func sleep(until scenario_s: Double) async throws { try await sleep(scenario_s - self.scenario_s) }
}
