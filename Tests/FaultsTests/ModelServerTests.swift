import Evidence
import Faults
import Testing

@Suite struct ModelServerTests {
    @Test func streamsOpenAI() async throws {
        try await withModelServer { server, log in
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            let heard = await client.read { $0.contains("[DONE]") }
            #expect(heard.text.hasPrefix("HTTP/1.1 200 OK"))
            #expect(heard.text.contains("text/event-stream"))
            #expect(heard.text.components("\"content\":\"").count == 22)
            #expect(heard.text.contains(#""finish_reason":"stop""#))
            #expect(log.count("token") == 20)
        }
    }

    @Test func streamsAnthropic() async throws {
        try await withModelServer { server, _ in
            let client = try await RawClient.connect(port: server.port)
            await client.post("/v1/messages", #"{"model":"m","max_tokens":3,"stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}"#)
            let heard = await client.read { $0.contains("message_stop") }
            let order = ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"]
            #expect(heard.text.components("event: content_block_delta").count == 4)
            #expect(order == order.sorted { heard.text.offset(of: "event: " + $0) < heard.text.offset(of: "event: " + $1) })
            #expect(heard.text.contains(#""stop_reason":"max_tokens""#))
        }
    }

    @Test func answersDependOnSeedAndPromptAlone() async throws {
        let settings = ModelServerSettings(latency_s: 0, tokensPerSecond: 10_000, tokens: 7, seed: 5)
        try await withModelServer(settings) { server, _ in
            let client = try await RawClient.connect(port: server.port)
            for prompt in ["one", "two", "one"] {
                await client.chat(stream: false, prompt: prompt)
                let heard = await client.read { $0.contains("total_tokens") }
                #expect(heard.text.contains(ModelAnswer(seed: 5, prompt: prompt, tokens: 7).text))
            }
        }
        #expect(ModelAnswer(seed: 1, prompt: "a", tokens: 9) != ModelAnswer(seed: 2, prompt: "a", tokens: 9))
    }

    @Test func tellsHealthModelsAndErrors() async throws {
        try await withModelServer(ModelServerSettings(provider: .openai, models: ["m1"], latency_s: 0)) { server, _ in
            for (path, wanted) in [("/", "200 OK"), ("/v1/models", "\"m1\""), ("/nowhere", "404")] {
                let client = try await RawClient.connect(port: server.port)
                await client.get(path)
                #expect(await client.read().text.contains(wanted))
            }
            let client = try await RawClient.connect(port: server.port)
            await client.post("/v1/messages", "{}")
            #expect(await client.read { $0.contains("\"error\"") }.text.contains("404"))
            let other = try await RawClient.connect(port: server.port)
            await other.post("/v1/chat/completions", "nonsense")
            #expect(await other.read { $0.contains("\"error\"") }.text.contains("400"))
        }
    }

    // MARK: Faults

    @Test func stallsAfterTokensAndGoesOnWhenHealed() async throws {
        try await withModelServer { server, log in
            let fault = try server.fault(id: "s", kind: "stall", options: ["after-tokens": "12"])
            try await fault.arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            try await eventually("stalled") { log.count("stalled") == 1 }
            let heard = await client.read(for: 200)
            #expect(heard.ending == .silent)
            #expect(heard.text.components("\"content\":").count == 14)
            #expect(socketState(local: client.localPort, remote: server.port) == "01")
            #expect(socketState(local: server.port, remote: client.localPort) == "01")
            await fault.heal()
            let rest = await client.read { $0.contains("[DONE]") }
            #expect(rest.ending == nil)
            #expect(rest.text.components("\"content\":").count == 9)
        }
    }

    @Test(arguments: ["silence", "stall-after-headers"]) func standsStill(kind: String) async throws {
        try await withModelServer { server, log in
            let fault = try server.fault(id: "s", kind: kind, options: [:])
            try await fault.arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            try await eventually("stalled") { log.count("stalled") == 1 }
            let heard = await client.read(for: 200)
            #expect(heard.ending == .silent)
            #expect(heard.text.isEmpty == (kind == "silence"))
            await fault.heal()
            #expect(await client.read { $0.contains("[DONE]") }.ending == nil)
        }
    }

    @Test func failsSoManyTimes() async throws {
        try await withModelServer { server, _ in
            try await server.fault(id: "s", kind: "status", options: ["code": "429", "times": "2", "retry-after": "3s"]).arm()
            for wanted in ["429", "429", "200"] {
                let client = try await RawClient.connect(port: server.port)
                await client.chat(stream: false)
                let heard = await client.read { $0.contains("\"}") || $0.contains("}}") }
                #expect(heard.text.hasPrefix("HTTP/1.1 \(wanted)"))
                #expect(heard.text.contains("retry-after: 3") == (wanted == "429"))
            }
        }
    }

    @Test(arguments: [("close-early", RawClient.Ending.closed), ("reset", .reset)])
    func cutsInTheMiddle(kind: String, ending: RawClient.Ending) async throws {
        try await withModelServer { server, _ in
            try await server.fault(id: "s", kind: kind, options: ["after-tokens": "3"]).arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            let heard = await client.read()
            #expect(heard.ending == ending)
            #expect(!heard.text.contains("[DONE]"))
        }
    }

    @Test func resetReachesOpenConnections() async throws {
        try await withModelServer { server, log in
            try await server.fault(id: "quiet", kind: "silence", options: [:]).arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            try await eventually("stalled") { log.count("stalled") == 1 }
            try await server.fault(id: "r", kind: "reset", options: [:]).arm()
            #expect(await client.read().ending == .reset)
        }
    }

    @Test(arguments: ["json", "truncated", "empty", "html", "utf8"], [true, false])
    func spoilsAnswers(how: String, stream: Bool) async throws {
        try await withModelServer { server, log in
            let fault = try server.fault(id: "m", kind: "malformed", options: ["how": how])
            try await fault.arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat(stream: stream)
            try await eventually("answered") { log.count("answered") == 1 }
            let (bytes, _) = await client.readBytes(for: 300)
            let spoilt = String(decoding: bytes, as: UTF8.self)
            #expect(spoilt.hasPrefix("HTTP/1.1 200"))
            await fault.heal()
            await client.chat(stream: stream)
            let whole = await client.read { $0.contains(stream ? "[DONE]" : "total_tokens") }
            #expect(whole.ending == nil)
            #expect(spoilt.split(separator: "\r\n\r\n").dropFirst() != whole.text.split(separator: "\r\n\r\n").dropFirst())
            #expect((String(validating: bytes, as: UTF8.self) == nil) == (how == "utf8"))
        }
    }

    @Test func namesAnotherModel() async throws {
        try await withModelServer { server, _ in
            try await server.fault(id: "w", kind: "wrong-model", options: ["model": "impostor"]).arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            let heard = await client.read { $0.contains("[DONE]") }
            #expect(heard.text.contains(#""model":"impostor""#))
            #expect(!heard.text.contains(#""model":"m""#))
        }
    }

    @Test func dripsByteByByte() async throws {
        try await withModelServer { server, log in
            let fault = try server.fault(id: "d", kind: "drip", options: ["every": "5ms"])
            try await fault.arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            try await eventually("dripping") { log.count("dripped") > 20 }
            #expect(log.count("token") == 0)
            await fault.heal()
            #expect(await client.read { $0.contains("[DONE]") }.ending == nil)
        }
    }

    @Test func refusesUnknownFaultsAndOptions() async throws {
        try await withModelServer { server, _ in
            for (kind, options) in [
                ("nonsense", [:]), ("stall", ["aftr-tokens": "1"]), ("stall", ["after-tokens": "-1"]), ("status", [:]),
                ("status", ["code": "200"]), ("bandwidth", ["rate": "5"]), ("lock-database", [:]),
            ] {
                #expect(throws: FaultError.self) { try server.fault(id: "x", kind: kind, options: options) }
            }
        }
    }
}

extension String {
    /// The pieces between occurrences.
    func components(_ separator: String) -> [Substring] { split(separator: separator, omittingEmptySubsequences: false) }
    func offset(of text: String) -> Int { firstRange(of: text).map { utf8.distance(from: startIndex, to: $0.lowerBound) } ?? .max }
    func firstRange(of text: String) -> Range<Index>? { ranges(of: text).first }
}
