extension ConfigurationKey {
    /// Every key there is, in the order in which `--describe` lists them.
    static let all: [ConfigurationKey] = server + store + llm + analysis + jobs

    private static let server: [ConfigurationKey] = [
        .string("address", \.address, "The address to listen on."),
        .integer("port", \.port, 0...65_535, "The port to listen on; 0 takes a free one (see server.listening)."),
        .duration(
            "server.shutdown-limit", \.shutdownLimit,
            "REAL time after SIGTERM or SIGINT within which the process ends, hung work or not."),
    ]

    private static let store: [ConfigurationKey] = [
        .string("database", \.database, "The path of the SQLite file; it is made if missing."),
        .word("database.journal", \.journal, "SQLite's journal mode."),
        .duration("database.busy-timeout", \.busyTimeout, "How long a statement waits for a lock on the database."),
    ]

    private static let llm: [ConfigurationKey] = [
        .word("llm.provider", \.provider, "The LLM provider that is called first."),
        .optionalWord("llm.fallback", \.fallback, "The provider that is called when the first has failed."),
        .url("llm.openai.base-url", \.openai.baseURL, "Where the OpenAI-style provider is; /v1/chat/completions is added."),
        .string("llm.openai.model", \.openai.model, "The model asked of the OpenAI-style provider."),
        .string("llm.openai.api-key", \.openai.apiKey, "Sent as a bearer token; none is sent when not set.", defaultText: ""),
        .url("llm.anthropic.base-url", \.anthropic.baseURL, "Where the Anthropic-style provider is; /v1/messages is added."),
        .string("llm.anthropic.model", \.anthropic.model, "The model asked of the Anthropic-style provider."),
        .string("llm.anthropic.api-key", \.anthropic.apiKey, "Sent as x-api-key; none is sent when not set.", defaultText: ""),
        .integer("llm.attempts", \.attempts, 1...10, "How often a request is tried with one provider."),
        .duration("llm.connect-timeout", \.connectTimeout, "How long a connection may take to be made."),
        .duration("llm.read-timeout", \.readTimeout, "How long an answer may pause between two bytes."),
        .duration("llm.request-timeout", \.requestTimeout, "How long one request may take, answer included."),
        .integer("llm.max-tokens", \.maxTokens, 1...1_000_000, "The tokens an answer may have at most."),
        .integer("llm.max-response-bytes", \.maxResponseBytes, 1024...(1 << 30), "The bytes an answer may have at most."),
    ]

    private static let analysis: [ConfigurationKey] = [
        .duration(
            "analysis.timeout", \.analysisTimeout,
            "How long the analysis of a script may take; raised for scripts whose chunks may properly take longer together."),
        .integer("analysis.chunk-words", \.chunkWords, 0...100_000, "Words in a chunk; 0 splits at blank lines."),
        .integer("analysis.max-chunks", \.maxChunks, 1...1000, "Chunks a script may have at most; longer ones are refused."),
    ]

    private static let jobs: [ConfigurationKey] = [
        .duration("job.deadline", \.jobDeadline, "How long a job may take from its start; raised with the analysis's timeout."),
        .integer("jobs.max-concurrent", \.maxConcurrentJobs, 1...1000, "Jobs that run at a time."),
        .integer("jobs.max-queued", \.maxQueuedJobs, 1...100_000, "Jobs that may wait; more are refused with 503."),
        .duration("jobs.stuck-after", \.stuckAfter, "A job without an update or without work for so long is stuck."),
        .duration("sweeper.interval", \.sweepInterval, "How often the sweeper looks for stuck jobs."),
    ]
}
