/// How a model server behaves while nothing is wrong. Times are scenario seconds.
package struct ModelServerSettings: Codable, Sendable, Hashable {
    package enum Provider: String, Codable, Sendable, Hashable, CaseIterable {
        case openai
        case anthropic
        case both
    }

    package var host: String
    /// 0 takes a free port.
    package var port: Int
    package var provider: Provider
    /// Models it knows; the first answers requests that name none.
    package var models: [String]
    /// From the end of the request to the first byte of the answer.
    package var latency_s: Double
    package var tokensPerSecond: Double
    /// Tokens in an answer (fewer when the request's max_tokens says so).
    package var tokens: Int
    /// Equal seeds and prompts give equal answers.
    package var seed: UInt64
    /// Scenario seconds in one real second.
    package var timeScale: Double

    package init(
        host: String = "127.0.0.1", port: Int = 0, provider: Provider = .both,
        models: [String] = ["model-small", "model-large"], latency_s: Double = 0.2, tokensPerSecond: Double = 40,
        tokens: Int = 60, seed: UInt64 = 1, timeScale: Double = 1
    ) {
        self.host = host
        self.port = port
        self.provider = provider
        self.models = models
        self.latency_s = latency_s
        self.tokensPerSecond = tokensPerSecond
        self.tokens = tokens
        self.seed = seed
        self.timeScale = timeScale
    }

    /// Options as a scenario's `model-server:` section gives them.
    package static let options: [OptionDescription] = [
        .init("provider", "Whose API it speaks: openai, anthropic or both.", .word(["openai", "anthropic", "both"]), default: "both"),
        .init("model", "Names of the models it offers, separated by commas; the first is the default.", .string, default: "model-small,model-large"),
        .init("latency", "Time from the request to the first byte of the answer.", .seconds, default: "0.2s"),
        .init("tokens-per-second", "Speed of the answer.", .number, default: "40"),
        .init("tokens", "Length of an answer, in tokens.", .integer, default: "60"),
        .init("seed", "Equal seeds and prompts give equal answers.", .integer, default: "1"),
        .init("port", "Port to listen on; 0 takes a free one.", .integer, default: "0"),
    ]

    /// Settings from a scenario's options; what is not given keeps its default.
    package init(options: [String: String], timeScale: Double = 1) throws {
        let values = try OptionValues(options, of: Self.options, what: "model-server")
        self.init(timeScale: timeScale)
        provider = Provider(rawValue: try values.string("provider") ?? "both") ?? .both
        if let names = try values.string("model") {
            models = names.split(separator: ",").map { String($0.drop(while: { $0 == " " })) }.filter { !$0.isEmpty }
        }
        latency_s = try values.seconds("latency") ?? latency_s
        tokensPerSecond = try values.number("tokens-per-second") ?? tokensPerSecond
        tokens = try values.integer("tokens") ?? tokens
        seed = UInt64(try values.integer("seed") ?? 1)
        port = try values.integer("port") ?? 0
    }
}
