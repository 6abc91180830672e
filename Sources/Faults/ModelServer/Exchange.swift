internal import Evidence
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1

/// One request and its answer, with whatever the armed faults make of it.
struct Exchange: Sendable {
    struct Ended: Error {}

    let number: Int
    let connection: ServerConnection
    let head: HTTPRequestHead
    let body: Data
    let settings: ModelServerSettings
    let board: FaultBoard
    let emit: @Sendable (String, [String: JSONValue]) -> Void

    private var pace: ScenarioPace { ScenarioPace(scale: settings.timeScale) }
    private var path: String { String(head.uri.prefix { $0 != "?" }) }

    /// Answers, or stands still, or ends the connection; returns when the exchange is over.
    func run() async {
        do {
            try await answer()
            note("answered")
            if !head.isKeepAlive { connection.channel.close(promise: nil) }
        } catch is Ended {
        } catch {
            note("abandoned", ["why": .string(String(String(describing: error).prefix(200)))])
            connection.channel.close(promise: nil)
        }
    }

    private func answer() async throws {
        let dialect: ModelDialect = path.hasSuffix("/messages") ? .anthropic : .openAI
        let isCompletion = head.method == .POST && isKnown(dialect)
        let request = isCompletion ? ModelRequest(dialect: dialect, body: body) : nil
        note(
            "request",
            [
                "path": .string(path), "method": .string(head.method.rawValue), "peer": .int(Int64(connection.peer)),
                "model": request?.model.map { .string($0) } ?? .null, "stream": .bool(request?.streams ?? false),
            ])
        try await pause(latency())
        try await checkpoint(tokensSent: nil)
        if let (code, retry) = board.effect(on: number, { if case .status(let code, let retry) = $0 { (code, retry) } else { nil } }) {
            return try await fail(code, "armed to fail", dialect, retryAfter_s: retry)
        }
        guard isCompletion else { return try await answerSmallThings() }
        guard let request else { return try await fail(400, "body is not a JSON object with messages", dialect) }
        let facts = facts(for: request)
        let how = board.effect(on: number) { if case .malformed(let how) = $0 { how } else { nil } }
        let delivery = Delivery(exchange: self, facts: facts, dialect: dialect, malformation: how)
        if request.streams { try await delivery.stream() } else { try await delivery.whole() }
    }

    private func isKnown(_ dialect: ModelDialect) -> Bool {
        switch dialect {
        case .openAI: settings.provider != .anthropic && path == "/v1/chat/completions"
        case .anthropic: settings.provider != .openai && path == "/v1/messages"
        }
    }

    private func facts(for request: ModelRequest) -> ModelDialect.Facts {
        let wrong = board.effect(on: number) { if case .wrongModel(let name) = $0 { name } else { nil } }
        return ModelDialect.Facts(
            id: String(number), model: wrong ?? request.model ?? settings.models.first ?? "model",
            promptTokens: request.prompt.split(whereSeparator: \.isWhitespace).count,
            answer: ModelAnswer(
                seed: settings.seed, prompt: request.prompt, tokens: settings.tokens, maxTokens: request.maxTokens))
    }

    /// GET / and HEAD / for health, GET /v1/models; 404 for the rest.
    private func answerSmallThings() async throws {
        switch (head.method, path) {
        case (.GET, "/"), (.HEAD, "/"), (.GET, "/health"), (.HEAD, "/health"):
            try await respond(.ok, body: json(["status": "ok"]))
        case (.GET, "/v1/models"), (.HEAD, "/v1/models"):
            let models = settings.models.map { JSONValue.object(["id": .string($0), "object": "model", "owned_by": "hangscope"]) }
            try await respond(.ok, body: json(["object": "list", "data": .array(models)]))
        default:
            try await fail(404, "no such path: \(path)", .openAI)
        }
    }

    private func fail(_ code: Int, _ message: String, _ dialect: ModelDialect, retryAfter_s: Int? = nil) async throws {
        let more: HTTPHeaders = retryAfter_s.map { ["retry-after": String($0)] } ?? [:]
        note("failed", ["code": .int(Int64(code))])
        try await respond(HTTPResponseStatus(statusCode: code), body: dialect.errorBody(status: code, message: message), more: more)
    }

    func respond(_ status: HTTPResponseStatus, type: String = "application/json", body: String, more: HTTPHeaders = [:]) async throws {
        var headers: HTTPHeaders = ["content-type": type, "content-length": String(body.utf8.count)]
        headers.add(contentsOf: more)
        try await connection.send(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        if head.method != .HEAD { try await connection.send(bytes: Array(body.utf8)) }
        try await connection.send(.end(nil))
    }

    // MARK: Steps

    func note(_ event: String, _ attributes: [String: JSONValue] = [:]) {
        emit(event, attributes.merging(["request": .int(Int64(number)), "connection": .int(Int64(connection.number))]) { first, _ in first })
    }

    /// Ends or holds the exchange as the armed faults say; `tokensSent` is nil before the headers.
    func checkpoint(tokensSent: Int?) async throws {
        var held = false
        while true {
            try Task.checkCancellation()
            let version = board.version
            if let ending = board.effect(on: number, { $0.ending(tokensSent: tokensSent) }) {
                note("ended", ["how": .string("\(ending)"), "tokens": .int(Int64(tokensSent ?? 0))])
                await connection.end(ending)
                throw Ended()
            }
            guard board.effect(on: number, { $0.holds(tokensSent: tokensSent) ? true : nil }) == true else { break }
            if !held { note("stalled", ["tokens": .int(Int64(tokensSent ?? 0)), "headers": .bool(tokensSent != nil)]) }
            held = true
            try await board.wait(since: version)
        }
        if held { note("resumed") }
    }

    /// Lets scenario time pass, under the eyes of the armed faults.
    func pause(_ seconds: Double, tokensSent: Int? = nil) async throws {
        guard seconds > 0 else { return }
        try await pause(until: .now + pace.real(seconds), tokensSent: tokensSent)
    }

    func pause(until deadline: ContinuousClock.Instant, tokensSent: Int?) async throws {
        while ContinuousClock.now < deadline {
            let version = board.version
            try await checkpoint(tokensSent: tokensSent)
            try await board.wait(since: version, until: deadline)
        }
    }

    private func latency() -> Double {
        var random = SplitMix64(state: settings.seed &+ UInt64(number))
        let extra = board.effect(on: number) { behaviour -> Double? in
            guard case .latency(let by, let jitter) = behaviour else { return nil }
            return max(0, by + (jitter > 0 ? Double.random(in: -jitter...jitter, using: &random) : 0))
        }
        return settings.latency_s + (extra ?? 0)
    }

    /// Real time between two tokens.
    var tokenInterval: Duration { pace.real(1 / max(settings.tokensPerSecond, 0.000_001)) }
}
