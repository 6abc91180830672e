/// What is asked of a provider: one chunk of a script.
struct LLMPrompt: Sendable {
    var text: String
    /// Counted from 1.
    var chunkIndex: Int
    /// The model the job asked for; nil leaves it to the provider's configuration.
    var model: String?
}

/// What a provider's stream says, one event at a time.
enum LLMStreamEvent: Sendable, Equatable {
    case token(String)
    case end
    case error(String)
    /// Nothing that matters here, such as a ping.
    case other
}

/// The dialect of one LLM API: how a request is written and how its stream is read.
protocol LLMProvider: Sendable {
    var name: String { get }
    var path: String { get }
    func headers(apiKey: String) -> [(String, String)]
    func body(prompt: String, model: String, maxTokens: Int) throws -> [UInt8]
    func read(_ event: ServerSentEvent) throws -> LLMStreamEvent
}

extension LLMProvider {
    static var instruction: String {
        "You review a script. Say in a few sentences what this part covers and what is missing."
    }
}
