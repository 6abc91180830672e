internal import FoundationEssentials

/// The OpenAI chat-completions API, which Moonshot and others speak too.
struct OpenAIProvider: LLMProvider {
    let name = "openai"
    let path = "/v1/chat/completions"

    private struct Request: Encodable {
        struct Message: Encodable { var role, content: String }
        var model: String
        var messages: [Message]
        var stream = true
        var max_tokens: Int
    }

    private struct Chunk: Decodable {
        struct Choice: Decodable { var delta: Delta? }
        struct Delta: Decodable { var content: String? }
        struct Failure: Decodable { var message: String? }
        var choices: [Choice]?
        var error: Failure?
    }

    func headers(apiKey: String) -> [(String, String)] {
        apiKey.isEmpty ? [] : [("Authorization", "Bearer \(apiKey)")]
    }

    func body(prompt: String, model: String, maxTokens: Int) throws -> [UInt8] {
        let request = Request(
            model: model,
            messages: [.init(role: "system", content: Self.instruction), .init(role: "user", content: prompt)],
            max_tokens: maxTokens)
        return Array(try JSONEncoder().encode(request))
    }

    func read(_ event: ServerSentEvent) throws -> LLMStreamEvent {
        if event.data == "[DONE]" { return .end }
        let chunk = try JSONDecoder().decode(Chunk.self, from: Data(event.data.utf8))
        if let error = chunk.error { return .error(error.message ?? "an error without a message") }
        let text = (chunk.choices ?? []).compactMap { $0.delta?.content }.joined()
        return text.isEmpty ? .other : .token(text)
    }
}
