/// The times a job is given, from the inside out: each is longer than all it contains.
package struct TimeoutPlan: Sendable, Equatable {
    /// For the whole analysis.
    package var analysis: Duration
    /// For the whole job; nil where it has none.
    package var job: Duration?

    /// How often a write that matters is tried while the database is locked, and the pause between.
    static let writeAttempts = 3
    static let writePause = Duration.seconds(2)
    /// What the analysis may need besides its requests and its one write.
    private static let slack = Duration.seconds(10)
    /// The writes of a job outside its analysis: its start, and its progress before and after.
    private static let jobWrites = 3

    package init(chunks: Int, configuration: Configuration, defects: Defects) {
        analysis = configuration.analysisTimeout
        let write = (configuration.busyTimeout + Self.writePause) * Self.writeAttempts
        // Requests without an end of their own sum to nothing that could be planned with.
        if !defects.contains(.timeoutOrder) && !defects.leaveRequestsUnbounded {
            analysis = max(analysis, Self.longestRequests(configuration) * chunks + write + Self.slack)
        }
        if !defects.contains(.noJobDeadline) {
            job = max(configuration.jobDeadline, analysis + write * Self.jobWrites)
        }
    }

    /// How long the requests for one chunk can take, with all attempts, pauses and the fallback.
    private static func longestRequests(_ configuration: Configuration) -> Duration {
        let providers = configuration.fallback == nil ? 1 : 2
        let pauses = Duration.seconds(1) * (configuration.attempts * (configuration.attempts - 1) / 2)
        return (configuration.requestTimeout * configuration.attempts + pauses) * providers
    }
}
