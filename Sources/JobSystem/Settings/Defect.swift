/// A deliberate flaw that can be switched on, through the settings document only.
///
/// Each takes the code that a hasty author would have written in place of the right one;
/// none of them prints or pretends a symptom.
package enum Defect: String, CaseIterable, Sendable, Codable {
    case endlessProgress = "endless-progress"
    case timeoutWithoutCancellation = "timeout-without-cancellation"
    case workOutlivesTimeout = "work-outlives-timeout"
    case swallowedErrors = "swallowed-errors"
    case sessionContention = "session-contention"
    case longTransaction = "long-transaction"
    case timeoutOrder = "timeout-order"
    case noJobDeadline = "no-job-deadline"
    case noStuckDetection = "no-stuck-detection"
    case wrongModel = "wrong-model"
    case blindHealth = "blind-health"
    case noTracing = "no-tracing"
    case noReadTimeout = "no-read-timeout"

    /// The mechanism of the coverage-analysis case that it reproduces.
    package var fieldCase: String {
        switch self {
        case .endlessProgress: "A1"
        case .timeoutWithoutCancellation: "A2a"
        case .workOutlivesTimeout: "A2b"
        case .swallowedErrors: "A3"
        case .sessionContention, .longTransaction: "A4"
        case .timeoutOrder: "A5"
        case .noJobDeadline: "A6"
        case .noStuckDetection: "A7"
        case .wrongModel: "A8"
        case .blindHealth: "A9"
        case .noTracing: "A10"
        case .noReadTimeout: "A2"
        }
    }

    /// What the job system does wrong with it, in a sentence or two.
    package var doc: String {
        switch self {
        case .endlessProgress:
            "The progress simulation never ends: at 85 % it touches updated_at every 4 s for ever."
        case .timeoutWithoutCancellation:
            "The LLM request is awaited through a future that ignores cancellation and has no read timeout; "
                + "the task group that times it out waits for it, so that the timeout never takes effect."
        case .workOutlivesTimeout:
            "The timeout is reported and the job fails, but nobody cancels the LLM request: it lives on "
                + "with its connection and its database session, without a read timeout."
        case .swallowedErrors:
            "Failed progress updates, a failed simulation and a failed mark-as-failed are caught and dropped."
        case .sessionContention:
            "The analysis keeps a database session open, every progress update opens another, and each "
                + "waits up to an hour for a lock."
        case .longTransaction:
            "The analysis begins its write transaction before the LLM call and keeps it until the results "
                + "are saved, so that the job's own progress updates wait for its lock."
        case .timeoutOrder:
            "The operation's timeout is fixed at analysis.timeout however many chunks there are: it fires "
                + "in the middle of a healthy chunk when the requests' timeouts sum to more."
        case .noJobDeadline:
            "No job has a deadline: nothing compares now with the job's start."
        case .noStuckDetection:
            "The sweeper does not run, and the cleanup endpoint looks at updated_at alone."
        case .wrongModel:
            "The model saved with the result is a constant, not the one that was called."
        case .blindHealth:
            "GET /health answers healthy without looking at anything."
        case .noTracing:
            "No spans, no correlation ids, and no events about chunks and LLM calls: plain log lines only."
        case .noReadTimeout:
            "LLM requests have neither a read timeout nor a deadline of their own."
        }
    }
}

/// The defects that are switched on; empty in normal service.
package typealias Defects = Set<Defect>

extension Set where Element == Defect {
    /// Whether the LLM client has lost its read timeout and request deadline: both forms of the
    /// timeout defect were written by someone who relied on the outer timeout alone.
    var leaveRequestsUnbounded: Bool {
        contains(.noReadTimeout) || contains(.timeoutWithoutCancellation) || contains(.workOutlivesTimeout)
    }
}
