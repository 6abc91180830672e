import Evidence
import Foundation
import Processes
import Testing

/// Tests that look at real processes run one after the other: together they would only wait for the processors.
@Suite(.serialized) enum LiveJavaTests {}

/// A Java program that stands still on purpose: Tests/Programs/standing-java, compiled once.
struct StandingJava {
    let child: ChildProcess

    var pid: Int32 { child.pid }

    /// Nil where no JDK is installed: then the tests are skipped, visibly.
    static let javac: String? = ["/usr/bin/javac", "/usr/local/bin/javac"].first { FileManager.default.isExecutableFile(atPath: $0) }
    static let isInstalled: Bool = javac != nil
    static let needed: Comment = "no JDK is installed"

    static let build = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    static var hangscope: String { build.appending(path: "hangscope").path }
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Programs/standing-java").path

    /// Where a text stands first in one of its files, from 1 on.
    static func line(of text: String, in file: String) throws -> Int? {
        let lines = try String(contentsOfFile: "\(sources)/\(file)", encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.firstIndex { $0.contains(text) }.map { $0 + 1 }
    }

    /// The folder with the classes.
    private static let classes = Task {
        let folder = build.appending(path: "standing-java").path
        let files = try FileManager.default.contentsOfDirectory(atPath: sources).filter { $0.hasSuffix(".java") }.map { "\(sources)/\($0)" }
        let result = try await HelperProcess.run(try #require(javac), ["-d", folder] + files, deadline: .seconds(120))
        try #require(result.status == .exited(0), "\(result.errorText)")
        return folder
    }

    /// Starts a program, waits until it begins, runs `body`, and ends it.
    static func run<Value>(_ program: String, options: [String] = [], _ body: (StandingJava) async throws -> Value) async throws -> Value {
        // One of `Standing`'s, or a class with a `main` of its own.
        let main = program.first?.isUppercase == true ? [program] : ["Standing", program]
        let child = try await DirectSpawner().spawn(
            SpawnRequest(
                executable: "java", arguments: ["-XX:TieredStopAtLevel=1"] + options + ["-cp", try await classes.value] + main, stdout: .pipe,
                allowTracing: true))
        let begun = Latch<Bool>()
        let reader = PipeReader(try #require(child.pipes.output)) { if $0.contains(UInt8(ascii: "\n")) { begun.set(true) } }
        defer { reader.cancel() }
        do {
            try #require(await begun.wait(for: .seconds(60)) == true, "\(program) did not begin")
            let value = try await body(StandingJava(child: child))
            await child.end(grace: .zero)
            return value
        } catch {
            await child.end(grace: .zero)
            throw error
        }
    }

    /// Takes snapshots until one is as expected, for at most 20 seconds; then gives the last one.
    func snapshot(until isExpected: (Snapshot) -> Bool) async throws -> Snapshot {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let folder = FileManager.default.temporaryDirectory.appending(path: "hangscope-java-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let result = try await HelperProcess.run(Self.hangscope, ["snapshot", "\(pid)", "-o", folder], deadline: .seconds(30))
            try #require(result.status == .exited(0), "\(result.errorText)")
            let snapshot = try Snapshot(reading: { try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")) })
            if isExpected(snapshot) || ContinuousClock.now >= deadline { return snapshot }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

extension Snapshot {
    /// The thread that Java calls so.
    func java(_ name: String) -> ThreadRecord? { threads.elements.first { $0.managedName == name } }
}
