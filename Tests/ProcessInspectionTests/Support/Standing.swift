import Evidence
import Foundation
import ProcessInspection
import Processes
import Testing

/// Tests that look at real processes run one after the other: together they would only wait
/// for the processors, and time themselves out.
@Suite(.serialized) enum LiveProcessTests {}

/// A program that stands still on purpose: Tests/Programs/standing-c, beside the test bundle.
struct Standing {
    let child: ChildProcess
    /// What it wrote after it was ready, line by line.
    let output: OutputLines
    /// Lines before "ready".
    let preamble: [String]

    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    static var program: String { folder.appending(path: "standing-c").path }
    static var hangscope: String { folder.appending(path: "hangscope").path }

    var pid: Int32 { child.pid }

    /// Starts it, waits until it says that it stands, runs `body`, and ends it with its children.
    /// - Parameter prefix: programs before it in its command line, such as `setpriv`.
    static func run<Value>(
        _ kind: String, _ arguments: String..., by prefix: [String] = [], until ready: Duration = .seconds(20),
        _ body: (Standing) async throws -> Value
    ) async throws -> Value {
        try await run(command: prefix + [program, kind] + arguments, until: ready, body)
    }

    /// The same with arguments in a list.
    static func run<Value>(command kind: String, _ arguments: [String], _ body: (Standing) async throws -> Value) async throws -> Value {
        try await run(command: [program, kind] + arguments, until: .seconds(20), body)
    }

    /// The same for a program of its own that says "ready".
    static func run<Value>(program: String, _ body: (Standing) async throws -> Value) async throws -> Value {
        try await run(command: [program], until: .seconds(20), body)
    }

    /// The same for a script of the shell, in which `$0` is the program.
    static func run<Value>(script: String, by shell: [String], _ body: (Standing) async throws -> Value) async throws -> Value {
        try await run(command: shell + [script, program], until: .seconds(20), body)
    }

    private static func run<Value>(
        command: [String], until ready: Duration, _ body: (Standing) async throws -> Value
    ) async throws -> Value {
        let child = try await DirectSpawner().spawn(
            SpawnRequest(executable: command[0], arguments: Array(command.dropFirst()), stdout: .pipe, allowTracing: true))
        let output = OutputLines(try #require(child.pipes.output))
        var preamble: [String] = []
        let deadline = ContinuousClock.now + ready
        while let line = await output.next(before: deadline), !line.hasPrefix("ready") {
            preamble.append(line)
            if line.hasPrefix("skipped") { break }
        }
        let standing = Standing(child: child, output: output, preamble: preamble)
        do {
            let value = try await body(standing)
            await standing.end()
            return value
        } catch {
            await standing.end()
            throw error
        }
    }

    func end() async {
        await child.end(grace: .milliseconds(200))
        output.cancel()
    }

    /// A snapshot of it, or of another process, by the command, in a process of its own as always.
    func capture(_ other: Int32? = nil, _ change: (inout CaptureOptions) -> Void = { _ in }) async throws -> Snapshot {
        var options = CaptureOptions()
        change(&options)
        return try await withTemporaryFolder { [options] folder in
            var arguments = ["snapshot", "\(other ?? pid)", "-o", folder, "--no-tasks", "--follow", options.follow.mode.rawValue, "--salt", options.salt]
            if options.stopMode == .stopAll { arguments.append("--stop-all") }
            if options.looksForLoops { arguments.append("--loops") }
            if options.showsEnvironment { arguments.append("--show-environment") }
            let result = try await HelperProcess.run(Self.hangscope, arguments, deadline: .seconds(30))
            #expect(result.status == .exited(0), "\(result.errorText)")
            return try Snapshot(reading: { try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")) })
        }
    }

    /// State letter and tracer of it now.
    var state: (state: String, tracer: Int32?) {
        let proc = ProcDirectory(pid: pid)
        return ((try? proc.stat().state) ?? "?", (try? proc.status())?.tracerTID)
    }

    /// Whether no thread of it is stopped or traced.
    var isFree: Bool {
        let proc = ProcDirectory(pid: pid)
        return ((try? proc.threads()) ?? []).allSatisfy { tid in
            guard let status = try? proc.thread(tid).status() else { return true }
            let state = status["State"]?.prefix(1) ?? ""
            return status.tracerTID == nil && state != "t" && state != "T"
        }
    }
}

/// The lines of a pipe, each to be waited for with a deadline.
final class OutputLines: Sendable {
    private let stream: LineStream
    private let lines: LockedLines

    init(_ descriptor: OwnedDescriptor) {
        stream = LineStream(descriptor)
        let lines = LockedLines()
        self.lines = lines
        let source = stream.lines
        Task { for await line in source { lines.append(line) }; lines.finish() }
    }

    /// The next line; nil at the end, or when none came in time.
    func next(before deadline: ContinuousClock.Instant) async -> String? {
        while ContinuousClock.now < deadline {
            if let line = lines.take() { return line }
            if lines.isFinished { return lines.take() }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return nil
    }

    var all: [String] { lines.all }
    func cancel() { stream.cancel() }
}

final class LockedLines: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [String] = []
    private var taken = 0
    private var finished = false

    func append(_ line: String) { lock.withLock { lines.append(line) } }
    func finish() { lock.withLock { finished = true } }
    var isFinished: Bool { lock.withLock { finished && taken == lines.count } }
    var all: [String] { lock.withLock { lines } }

    func take() -> String? {
        lock.withLock {
            guard taken < lines.count else { return nil }
            taken += 1
            return lines[taken - 1]
        }
    }
}

/// Waits until a condition holds; false when it does not within ten seconds.
func eventually(_ condition: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await condition()
}

func withTemporaryFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}

extension Snapshot {
    /// The thread of a process with a name; the main one without.
    func thread(_ pid: Int32, named name: String? = nil) throws -> ThreadRecord {
        try #require(threads.elements.first { $0.pid == pid && (name == nil ? $0.isMain : $0.name == name) })
    }

    func functions(_ thread: ThreadRecord) -> [String] { thread.stack.elements.compactMap(\.function) }
}
