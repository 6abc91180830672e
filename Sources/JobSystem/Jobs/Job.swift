internal import ServiceContextModule

/// A job that was accepted, with what it needs to run.
struct Job: Sendable {
    var id: Int64
    var script: Script
    /// The model that was asked for; nil leaves it to the configuration.
    var model: String?
    /// Correlation and trace of the request that brought it.
    var context: ServiceContext
    var acceptedAt: Double
}

/// Why a job ended without a result.
struct JobError: CodedError, CustomStringConvertible {
    enum Kind: String, Sendable {
        case analysisTimeout = "analysis.timeout"
        case deadline = "job.deadline"
        case interrupted = "job.interrupted"
        case stuck = "job.stuck"
    }

    var kind: Kind
    var detail: String

    var code: String { kind.rawValue }
    var description: String { detail }
}
