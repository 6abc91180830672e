/// Moves the displayed progress while the analysis runs, which itself says nothing about how far it is.
///
/// From 15 % to 85 % by 2 points every 2 s (35 steps, 70 s), then touches of `updated_at` every 4 s.
struct ProgressSimulation: Sendable {
    private static let steps = stride(from: 15, through: 85, by: 2)
    private static let stepPause = Duration.seconds(2)
    private static let touchPause = Duration.seconds(4)
    /// Touches at the end value before the simulation ends, so that a job which does nothing stops
    /// looking alive.
    private static let maximumTouches = 10
    /// Failed writes in a row after which there is no point in going on.
    private static let maximumFailures = 3

    var reporter: ProgressReporter
    var clock: ScaledClock
    var defects: Defects

    /// Ends when it is cancelled, when it has nothing more to show, or when writing keeps failing.
    func run() async throws {
        var failures = 0
        func show(_ progress: Int, touch: Bool) async throws {
            do {
                try await reporter.report(progress, "analysing", touch: touch)
                failures = 0
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                failures += 1
                if failures >= Self.maximumFailures { throw error }
            }
        }
        for progress in Self.steps {
            try await show(progress, touch: false)
            try await clock.sleep(for: Self.stepPause)
        }
        var touches = 0
        while defects.contains(.endlessProgress) || touches < Self.maximumTouches {
            try await clock.sleep(for: Self.touchPause)
            try await show(85, touch: true)
            touches += 1
        }
    }
}
