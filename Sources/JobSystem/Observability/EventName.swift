/// The events the server tells about, with what each means.
package enum EventName: String, CaseIterable, Sendable {
    case serverListening = "server.listening"
    case serverStopping = "server.stopping"
    case serverStopForced = "server.stop-forced"
    case jobAccepted = "job.accepted"
    case jobStarted = "job.started"
    case jobProgress = "job.progress"
    case jobStatus = "job.status"
    case jobDeadline = "job.deadline"
    case jobFinished = "job.finished"
    case progressWriteFailed = "progress.write-failed"
    case analysisStarted = "analysis.started"
    case analysisFinished = "analysis.finished"
    case analysisTimeout = "analysis.timeout"
    case analysisCancelled = "analysis.cancelled"
    case analysisFailed = "analysis.failed"
    case resultsSaved = "results.saved"
    case chunkStarted = "chunk.started"
    case chunkFinished = "chunk.finished"
    case requestSent = "llm.request-sent"
    case responseStarted = "llm.response-started"
    case firstToken = "llm.first-token"
    case token = "llm.token"
    case requestFailed = "llm.request-failed"
    case sweeperRun = "sweeper.run"

    /// What kind of happening it is.
    ///
    /// - `work`: something was really done. Only these show that a job advances.
    /// - `progress`: what is displayed. - `status`: a job's status changed.
    /// - `timer`: a timer of the server fired. - `failure`: something was tried in vain.
    /// - `server`: about the process, not about a job.
    package enum Kind: String, Sendable { case work, progress, status, timer, failure, server }

    package var kind: Kind {
        switch self {
        case .serverListening, .serverStopping, .serverStopForced: .server
        case .jobProgress: .progress
        case .jobStatus: .status
        case .jobDeadline, .analysisTimeout, .sweeperRun: .timer
        case .progressWriteFailed, .analysisFailed, .requestFailed: .failure
        case .jobAccepted, .jobStarted, .jobFinished, .analysisStarted, .analysisFinished, .analysisCancelled,
            .resultsSaved, .chunkStarted, .chunkFinished, .requestSent, .responseStarted, .firstToken, .token:
            .work
        }
    }

    /// What it tells beyond its kind, in words that are no name of ours: a line's `means`. nil where the kind says it all.
    package enum Meaning: String, Sendable {
        case accepted, started, request, answer, finished, saved, cancelled, ended, error, deadline
    }

    package var means: Meaning? {
        switch self {
        case .jobAccepted: .accepted
        case .jobStarted, .analysisStarted, .chunkStarted: .started
        case .requestSent: .request
        case .responseStarted, .firstToken, .token: .answer
        case .analysisFinished, .chunkFinished: .finished
        case .resultsSaved: .saved
        case .analysisCancelled: .cancelled
        case .jobFinished: .ended
        case .progressWriteFailed, .analysisFailed, .requestFailed: .error
        case .jobDeadline: .deadline
        case .serverListening, .serverStopping, .serverStopForced, .jobProgress, .jobStatus, .analysisTimeout, .sweeperRun: nil
        }
    }

    /// Whether the event tells about the inside of an analysis, which `no-tracing` leaves out.
    var isTraced: Bool {
        switch self {
        case .analysisStarted, .analysisFinished, .analysisCancelled, .chunkStarted, .chunkFinished, .requestSent,
            .responseStarted, .firstToken, .token, .requestFailed:
            true
        default: false
        }
    }

    package var doc: String {
        switch self {
        case .serverListening: "The server accepts connections: it is ready."
        case .serverStopping: "A signal asked the server to stop."
        case .serverStopForced: "Work did not end within server.shutdown-limit; the process ends without it."
        case .jobAccepted: "A job was stored and queued."
        case .jobStarted: "A job left the queue."
        case .jobProgress: "The displayed progress was written (with touch: only updated_at was)."
        case .jobStatus: "A job's status changed (with stored false: the database has yet to learn of it)."
        case .jobDeadline: "A job's deadline passed; it is being cancelled."
        case .jobFinished: "A job ended (with stored false: the database has yet to learn of it)."
        case .progressWriteFailed: "The displayed progress could not be written."
        case .analysisStarted: "The analysis of a script began."
        case .analysisFinished: "All chunks were analysed."
        case .analysisTimeout: "The analysis's timeout fired; it is being cancelled."
        case .analysisCancelled: "The analysis was cancelled and has ended."
        case .analysisFailed: "The analysis ended with an error."
        case .resultsSaved: "The report was stored."
        case .chunkStarted: "The analysis of a chunk began."
        case .chunkFinished: "A chunk's answer is complete."
        case .requestSent: "A request to an LLM provider was handed to the HTTP client."
        case .responseStarted: "The head of the provider's answer came."
        case .firstToken: "The first token came."
        case .token: "A token came; tokens counts those of this request."
        case .requestFailed: "A request to an LLM provider failed."
        case .sweeperRun: "The sweeper looked for stuck jobs."
        }
    }

    /// The members a line has besides those that every line has.
    package var attributes: [String] {
        switch self {
        case .serverListening: ["address", "port", "pid"]
        case .serverStopping: ["signal"]
        case .serverStopForced: ["after_s"]
        case .jobAccepted: ["job.id", "model", "chunk.total"]
        case .jobStarted: ["job.id", "deadline_s", "timeout_s"]
        case .jobProgress: ["job.id", "progress", "touch"]
        case .jobStatus: ["job.id", "status", "stored"]
        case .jobDeadline, .analysisTimeout: ["job.id", "after_s"]
        case .jobFinished: ["job.id", "status", "duration_s", "stored", "error.type", "error.message"]
        case .progressWriteFailed: ["job.id", "progress", "error.type", "error.message"]
        case .analysisStarted: ["job.id", "chunk.total"]
        case .analysisFinished: ["job.id", "chunk.total", "tokens"]
        case .analysisCancelled: ["job.id"]
        case .analysisFailed: ["job.id", "error.type", "error.message"]
        case .resultsSaved: ["job.id", "model", "provider"]
        case .chunkStarted: ["job.id", "chunk.index", "chunk.total"]
        case .chunkFinished: ["job.id", "chunk.index", "chunk.total", "tokens"]
        case .requestSent: ["job.id", "provider", "model", "endpoint", "attempt", "chunk.index"]
        case .responseStarted: ["job.id", "provider", "http.status"]
        case .firstToken, .token: ["job.id", "provider", "tokens"]
        case .requestFailed: ["job.id", "provider", "endpoint", "attempt", "error.type", "error.message"]
        case .sweeperRun: ["cleaned", "jobs"]
        }
    }
}
