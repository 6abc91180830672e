/// What a user can set. Durations are times of the injected clock.
package struct Configuration: Sendable, Equatable {
    package var address = "127.0.0.1"
    package var port = 8080
    package var shutdownLimit = Duration.seconds(3)

    package var database = "jobs.sqlite"
    package var journal = Journal.delete
    package var busyTimeout = Duration.seconds(5)

    package var provider = Provider.openai
    package var fallback = Provider?.none
    package var openai = Endpoint(baseURL: "http://127.0.0.1:9002", model: "moonshot-v1-32k")
    package var anthropic = Endpoint(baseURL: "http://127.0.0.1:9003", model: "claude-3-5-sonnet-20241022")
    package var attempts = 1
    package var connectTimeout = Duration.seconds(10)
    package var readTimeout = Duration.seconds(30)
    package var requestTimeout = Duration.seconds(120)
    package var maxTokens = 4096
    package var maxResponseBytes = 4 << 20

    package var analysisTimeout = Duration.seconds(300)
    package var chunkWords = 0
    package var maxChunks = 20

    package var jobDeadline = Duration.seconds(600)
    package var maxConcurrentJobs = 4
    package var maxQueuedJobs = 100
    package var stuckAfter = Duration.seconds(600)
    package var sweepInterval = Duration.seconds(60)

    package init() {}

    package enum Journal: String, CaseIterable, Sendable { case delete, wal }
    package enum Provider: String, CaseIterable, Sendable { case openai, anthropic }

    /// Where an LLM provider is and how it is called.
    package struct Endpoint: Sendable, Equatable {
        /// Without the API's own path: `http://host:port`.
        package var baseURL: String
        package var model: String
        package var apiKey = ""
    }

    func endpoint(of provider: Provider) -> Endpoint {
        switch provider {
        case .openai: openai
        case .anthropic: anthropic
        }
    }

    /// Refuses times that contradict each other: what is inside must end before what is around it.
    func validate(defects: Defects) throws {
        func require(_ inner: (String, Duration), within outer: (String, Duration)) throws {
            guard inner.1 > outer.1 else { return }
            throw SettingsError(
                .conflict,
                "\(inner.0) (\(inner.1.settingText)) is longer than \(outer.0) (\(outer.1.settingText)), which contains it",
                at: "settings: config.\(inner.0)",
                remedy: "raise \(outer.0) or lower \(inner.0)")
        }
        try require(("llm.read-timeout", readTimeout), within: ("llm.request-timeout", requestTimeout))
        if !defects.contains(.noJobDeadline) {
            try require(("analysis.timeout", analysisTimeout), within: ("job.deadline", jobDeadline))
        }
        if fallback == provider {
            throw SettingsError(
                .conflict, "llm.fallback is the provider that it should stand in for",
                at: "settings: config.llm.fallback", remedy: "name the other provider, or none")
        }
    }
}
