internal import Evidence
internal import FoundationEssentials

/// What a client asks of the model, whichever API it speaks.
struct ModelRequest: Sendable {
    var dialect: ModelDialect
    var model: String?
    var prompt: String
    var streams: Bool
    var maxTokens: Int?

    /// Reads a request's body; nil when it is not a JSON object with messages.
    init?(dialect: ModelDialect, body: Data) {
        guard let fields = (try? JSONDecoder().decode(JSONValue.self, from: body))?.object,
            let messages = fields["messages"]?.array
        else { return nil }
        self.dialect = dialect
        model = fields["model"]?.string
        streams = fields["stream"]?.bool ?? false
        maxTokens = (fields["max_tokens"] ?? fields["max_completion_tokens"])?.number.flatMap { Int(exactly: $0) }
        prompt = ([fields["system"]] + messages.map { $0.object?["content"] }).compactMap(Self.text)
            .joined(separator: "\n")
    }

    /// Content is a string, or an array of blocks of which those with text count.
    private static func text(_ content: JSONValue?) -> String? {
        guard let content else { return nil }
        if let string = content.string { return string }
        return content.array?.compactMap { $0.object?["text"]?.string }.joined(separator: "\n")
    }
}
