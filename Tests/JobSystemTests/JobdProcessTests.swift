import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import Testing

/// The executable, as a user starts it.
@Suite(.serialized) struct JobdProcessTests {
    /// Beside the test bundle in the build folder.
    private static var executable: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("jobd")
    }

    private struct Outcome {
        var code: Int32
        var output: String
        var errors: String
    }

    /// Runs it to its end, with its settings on standard input.
    private func run(_ arguments: [String], settings: String = "") async throws -> Outcome {
        let process = Process()
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.executableURL = Self.executable
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(settings.utf8))
        try input.fileHandleForWriting.close()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: complaint, as: UTF8.self))
    }

    @Test func itDescribesItself() async throws {
        let outcome = try await run(["--describe"])
        #expect(outcome.code == 0)
        #expect(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) is [String: Any])
    }

    @Test func badSettingsEndIt() async throws {
        let outcome = try await run(["--settings-fd", "0"], settings: #"{"config": {"databse": "x"}}"#)
        #expect(outcome.code == 64)
        #expect(outcome.errors.contains("did you mean \"database\""))
        #expect(outcome.output.isEmpty)
        #expect(try await run(["--nonsense"]).code == 64)
        #expect(try await run(["--config", "/nonexistent/settings.json"]).code == 64)
    }

    @Test func aDatabaseThatCannotBeOpenedEndsIt() async throws {
        let outcome = try await run(
            ["--settings-fd", "0"], settings: #"{"config": {"port": 0, "database": "/nonexistent/folder/jobs.sqlite"}}"#)
        #expect(outcome.code == 69)
        #expect(outcome.errors.contains("/nonexistent/folder/jobs.sqlite"))
    }

    @Test func aTakenPortEndsIt() async throws {
        let llm = try await StubLLM(.silent)
        let folder = try TemporaryFolder()
        let outcome = try await run(
            ["--settings-fd", "0"],
            settings: #"{"config": {"port": \#(llm.port), "database": "\#(folder.path)/jobs.sqlite"}}"#)
        #expect(outcome.code == 69)
        #expect(outcome.errors.contains("\(llm.port)"))
        await llm.stop()
    }

    /// Starts it, hangs a job in it, and ends it with SIGTERM.
    @Test func aSignalEndsItThoughWorkHangs() async throws {
        let llm = try await StubLLM(.silent)
        let folder = try TemporaryFolder()
        let process = Process()
        let input = Pipe()
        let log = folder.path + "/out.jsonl"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.executableURL = Self.executable
        process.arguments = ["--settings-fd", "0"]
        process.standardInput = input
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        let settings: [String: Any] = [
            "config": ["port": 0, "database": folder.path + "/jobs.sqlite", "llm.openai.base-url": llm.baseURL],
            "defects": ["timeout-without-cancellation", "endless-progress"], "clock": ["scale": 60],
        ]
        try input.fileHandleForWriting.write(contentsOf: JSONSerialization.data(withJSONObject: settings))
        try input.fileHandleForWriting.close()

        func port() throws -> Int? {
            for line in try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") {
                let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                if object?["event"] as? String == "server.listening" { return object?["port"] as? Int }
            }
            return nil
        }
        let listening = try await eventually("server.listening") { try port() }
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(listening)/generate-async")
        request.method = .POST
        request.body = .bytes(ByteBuffer(string: "{\"script\": \"a\"}"))
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        #expect(answer.status.code == 202)
        _ = try await eventually("the request") { llm.requests.isEmpty ? nil : true }

        kill(process.processIdentifier, SIGTERM)
        _ = try await eventually("the end of the process", within: .seconds(30)) { process.isRunning ? nil : true }
        #expect(process.terminationReason == .exit)
        // It closed the request's connection under the hung job, which therefore ended too.
        #expect(process.terminationStatus == 0)
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("server was stopped"))
        await llm.stop()
    }
}
