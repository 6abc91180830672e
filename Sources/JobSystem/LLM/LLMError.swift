/// A request to an LLM provider did not bring an answer.
struct LLMError: CodedError, Sendable, CustomStringConvertible {
    enum Kind: String, Sendable {
        /// No byte came for as long as the read timeout.
        case readTimeout = "llm.read-timeout"
        /// The answer was not complete within the request's deadline.
        case requestDeadline = "llm.request-deadline"
        case connectFailed = "llm.connect-failed"
        /// The connection ended before the answer did.
        case closedEarly = "llm.closed-early"
        /// A status other than 2xx.
        case refused = "llm.refused"
        case malformed = "llm.malformed-response"
        case tooLarge = "llm.response-too-large"
        case failed = "llm.failed"
    }

    var kind: Kind
    var detail: String
    /// The HTTP status, where there was one.
    var status: Int?

    init(_ kind: Kind, _ detail: String, status: Int? = nil) {
        self.kind = kind
        self.detail = detail
        self.status = status
    }

    var code: String { kind.rawValue }
    var description: String { detail }

    /// Whether the same request may succeed with the same provider a little later.
    var isWorthRetrying: Bool {
        guard kind == .refused, let status else { return kind != .tooLarge }
        return status == 408 || status == 429 || status >= 500
    }
}
