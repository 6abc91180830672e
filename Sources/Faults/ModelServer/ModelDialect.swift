internal import Evidence
internal import FoundationEssentials

/// Whose API a request speaks, and how an answer looks in it.
enum ModelDialect: Sendable, Hashable {
    /// POST /v1/chat/completions, https://platform.openai.com/docs/api-reference/chat
    case openAI
    /// POST /v1/messages, https://docs.anthropic.com/en/api/messages
    case anthropic

    /// An answer's parts as they go over the wire when streamed.
    struct Stream: Sendable {
        var opening: String
        /// One server-sent event a token.
        var tokens: [String]
        var closing: String
    }

    struct Facts: Sendable {
        var id: String
        var model: String
        var promptTokens: Int
        var answer: ModelAnswer
    }

    func plainBody(_ facts: Facts) -> String {
        switch self {
        case .openAI: OpenAIFormat.completion(facts)
        case .anthropic: AnthropicFormat.message(facts)
        }
    }

    func stream(_ facts: Facts) -> Stream {
        switch self {
        case .openAI: OpenAIFormat.stream(facts)
        case .anthropic: AnthropicFormat.stream(facts)
        }
    }

    func errorBody(status: Int, message: String) -> String {
        switch self {
        case .openAI:
            json(["error": ["message": .string(message), "type": status == 429 ? "rate_limit_error" : "server_error", "code": .int(Int64(status))]])
        case .anthropic:
            json([
                "type": "error",
                "error": ["type": status == 429 ? "rate_limit_error" : "api_error", "message": .string(message)],
            ])
        }
    }
}

/// JSON on one line with sorted keys.
func json(_ value: JSONValue) -> String {
    guard let data = try? EvidenceCoding.encoder(pretty: false).encode(value) else { return "null" }
    return String(decoding: data, as: UTF8.self)
}
