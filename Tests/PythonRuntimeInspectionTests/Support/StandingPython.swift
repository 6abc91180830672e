import Diagnosis
import Evidence
import Foundation
import ProcessInspection
import Processes
import PythonRuntimeInspection
import Testing

/// Tests that look at real processes run one after the other: together they would only wait for the processors.
@Suite(.serialized) enum LivePythonTests {}

/// A Python program that stands still on purpose: Tests/Programs/standing-python/standing.py.
struct StandingPython {
    let child: ChildProcess
    var pid: Int32 { child.pid }

    /// The machine's own interpreter.
    static let interpreter = "/usr/bin/python3"
    /// Whether that is one whose layout is known; else the tests are skipped, visibly.
    static let isReadable: Bool = ["3.11", "3.12", "3.13"].contains { version in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: interpreter))?.hasSuffix("python\(version)") == true
    }
    static let needed: Comment = "/usr/bin/python3 is no Python 3.11 to 3.13"

    private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Programs/standing-python/standing.py").path

    /// Starts a program, waits until it stands, runs `body`, and ends it.
    static func run<Value>(_ name: String, _ body: (StandingPython) async throws -> Value) async throws -> Value {
        let child = try await DirectSpawner().spawn(
            SpawnRequest(executable: interpreter, arguments: ["-B", program, name], stdout: .pipe, allowTracing: true))
        let begun = Latch<Bool>()
        let reader = PipeReader(try #require(child.pipes.output)) { if $0.contains(UInt8(ascii: "\n")) { begun.set(true) } }
        defer { reader.cancel() }
        do {
            try #require(await begun.wait(for: .seconds(60)) == true, "\(name) did not begin")
            let value = try await body(StandingPython(child: child))
            await child.end(grace: .zero)
            return value
        } catch {
            await child.end(grace: .zero)
            throw error
        }
    }

    func snapshot(_ ordinal: Int = 1) -> Snapshot {
        var options = CaptureOptions()
        options.managedRuntimes = [PythonRuntimeReader.hook]
        options.looksForLoops = true
        return SnapshotCapture(options: options).capture(pid: pid, ordinal: ordinal)
    }

    /// Takes snapshots until one is as expected, for at most 20 seconds; then gives the last one.
    func snapshot(until isExpected: (Snapshot) -> Bool) async throws -> Snapshot {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let snapshot = snapshot()
            if isExpected(snapshot) || ContinuousClock.now >= deadline { return snapshot }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Seconds between two looks, and after which a wait counts as a hang.
    private static let window_s = 0.4

    /// Judges it by two looks, again until the judgement is as expected, for at most 20 seconds; then gives the last one.
    func assessment(until isExpected: (Assessment) -> Bool) async throws -> Assessment {
        let deadline = ContinuousClock.now + .seconds(20)
        var first = snapshot(1)
        while true {
            try await Task.sleep(for: .seconds(Self.window_s))
            let second = snapshot(2)
            let assessment = Diagnoser.assess(snapshots: [first, second], options: DiagnosisOptions(hungAfter_s: Self.window_s))
            if isExpected(assessment) || ContinuousClock.now >= deadline { return assessment }
            first = second
            first.ordinal = 1
        }
    }
}

extension Snapshot {
    /// The thread that Python calls so.
    func python(_ name: String) -> ThreadRecord? { threads.elements.first { $0.managedName == name } }
}
