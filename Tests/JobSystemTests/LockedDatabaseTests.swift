import Testing

import JobSystem

/// What happens while another connection holds the database's lock.
@Suite(.serialized) struct LockedDatabaseTests {
    /// Starts a job, locks the database in the middle of its analysis, and lets `body` look.
    private func withLock(
        _ kind: String = "EXCLUSIVE", defects: Defects = [], scale: Double = 100,
        _ behaviour: StubLLM.Behaviour = .slow(tokens: 60, pause: .milliseconds(10)),
        _ body: (RunningServer, DatabaseLock, StubLLM) async throws -> Void
    ) async throws {
        let llm = try await StubLLM(behaviour)
        try await RunningServer.with(llm, defects: defects, scale: scale, config: ["llm.read-timeout": "1h", "llm.request-timeout": "1h"]) { server in
            try await server.submit()
            _ = try await server.waitForEvent("llm.first-token")
            let lock = try await DatabaseLock(server.database, kind)
            do {
                try await body(server, lock, llm)
            } catch {
                try? await lock.release()
                throw error
            }
        }
    }

    @Test(arguments: ["EXCLUSIVE", "IMMEDIATE"])
    func theJobFailsInBoundedTimeAndSaysSo(_ kind: String) async throws {
        try await withLock(kind) { server, lock, _ in
            let end = try await server.waitForEnd("1")
            #expect(end["status"] as? String == "FAILED")
            #expect((end["error"] as? String)?.contains("locked") == true)
            #expect((end["warning"] as? String)?.isEmpty == false)
            let failed = try #require(try server.events("progress.write-failed").first)
            #expect(failed["error.type"] as? String == "database-locked")
            #expect(failed["level"] as? String == "error")
            let health = try await server.send("GET", "/health").json
            #expect(health["status"] as? String == "degraded" || kind == "IMMEDIATE")

            try await lock.release()
            // The end that could not be stored is stored by the sweeper.
            _ = try await eventually("the stored end") {
                let status = try await server.status("1")
                return status["warning"] == nil && status["status"] as? String == "FAILED" ? true : nil
            }
            let finished = try server.events("job.finished")
            #expect(finished.count == 1)
            #expect(finished.first?["stored"] as? Bool == false)
            #expect(finished.first?["error.type"] as? String == "database-locked")
        }
    }

    @Test func aShortLockCostsNothing() async throws {
        try await withLock { server, lock, _ in
            _ = try await server.waitForEvent("progress.write-failed")
            try await lock.release()
            let end = try await server.waitForEnd("1")
            #expect(end["status"] as? String == "COMPLETED")
        }
    }

    @Test func withSessionContentionTheJobHangs() async throws {
        try await withLock(defects: [.sessionContention, .swallowedErrors]) { server, lock, _ in
            _ = try await server.waitForEvent("analysis.finished")
            // Long past every timeout that there is for a write that matters.
            try await server.letPass(.seconds(200))
            let status = try await server.status("1")
            #expect(status["status"] as? String == "PROCESSING")
            #expect(try server.events("results.saved").isEmpty)
            #expect(try server.events("progress.write-failed").isEmpty)
            #expect(try server.events("job.finished").isEmpty)

            try await lock.release()
            let end = try await server.waitForEnd("1")
            #expect(end["status"] as? String == "COMPLETED")
        }
    }

    @Test func withLongTransactionTheJobLocksItsOwnProgressOut() async throws {
        let llm = try await StubLLM(.slow(tokens: 100, pause: .milliseconds(10)))
        try await RunningServer.with(
            llm, defects: [.longTransaction], scale: 50, config: ["llm.read-timeout": "1h", "llm.request-timeout": "1h"]
        ) { server in
            try await server.submit()
            let failed = try await server.waitForEvent("progress.write-failed")
            #expect(failed["error.type"] as? String == "database-locked")
            let end = try await server.waitForEnd("1")
            #expect(end["status"] as? String == "COMPLETED")
        }
    }

    @Test func swallowedErrorsHideFailedWrites() async throws {
        try await withLock(defects: [.swallowedErrors]) { server, lock, _ in
            _ = try await server.waitForEvent("analysis.finished")
            // Its end could not be stored, and nobody was told: the row says PROCESSING for ever.
            _ = try await eventually("the span's end") {
                try server.allLines().first {
                    $0["kind"] as? String == "span.end" && $0["span"] as? String == "job.run"
                }
            }
            try await server.letPass(.seconds(200))
            try await lock.release()
            try await server.letPass(.seconds(30))
            let status = try await server.status("1")
            #expect(status["status"] as? String == "PROCESSING")
            #expect(try server.events("progress.write-failed").isEmpty)
            #expect(try server.events("job.finished").isEmpty)
        }
    }
}
