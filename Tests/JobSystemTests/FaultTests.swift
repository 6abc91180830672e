import Testing

import JobSystem

/// Without defects, every fault ends the job in bounded time and truthfully.
@Suite(.serialized) struct FaultTests {
    /// Runs one job against a faulty LLM and expects it to fail with an error of a type.
    private func expectFailure(
        _ behaviour: StubLLM.Behaviour, errorType: String, scale: Double = 20, config: [String: Any] = [:],
        leavesConnection: Bool = false
    ) async throws {
        let llm = try await StubLLM(behaviour)
        try await RunningServer.with(llm, scale: scale, config: config) { server in
            let end = try await server.waitForEnd(try await server.submit(chunks: 2))
            #expect(end["status"] as? String == "FAILED")
            #expect((end["error"] as? String)?.isEmpty == false)
            let finished = try await server.waitForEvent("job.finished")
            #expect(finished["error.type"] as? String == errorType)
            #expect(finished["level"] as? String == "error")
            let result = try await server.send("GET", "/jobs/1/result")
            #expect(result.status == 409)
            // The request and its connection are gone with the job; a whole answer leaves it to the pool.
            if leavesConnection { return }
            _ = try await eventually("no open connection") { llm.openConnections == 0 ? true : nil }
        }
    }

    @Test func aStalledAnswerEndsByTheReadTimeout() async throws {
        try await expectFailure(.stall(afterTokens: 12), errorType: "llm.read-timeout", scale: 300)
    }

    @Test func aSilentProviderEndsByTheReadTimeout() async throws {
        try await expectFailure(.silent, errorType: "llm.read-timeout", scale: 300)
    }

    @Test func aDrippingAnswerEndsByTheRequestDeadline() async throws {
        try await expectFailure(
            .slow(tokens: 100_000, pause: .milliseconds(2)), errorType: "llm.request-deadline", scale: 300,
            config: ["llm.read-timeout": "120s"])
    }

    @Test func anAnswerThatBreaksOffIsNoResult() async throws {
        try await expectFailure(.close(afterTokens: 3), errorType: "llm.closed-early")
    }

    @Test func aMalformedAnswerIsNoResult() async throws {
        try await expectFailure(.malformed, errorType: "llm.malformed-response", leavesConnection: true)
    }

    @Test func aRefusalIsNoResult() async throws {
        try await expectFailure(.status(503), errorType: "llm.refused", leavesConnection: true)
    }

    @Test func anUnreachableProviderIsNoResult() async throws {
        let llm = try await StubLLM(.silent)
        await llm.stop()
        try await RunningServer.with(config: ["llm.openai.base-url": llm.baseURL]) { server in
            _ = try await server.waitForEnd(try await server.submit())
            let finished = try await server.waitForEvent("job.finished")
            #expect(finished["error.type"] as? String == "llm.connect-failed")
        }
    }

    @Test func theOperationsTimeoutReachesTheRequest() async throws {
        let llm = try await StubLLM(.silent)
        // Without the inner timeouts, the outer one has to cancel.
        try await RunningServer.with(llm, defects: [.noReadTimeout]) { server in
            _ = try await server.waitForEnd(try await server.submit())
            #expect(try server.events("analysis.timeout").first?["after_s"] as? Double == 300)
            #expect(try server.events("analysis.cancelled").count == 1)
            let finished = try await server.waitForEvent("job.finished")
            #expect(finished["error.type"] as? String == "analysis.timeout")
            _ = try await eventually("no open connection") { llm.openConnections == 0 ? true : nil }
        }
    }

    @Test func theSimulationStopsTouching() async throws {
        let llm = try await StubLLM(.slow(tokens: 100_000, pause: .milliseconds(10)))
        try await RunningServer.with(llm, scale: 100, config: ["llm.request-timeout": "2h", "llm.read-timeout": "1h"]) { server in
            try await server.submit()
            _ = try await eventually("ten touches") { try server.touches() >= 10 ? true : nil }
            try await server.letPass(.seconds(40))
            #expect(try server.touches() == 10)
            let shown = try server.events("job.progress").compactMap { $0["progress"] as? Int }
            #expect(shown == [5, 10] + Array(stride(from: 15, through: 85, by: 2)) + Array(repeating: 85, count: 10))
        }
    }
}
