internal import Archive
internal import ArgumentParser
internal import Evidence
internal import Foundation
internal import JavaRuntimeInspection
internal import ProcessInspection
internal import Processes
internal import PythonRuntimeInspection
internal import SwiftRuntimeInspection

/// Captures a live process into a directory, from outside and gently.
struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Capture a live process, and whoever holds what it waits for, into a directory.",
        discussion: """
            The process need not be prepared. Each thread is stopped for as long as its stack is copied, some \
            tens of microseconds; threads in system calls that a stop would interrupt are read without stopping.
            """)

    @Argument(help: "The process to capture.")
    var pid: Int32

    @Option(name: [.customShort("o"), .customLong("output")], help: "Directory to write the tables into; made if need be.")
    var output: String?

    @Flag(name: .customLong("stop-all"), help: "Stop all threads at once, so that what they show belongs together.")
    var stopAll = false

    @Option(help: "none: only the process and its descendants; default: also who holds what they wait for, unstopped; full: those too with stops.")
    var follow: FollowLimits.Mode = .standard

    enum Format: String, ExpressibleByArgument { case text, json }
    @Option(help: "text, or json: the snapshot's header, and nothing else on standard output.")
    var format: Format = .text

    @Option(help: "Number of the snapshot within its run.")
    var ordinal = 1

    @Option(
        help: "Why it is taken: requested, alarm, confirmation, samePoint.",
        transform: { text in
            guard let reason = SnapshotReason(rawValue: text) else { throw ValidationError("no such reason as \(text)") }
            return reason
        })
    var reason: SnapshotReason = .requested

    @Flag(name: .customLong("show-environment"), help: "Record the environment's values, not only names and digests.")
    var showEnvironment = false

    @Option(name: .customLong("salt"), help: ArgumentHelp("Salt of the environment's digests.", visibility: .hidden))
    var salt: String?

    @Flag(name: .customLong("no-tasks"), help: "Leave out the Swift tasks.")
    var noTasks = false

    @Flag(help: "Look again, for up to a second, at threads that run, to see whether they go round in a circle: attach and reproduce do.")
    var loops = false

    @Flag(name: .customLong("when-told"), help: ArgumentHelp("Prepare, print `ready`, and capture for each JSON line on standard input.", visibility: .hidden))
    var whenTold = false

    @Option(name: .customLong("halt-at"), help: ArgumentHelp("Test hook: halt the tracer at a step, having printed a dot.", visibility: .hidden))
    var haltAt: String?

    func validate() throws {
        guard pid > 0 else { throw ValidationError("a process id is a positive number") }
        guard whenTold || output != nil else { throw ValidationError("say where to write with -o DIR") }
    }

    func run() throws {
        let capture = SnapshotCapture(options: options)
        if whenTold { return try serve(capture) }
        let snapshot = capture.capture(pid: pid, ordinal: ordinal, reason: reason)
        guard snapshot.processes.value != nil else {
            complain("process \(pid) cannot be captured: \(snapshot.processes.reason ?? "unknown"). Check the id with ps -e.")
            throw ExitCode(69)
        }
        try write(snapshot, to: output ?? ".")
        report(snapshot)
        if let reason = snapshot.blindBecause {
            complain("nothing of process \(pid) could be seen but that it is there: \(reason). What there is was written.")
            throw ExitCode(69)
        }
    }

    private var options: CaptureOptions {
        var options = CaptureOptions()
        options.stopMode = stopAll ? .stopAll : .perThread
        options.follow = FollowLimits(mode: follow)
        options.looksForLoops = loops
        options.showsEnvironment = showEnvironment
        options.salt = salt ?? ProcessInfo.processInfo.environment["HANGSCOPE_SALT"] ?? ""
        if !noTasks { options.taskForest = TaskForestReader.hook }
        options.managedRuntimes = [PythonRuntimeReader.hook, JavaRuntimeReader.hook]
        if let haltAt, let step = HaltPoint.Step.allCases.first(where: { "\($0)" == haltAt }) {
            options.halt = HaltPoint(step: step, descriptor: 1)
        }
        return options
    }

    private func write(_ snapshot: Snapshot, to directory: String) throws {
        do {
            try SnapshotDirectory.write(snapshot, to: directory)
        } catch {
            complain("\(error)")
            throw ExitCode(70)
        }
    }

    // MARK: Many captures, at once when told

    /// What stands for a line where none is under way, so that a new attempt does not say "ready" again.
    private static let idle = "{}"

    private struct Order: Decodable {
        var ordinal: Int?
        var reason: SnapshotReason?
        var scenario_s: Double?
        var directory: String
    }

    private struct Answer: Encodable {
        var done: String?
        var error: String?
        var stopped_ms: Double?
        var wall_ms: Double?
        var unseen: String?
    }

    private func serve(_ capture: SnapshotCapture) throws {
        capture.prepare(pid: pid)
        // An earlier attempt may have said so already, and have been at an order.
        let earlier = WatchedWork.pending()
        if earlier == nil { say("ready") }
        var next = earlier == Self.idle ? nil : earlier
        while let line = next ?? readLine() {
            next = nil
            WatchedWork.keep(line)
            defer { WatchedWork.keep(Self.idle) }
            guard let order = try? JSONDecoder().decode(Order.self, from: Data(line.utf8)) else {
                answer(Answer(error: "expected {\"ordinal\":1,\"reason\":\"samePoint\",\"scenario_s\":12.5,\"directory\":\"/path\"}"))
                continue
            }
            let snapshot = capture.capture(
                pid: pid, ordinal: order.ordinal ?? ordinal, reason: order.reason ?? reason, scenarioTime: order.scenario_s)
            do {
                try SnapshotDirectory.write(snapshot, to: order.directory)
                answer(
                    Answer(
                        done: order.directory, stopped_ms: snapshot.cost.stopped_ms, wall_ms: snapshot.cost.wall_ms,
                        unseen: snapshot.stacklessBecause))
            } catch {
                answer(Answer(error: "\(error)"))
            }
        }
    }

    private func answer(_ answer: Answer) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let data = try? encoder.encode(answer) { say(String(decoding: data, as: UTF8.self)) }
    }

    // MARK: Words

    private func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
    private func complain(_ text: String) { FileHandle.standardError.write(Data(("hangscope snapshot: " + text + "\n").utf8)) }

    private func report(_ snapshot: Snapshot) {
        if format == .json {
            return say(String(decoding: (try? snapshot.header().contents) ?? Data(), as: UTF8.self))
        }
        let cost = snapshot.cost
        func milliseconds(_ value: Double) -> String { String(format: value < 10 ? "%.2f ms" : "%.0f ms", value) }
        say("\(output ?? ""): \(cost.processes) processes, \(cost.threads) threads, \(cost.frames) frames, \(cost.tasks) Swift tasks in \(milliseconds(cost.wall_ms))")
        say("threads stopped for \(milliseconds(cost.stopped_ms)) in all, the longest for \(milliseconds(cost.longestThreadPause_ms)); \(cost.threadsReadWithoutStopping) read without stopping")
        for process in snapshot.processes.elements {
            for words in process.cgroup?.holdUps ?? [] { say("process \(process.identity.pid), control group \(process.cgroup?.path ?? ""): \(words)") }
        }
        for missing in snapshot.missingSections + snapshot.unobserved { say("not seen: \(missing.what): \(missing.why)") }
    }
}

extension FollowLimits.Mode: ExpressibleByArgument {}

extension Snapshot {
    /// Sections that are not whole, and why; tasks that were not asked for are no loss.
    fileprivate var missingSections: [Unobserved] {
        [
            ("processes", processes.reason), ("threads", threads.reason), ("descriptors", descriptors.reason), ("pipes", pipes.reason),
            ("sockets", sockets.reason), ("locks", locks.reason), ("environment", environment.reason),
        ].compactMap { name, reason in reason.map { Unobserved(what: name, why: $0) } }
    }
}
