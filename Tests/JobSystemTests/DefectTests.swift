import Testing

import JobSystem

/// Each defect, on, under the fault that shows it; `FaultTests` and `JobFlowTests` are its twins.
@Suite(.serialized) struct DefectTests {
    @Test func endlessProgressTouchesForEver() async throws {
        let llm = try await StubLLM(.slow(tokens: 100_000, pause: .milliseconds(10)))
        try await RunningServer.with(
            llm, defects: [.endlessProgress], config: ["llm.request-timeout": "2h", "llm.read-timeout": "1h"]
        ) { server in
            try await server.submit()
            _ = try await eventually("more than ten touches") { try server.touches() > 15 ? true : nil }
            #expect(try server.events("job.progress").last?["progress"] as? Int == 85)
        }
    }

    @Test func timeoutWithoutCancellationNeverTakesEffect() async throws {
        let llm = try await StubLLM(.stall(afterTokens: 12))
        try await RunningServer.with(
            llm, defects: [.timeoutWithoutCancellation, .endlessProgress, .swallowedErrors, .blindHealth, .noStuckDetection]
        ) { server in
            let id = try await server.submit(chunks: 3)
            let fired = try await server.waitForEvent("analysis.timeout")
            let firedAt = try #require(fired["clock_s"] as? Double)
            _ = try await eventually("ten touches after the timeout") {
                try server.events("job.progress").count { $0["clock_s"] as? Double ?? 0 > firedAt && $0["touch"] != nil } > 10
                    ? true : nil
            }
            let status = try await server.status(id)
            #expect(status["status"] as? String == "PROCESSING")
            #expect(status["progress"] as? Int == 85)
            #expect(status["error"] == nil)
            #expect(try #require(status["updated_at"] as? Double) > firedAt)
            #expect(try server.events("analysis.cancelled").isEmpty)
            #expect(llm.openConnections == 1)
            #expect(try await server.send("GET", "/health").json["status"] as? String == "healthy")
            // The request's span never ends.
            let spans = try server.allLines().filter { $0["span"] as? String == "llm.request" }
            #expect(spans.map { $0["kind"] as? String } == ["span.start"])
        }
    }

    @Test func onlyTheSweeperEndsAHungJob() async throws {
        let llm = try await StubLLM(.silent)
        try await RunningServer.with(llm, defects: [.timeoutWithoutCancellation, .endlessProgress], scale: 600) { server in
            let end = try await server.waitForEnd(try await server.submit())
            #expect((end["error"] as? String)?.contains("stuck-job sweeper") == true)
            #expect(try server.events("job.deadline").count == 1)
            // The row is truthful; the work lives on.
            #expect(llm.openConnections == 1)
        }
    }

    @Test func workOutlivesItsTimeout() async throws {
        let llm = try await StubLLM(.stall(afterTokens: 2))
        try await RunningServer.with(llm, defects: [.workOutlivesTimeout]) { server in
            let end = try await server.waitForEnd(try await server.submit())
            #expect(end["status"] as? String == "FAILED")
            let finished = try await server.waitForEvent("job.finished")
            #expect(finished["error.type"] as? String == "analysis.timeout")
            try await server.letPass(.seconds(100))
            #expect(llm.openConnections == 1)
            #expect(try server.events("analysis.cancelled").isEmpty)
        }
    }

    @Test func timeoutOrderFailsAHealthyJob() async throws {
        // Three chunks of 110 s each are within every request's own timeout.
        for defects in [[.timeoutOrder], []] as [Defects] {
            let llm = try await StubLLM(.slow(tokens: 11, pause: .milliseconds(50)))
            try await RunningServer.with(
                llm, defects: defects, scale: 200,
                config: ["llm.read-timeout": "1h", "llm.request-timeout": "2h"]
            ) { server in
                let end = try await server.waitForEnd(try await server.submit(chunks: 3))
                if defects.isEmpty {
                    #expect(end["status"] as? String == "COMPLETED")
                } else {
                    #expect(end["status"] as? String == "FAILED")
                    #expect((end["error"] as? String)?.contains("300s") == true)
                    // In the middle of a chunk: the third, unless the machine is slow.
                    let started = try server.events("chunk.started").count
                    let finished = try server.events("chunk.finished").count
                    #expect(started > 1 && started == finished + 1)
                }
            }
        }
    }

    @Test func noJobDeadlineLeavesTheRowWithoutOne() async throws {
        for defects in [[.noJobDeadline], []] as [Defects] {
            let llm = try await StubLLM(.silent)
            try await RunningServer.with(
                llm, defects: defects.union([.timeoutWithoutCancellation]), scale: 600
            ) { server in
                let id = try await server.submit()
                _ = try await server.waitForEvent("job.started")
                let status = try await server.status(id)
                #expect((status["deadline_at"] == nil) == defects.contains(.noJobDeadline))
                if defects.isEmpty {
                    _ = try await server.waitForEvent("job.deadline")
                } else {
                    try await server.letPass(.seconds(700))
                    #expect(try server.events("job.deadline").isEmpty)
                }
            }
        }
    }

    @Test func noStuckDetectionLeavesATouchedJob() async throws {
        let llm = try await StubLLM(.silent)
        try await RunningServer.with(
            llm, defects: [.noStuckDetection, .endlessProgress, .timeoutWithoutCancellation], scale: 600
        ) { server in
            let id = try await server.submit()
            _ = try await server.waitForEvent("job.deadline")
            try await server.letPass(.seconds(200))
            let cleanup = try await server.send("POST", "/admin/cleanup-stuck-jobs")
            #expect(cleanup.json["cleaned"] as? Int == 0)
            #expect(try await server.status(id)["status"] as? String == "PROCESSING")
        }
    }

    @Test func cleanupEndsWhatIsStuck() async throws {
        let llm = try await StubLLM(.silent)
        try await RunningServer.with(
            llm, defects: [.endlessProgress, .timeoutWithoutCancellation], scale: 600,
            config: ["sweeper.interval": "10h"]
        ) { server in
            let id = try await server.submit()
            let cleaned = try await eventually("a cleaned job") {
                let cleanup = try await server.send("POST", "/admin/cleanup-stuck-jobs").json
                return cleanup["cleaned"] as? Int == 1 ? cleanup : nil
            }
            #expect(cleaned["jobs"] as? [String] == [id])
            #expect(try await server.status(id)["status"] as? String == "FAILED")
        }
    }

    @Test func wrongModelIsRecorded() async throws {
        let llm = try await StubLLM(.answer(tokens: 1))
        try await RunningServer.with(llm, defects: [.wrongModel], scale: 20) { server in
            let end = try await server.waitForEnd(try await server.submit(model: "kimi-k2"))
            #expect(end["model"] as? String == "moonshot-v1-8k")
            #expect(llm.requests.first?.body.contains("kimi-k2") == true)
        }
    }

    @Test func healthSeesWhatBlindHealthDoesNot() async throws {
        for defects in [[.blindHealth], []] as [Defects] {
            let llm = try await StubLLM(.silent)
            await llm.stop()
            try await RunningServer.with(
                defects: defects, scale: 20, config: ["llm.openai.base-url": llm.baseURL]
            ) { server in
                let health = try await server.send("GET", "/health").json
                #expect(health["status"] as? String == (defects.isEmpty ? "degraded" : "healthy"))
            }
        }
    }

    @Test func healthCountsJobsWithoutWork() async throws {
        let llm = try await StubLLM(.silent)
        try await RunningServer.with(llm, defects: [.timeoutWithoutCancellation]) { server in
            try await server.submit()
            let stuck = try await eventually("a degraded check") {
                let health = try await server.send("GET", "/health").json
                let checks = health["checks"] as? [String: any Sendable]
                let stuck = checks?["stuck-jobs"] as? [String: any Sendable]
                return stuck?["status"] as? String == "degraded" ? stuck : nil
            }
            #expect((stuck["detail"] as? String)?.hasSuffix(": 1") == true)
        }
    }

    @Test func noTracingLeavesPlainLines() async throws {
        let llm = try await StubLLM(.answer(tokens: 2))
        try await RunningServer.with(llm, defects: [.noTracing], scale: 20) { server in
            #expect(try await server.waitForEnd(try await server.submit())["status"] as? String == "COMPLETED")
            let lines = try server.allLines()
            #expect(lines.allSatisfy { $0["trace.id"] == nil && $0["correlation.id"] == nil && $0["span"] == nil })
            #expect(lines.allSatisfy { ($0["event"] as? String)?.hasPrefix("llm.") != true })
            #expect(try server.events("chunk.started").isEmpty)
            #expect(try server.events("job.finished").count == 1)
        }
    }
}
