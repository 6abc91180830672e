/// The times a job is given, from the inside out: each is longer than all it contains.
package struct TimeoutPlan: Sendable, Equatable {
    /// For the whole analysis.
    package var analysis: Duration
    /// For the whole job; nil where it has none.
    package var job: Duration?

    /// What the analysis may need besides its requests: parsing and saving.
    private static let slack = Duration.seconds(10)
    /// What a job may need besides its analysis: its status updates.
    private static let jobSlack = Duration.seconds(30)

    package init(chunks: Int, configuration: Configuration, defects: Defects) {
        analysis = configuration.analysisTimeout
        // Requests without an end of their own sum to nothing that could be planned with.
        if !defects.contains(.timeoutOrder) && !defects.leaveRequestsUnbounded {
            analysis = max(analysis, Self.longestRequests(configuration) * chunks + Self.slack)
        }
        if !defects.contains(.noJobDeadline) {
            job = max(configuration.jobDeadline, analysis + Self.jobSlack)
        }
    }

    /// How long the requests for one chunk can take, with all attempts, pauses and the fallback.
    private static func longestRequests(_ configuration: Configuration) -> Duration {
        let providers = configuration.fallback == nil ? 1 : 2
        let pauses = Duration.seconds(1) * (configuration.attempts * (configuration.attempts - 1) / 2)
        return (configuration.requestTimeout * configuration.attempts + pauses) * providers
    }
}
