internal import FoundationEssentials

/// The Anthropic messages API.
struct AnthropicProvider: LLMProvider {
    let name = "anthropic"
    let path = "/v1/messages"

    private struct Request: Encodable {
        struct Message: Encodable { var role, content: String }
        var model: String
        var system: String
        var messages: [Message]
        var stream = true
        var max_tokens: Int
    }

    private struct Event: Decodable {
        struct Delta: Decodable { var text: String? }
        struct Failure: Decodable { var message: String? }
        var type: String
        var delta: Delta?
        var error: Failure?
    }

    func headers(apiKey: String) -> [(String, String)] {
        let version = [("anthropic-version", "2023-06-01")]
        return apiKey.isEmpty ? version : version + [("x-api-key", apiKey)]
    }

    func body(prompt: String, model: String, maxTokens: Int) throws -> [UInt8] {
        let request = Request(
            model: model, system: Self.instruction, messages: [.init(role: "user", content: prompt)],
            max_tokens: maxTokens)
        return Array(try JSONEncoder().encode(request))
    }

    func read(_ event: ServerSentEvent) throws -> LLMStreamEvent {
        let content = try JSONDecoder().decode(Event.self, from: Data(event.data.utf8))
        switch content.type {
        case "content_block_delta":
            let text = content.delta?.text ?? ""
            return text.isEmpty ? .other : .token(text)
        case "message_stop": return .end
        case "error": return .error(content.error?.message ?? "an error without a message")
        default: return .other
        }
    }
}
