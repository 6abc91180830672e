internal import Evidence

/// Answers of the OpenAI chat-completions API.
enum OpenAIFormat {
    static func completion(_ facts: ModelDialect.Facts) -> String {
        json([
            "id": .string("chatcmpl-\(facts.id)"), "object": "chat.completion", "created": 0,
            "model": .string(facts.model),
            "choices": [
                [
                    "index": 0, "message": ["role": "assistant", "content": .string(facts.answer.text)],
                    "finish_reason": .string(finish(facts)),
                ]
            ],
            "usage": usage(facts),
        ])
    }

    static func stream(_ facts: ModelDialect.Facts) -> ModelDialect.Stream {
        ModelDialect.Stream(
            opening: event(chunk(facts, delta: ["role": "assistant", "content": ""], finish: nil)),
            tokens: facts.answer.tokens.map { event(chunk(facts, delta: ["content": .string($0)], finish: nil)) },
            closing: event(chunk(facts, delta: [:], finish: finish(facts))) + "data: [DONE]\n\n")
    }

    private static func event(_ value: JSONValue) -> String { "data: \(json(value))\n\n" }

    private static func finish(_ facts: ModelDialect.Facts) -> String { facts.answer.isCut ? "length" : "stop" }

    private static func usage(_ facts: ModelDialect.Facts) -> JSONValue {
        let completion = facts.answer.tokens.count
        return [
            "prompt_tokens": .int(Int64(facts.promptTokens)), "completion_tokens": .int(Int64(completion)),
            "total_tokens": .int(Int64(facts.promptTokens + completion)),
        ]
    }

    private static func chunk(_ facts: ModelDialect.Facts, delta: JSONValue, finish: String?) -> JSONValue {
        [
            "id": .string("chatcmpl-\(facts.id)"), "object": "chat.completion.chunk", "created": 0,
            "model": .string(facts.model),
            "choices": [["index": 0, "delta": delta, "finish_reason": finish.map { .string($0) } ?? .null]],
        ]
    }
}
