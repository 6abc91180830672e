internal import Evidence

/// Answers of the Anthropic messages API.
enum AnthropicFormat {
    static func message(_ facts: ModelDialect.Facts) -> String {
        json(
            .object(
                head(facts).merging([
                    "content": [["type": "text", "text": .string(facts.answer.text)]],
                    "stop_reason": .string(stop(facts)),
                    "usage": usage(facts, output: facts.answer.tokens.count),
                ]) { _, new in new }))
    }

    static func stream(_ facts: ModelDialect.Facts) -> ModelDialect.Stream {
        let message = head(facts).merging(["usage": usage(facts, output: 0)]) { _, new in new }
        return ModelDialect.Stream(
            opening: event("message_start", ["message": .object(message)])
                + event("content_block_start", ["index": 0, "content_block": ["type": "text", "text": ""]]),
            tokens: facts.answer.tokens.map {
                event("content_block_delta", ["index": 0, "delta": ["type": "text_delta", "text": .string($0)]])
            },
            closing: event("content_block_stop", ["index": 0])
                + event(
                    "message_delta",
                    [
                        "delta": ["stop_reason": .string(stop(facts)), "stop_sequence": nil],
                        "usage": ["output_tokens": .int(Int64(facts.answer.tokens.count))],
                    ])
                + event("message_stop", [:]))
    }

    private static func event(_ type: String, _ fields: [String: JSONValue]) -> String {
        "event: \(type)\ndata: \(json(.object(fields.merging(["type": .string(type)]) { _, new in new })))\n\n"
    }

    private static func stop(_ facts: ModelDialect.Facts) -> String { facts.answer.isCut ? "max_tokens" : "end_turn" }

    private static func usage(_ facts: ModelDialect.Facts, output: Int) -> JSONValue {
        ["input_tokens": .int(Int64(facts.promptTokens)), "output_tokens": .int(Int64(output))]
    }

    private static func head(_ facts: ModelDialect.Facts) -> [String: JSONValue] {
        [
            "id": .string("msg_\(facts.id)"), "type": "message", "role": "assistant", "model": .string(facts.model),
            "content": [], "stop_reason": nil, "stop_sequence": nil,
        ]
    }
}
