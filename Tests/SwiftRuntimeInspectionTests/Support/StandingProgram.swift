import Evidence
import Foundation
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// A program of the zoo that stands: its process, and the truth it told about its tasks.
struct StandingProgram {
    let pid: Int32
    /// Addresses of its tasks by their roles.
    let tasks: [String: UInt64]

    /// Starts an exhibit, waits until it stands, and ends it whatever happens.
    static func with<Result>(
        _ exhibit: String, _ arguments: [String] = [], build: ZooBuild = .debug, body: (StandingProgram) async throws -> Result
    ) async throws -> Result {
        let process = Process()
        process.executableURL = try build.executable()
        process.environment = ProcessInfo.processInfo.environment.merging(build.environment, uniquingKeysWith: { $1 })
        process.arguments = ["--until-eof", exhibit] + arguments
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            end(process)
        }
        var tasks: [String: UInt64] = [:]
        var rest = ""
        reading: while true {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw EndedEarly(exhibit: exhibit) }
            rest += String(decoding: data, as: UTF8.self)
            while let end = rest.firstIndex(of: "\n") {
                let words = rest[..<end].split(separator: " ")
                rest = String(rest[rest.index(after: end)...])
                if words == ["ready"] { break reading }
                if words.count == 3, words[0] == "task" { tasks[String(words[1])] = UInt64(words[2].dropFirst(2), radix: 16) }
            }
        }
        return try await body(StandingProgram(pid: process.processIdentifier, tasks: tasks))
    }

    /// SIGTERM may be blocked in a child of a Dispatch thread, whose signal mask it inherits.
    static func end(_ process: Process) {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    struct EndedEarly: Error { var exhibit: String }

    /// Where the build puts executables: beside the test's own.
    static var products: URL {
        URL(filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
            .deletingLastPathComponent()
    }

    func read(seconds: Int = 20) -> TaskForest {
        TaskForestReader(pid: pid, memory: LiveMemory(pid: pid)).read(deadline: .now + .seconds(seconds))
    }

    /// As `hangscope tasks` does: the process stands while what was found is copied.
    func readStanding(seconds: Int = 20) throws -> View {
        let (context, _) = try TaskForestContext.alone(pid: pid, deadline: .now + .seconds(seconds))
        return View(TaskForestReader.read(in: context, searchesResumers: false), program: self)
    }

    /// Reads until the forest is as expected, for at most 20 seconds; then gives the last one.
    func read(until isExpected: (View) -> Bool) async throws -> View {
        try await read({ View(read(), program: self) }, until: isExpected)
    }

    func readStanding(until isExpected: (View) -> Bool) async throws -> View {
        try await read({ try readStanding() }, until: isExpected)
    }

    private func read(_ reading: () throws -> View, until isExpected: (View) -> Bool) async throws -> View {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let view = try reading()
            if isExpected(view) || ContinuousClock.now >= deadline { return view }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
