internal import Evidence
internal import NIOHTTP1

/// Brings an answer to the client: token by token, or whole once it is generated.
struct Delivery: Sendable {
    let exchange: Exchange
    let facts: ModelDialect.Facts
    let dialect: ModelDialect
    let malformation: Malformation?

    func stream() async throws {
        let parts = dialect.stream(facts)
        if malformation == .html || malformation == .empty { return try await sendMalformedWhole() }
        try await begin(["content-type": "text/event-stream", "cache-control": "no-cache"])
        try await exchange.checkpoint(tokensSent: 0)
        try await send(parts.opening, tokensSent: 0)
        var next = ContinuousClock.now
        for (index, event) in parts.tokens.enumerated() {
            next = max(next + exchange.tokenInterval, .now - .milliseconds(50))
            try await exchange.pause(until: next, tokensSent: index)
            try await exchange.checkpoint(tokensSent: index)
            if let spoilt = spoil(event, index: index, of: parts.tokens.count) {
                try await exchange.connection.send(bytes: spoilt)
                if malformation == .truncated || malformation == .json { return try await exchange.connection.send(.end(nil)) }
            } else {
                try await send(event, tokensSent: index)
            }
            exchange.note("token", ["n": .int(Int64(index + 1))])
        }
        try await exchange.checkpoint(tokensSent: parts.tokens.count)
        try await send(parts.closing, tokensSent: parts.tokens.count)
        try await exchange.connection.send(.end(nil))
    }

    /// Tokens are generated before the headers go out: a stall in between is silence to the client.
    func whole() async throws {
        var next = ContinuousClock.now
        for index in facts.answer.tokens.indices {
            next = max(next + exchange.tokenInterval, .now - .milliseconds(50))
            try await exchange.pause(until: next, tokensSent: nil)
            try await hold(generated: index)
            exchange.note("token", ["n": .int(Int64(index + 1))])
        }
        try await hold(generated: facts.answer.tokens.count)
        if malformation != nil { return try await sendMalformedWhole() }
        let body = dialect.plainBody(facts)
        try await begin(["content-type": "application/json", "content-length": String(body.utf8.count)])
        try await exchange.checkpoint(tokensSent: 0)
        try await send(body, tokensSent: facts.answer.tokens.count)
        try await exchange.connection.send(.end(nil))
    }

    /// Faults that count tokens see the generated ones, those about headers see that none went out.
    private func hold(generated: Int) async throws {
        try await exchange.checkpoint(tokensSent: nil)
        if generated > 0 { try await exchange.checkpoint(tokensSent: generated) }
    }

    private func begin(_ headers: HTTPHeaders) async throws {
        try await exchange.connection.send(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
        exchange.note("headers")
    }

    /// Sends text at once, or in small pieces with pauses while a drip is armed.
    private func send(_ text: String, tokensSent: Int) async throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let drip = exchange.board.effect(on: exchange.number) { behaviour -> (every: Double, bytes: Int)? in
                if case .drip(let every, let bytes) = behaviour { (every, bytes) } else { nil }
            }
            guard let drip else { return try await exchange.connection.send(bytes: Array(rest)) }
            try await exchange.connection.send(bytes: Array(rest.prefix(drip.bytes)))
            rest = rest.dropFirst(drip.bytes)
            exchange.note("dripped", ["left": .int(Int64(rest.count))])
            try await waitOutDrip(drip.every, tokensSent: tokensSent)
        }
    }

    /// The pause of a drip ends early when the drip is healed.
    private func waitOutDrip(_ seconds: Double, tokensSent: Int) async throws {
        let deadline = ContinuousClock.now + ScenarioPace(scale: exchange.settings.timeScale).real(seconds)
        while ContinuousClock.now < deadline {
            let version = exchange.board.version
            try await exchange.checkpoint(tokensSent: tokensSent)
            let drips = exchange.board.effect(on: exchange.number) { if case .drip = $0 { true } else { nil } } ?? false
            guard drips else { return }
            try await exchange.board.wait(since: version, until: deadline)
        }
    }

    // MARK: Malformed answers

    /// The bytes that take an event's place, half way through the answer; nil where it is left alone.
    private func spoil(_ event: String, index: Int, of count: Int) -> [UInt8]? {
        guard index == count / 2 else { return nil }
        switch malformation {
        case .json: return Array((event.prefix(event.count / 2) + "\n\n").utf8)
        case .truncated: return Array(event.prefix(event.count / 2).utf8)
        case .utf8: return Array(event.utf8).map { $0 == UInt8(ascii: " ") ? 0xFF : $0 }
        case .empty, .html, nil: return nil
        }
    }

    private func sendMalformedWhole() async throws {
        exchange.note("headers")
        let body = dialect.plainBody(facts)
        switch malformation {
        case .json: try await exchange.respond(.ok, body: body.replacing("\":", with: "\" "))
        case .truncated: try await exchange.respond(.ok, body: String(body.prefix(body.count / 2)))
        case .html:
            try await exchange.respond(.ok, type: "text/html", body: "<html><body><h1>Bad gateway</h1></body></html>\n")
        case .utf8:
            let bytes = Array(body.utf8).map { $0 == UInt8(ascii: " ") ? 0xFF : $0 }
            try await begin(["content-type": "application/json", "content-length": String(bytes.count)])
            try await exchange.connection.send(bytes: bytes)
            try await exchange.connection.send(.end(nil))
        case .empty, nil: try await exchange.respond(.ok, body: "")
        }
    }
}
