import Testing

import JobSystem

/// Without defects and faults.
@Suite struct JobFlowTests {
    @Test func aJobRunsToItsResult() async throws {
        let llm = try await StubLLM(.answer(tokens: 4))
        try await RunningServer.with(llm, scale: 20) { server in
            let id = try await server.submit(chunks: 3)
            #expect(id == "1")
            let end = try await server.waitForEnd(id)
            #expect(end["status"] as? String == "COMPLETED")
            #expect(end["progress"] as? Int == 100)
            #expect(end["model"] as? String == "moonshot-v1-32k")

            let result = try await server.send("GET", "/jobs/1/result")
            #expect(result.status == 200)
            #expect(result.json["provider"] as? String == "openai")
            #expect((result.json["summary"] as? String)?.contains("word3") == true)

            #expect(llm.requests.count == 3)
            #expect(llm.requests.allSatisfy { $0.path == "/v1/chat/completions" })
            #expect(try server.events("llm.token").count == 12)
            #expect(try server.events("llm.token").last?["tokens"] as? Int == 4)
            #expect(try server.events("llm.first-token").count == 3)
            #expect(try server.events("chunk.finished").map { $0["chunk.index"] as? Int } == [1, 2, 3])
            #expect(try server.events("job.status").map { $0["status"] as? String } == ["QUEUED", "PROCESSING", "COMPLETED"])
            let order = try server.allLines().compactMap { $0["event"] as? String }.filter { $0 != "llm.token" }
            let expected = [
                "job.accepted", "job.started", "chunk.started", "llm.request-sent", "llm.response-started",
                "llm.first-token", "chunk.finished", "analysis.finished", "results.saved", "job.finished",
            ]
            #expect(expected.map { order.firstIndex(of: $0) ?? -1 } == expected.map { order.firstIndex(of: $0) ?? -1 }.sorted())
            #expect(expected.allSatisfy(order.contains))
        }
    }

    @Test func theModelOfTheRequestIsCalledAndRecorded() async throws {
        let llm = try await StubLLM(.answer(tokens: 1))
        try await RunningServer.with(llm, scale: 20) { server in
            let id = try await server.submit(model: "kimi-k2")
            #expect(try await server.waitForEnd(id)["model"] as? String == "kimi-k2")
            #expect(llm.requests.first?.body.contains("\"model\":\"kimi-k2\"") == true)
        }
    }

    @Test func theAnthropicDialectWorks() async throws {
        let llm = try await StubLLM(.answer(tokens: 3), dialect: .anthropic)
        try await RunningServer.with(
            llm, scale: 20, config: ["llm.provider": "anthropic", "llm.anthropic.base-url": llm.baseURL]
        ) { server in
            let id = try await server.submit()
            #expect(try await server.waitForEnd(id)["status"] as? String == "COMPLETED")
            #expect(llm.requests.first?.path == "/v1/messages")
        }
    }

    @Test func theFallbackAnswersWhenTheFirstProviderFails() async throws {
        let broken = try await StubLLM(.status(500))
        let sound = try await StubLLM(.answer(tokens: 2), dialect: .anthropic)
        try await RunningServer.with(
            broken, scale: 20, config: ["llm.fallback": "anthropic", "llm.anthropic.base-url": sound.baseURL]
        ) { server in
            let end = try await server.waitForEnd(try await server.submit())
            #expect(end["status"] as? String == "COMPLETED")
            #expect(end["model"] as? String == "claude-3-5-sonnet-20241022")
            let failed = try #require(try server.events("llm.request-failed").first)
            #expect(failed["error.type"] as? String == "llm.refused")
            #expect(failed["level"] as? String == "error")
        }
        await sound.stop()
    }

    @Test func aRefusedRequestIsTriedAgainWhereThatIsAskedFor() async throws {
        let llm = try await StubLLM(.status(429), .answer(tokens: 1))
        try await RunningServer.with(llm, config: ["llm.attempts": 2, "llm.read-timeout": "1h", "llm.request-timeout": "1h"]) { server in
            let end = try await server.waitForEnd(try await server.submit())
            #expect(end["status"] as? String == "COMPLETED")
            #expect(try server.events("llm.request-sent").map { $0["attempt"] as? Int } == [1, 2])
        }
    }

    @Test func severalJobsAreNumberedInTheirOrder() async throws {
        let llm = try await StubLLM(.answer(tokens: 1))
        try await RunningServer.with(llm, scale: 20, config: ["jobs.max-concurrent": 2]) { server in
            for expected in 1...5 {
                let id = try await server.submit()
                #expect(id == "\(expected)")
            }
            for id in 1...5 {
                let end = try await server.waitForEnd("\(id)")
                #expect(end["status"] as? String == "COMPLETED")
            }
        }
    }

    @Test func clientErrorsAreJSON() async throws {
        try await RunningServer.with(scale: 20, config: ["analysis.max-chunks": 2]) { server in
            func code(_ answer: [String: any Sendable]) -> String? {
                (answer["error"] as? [String: any Sendable])?["code"] as? String
            }
            for (method, path, body, status) in [
                ("GET", "/jobs/7/status", nil, 404), ("GET", "/jobs/x/status", nil, 400), ("GET", "/nowhere", nil, 404),
                ("POST", "/generate-async", "{}", 400), ("POST", "/generate-async", "{\"script\": \" \"}", 400),
                ("POST", "/generate-async", "{\"script\": \"a\\n\\nb\\n\\nc\"}", 400),
            ] as [(String, String, String?, Int)] {
                let answer = try await server.send(method, path, body)
                #expect(answer.status == status, "\(method) \(path)")
                #expect(code(answer.json) != nil, "\(method) \(path)")
            }
        }
    }

    @Test func jobsOfAnEarlierServerAreEnded() async throws {
        let folder = try TemporaryFolder()
        let silent = try await StubLLM(.silent)
        try await RunningServer.with(silent, scale: 1, folder: folder) { server in
            try await server.submit()
            _ = try await server.waitForEvent("llm.request-sent")
        }
        try await RunningServer.with(scale: 1, folder: folder) { server in
            let status = try await server.status("1")
            #expect(status["status"] as? String == "FAILED")
            #expect((status["error"] as? String)?.contains("server was stopped") == true)
        }
    }
}
