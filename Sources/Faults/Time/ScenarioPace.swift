internal import Glibc

/// Turns scenario seconds into real time: `scale` of them pass in one real second.
package struct ScenarioPace: Sendable, Hashable {
    package var scale: Double

    /// A scale that is not a positive number counts as 1.
    package init(scale: Double = 1) {
        self.scale = scale.isFinite && scale > 0 ? scale : 1
    }

    /// Real duration of so many scenario seconds; bounded to ten years, so that arithmetic with it is safe.
    package func real(_ seconds: Double) -> Duration {
        guard seconds.isFinite, seconds > 0 else { return .zero }
        return .seconds(min(seconds / scale, 315_360_000))
    }
}

/// CLOCK_MONOTONIC in seconds, as `Evidence.Moment` counts.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
