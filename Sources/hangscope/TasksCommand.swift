internal import ArgumentParser
internal import Evidence
internal import Foundation
internal import ProcessInspection
internal import SwiftRuntimeInspection

#if canImport(Glibc)
    internal import Glibc
#endif

/// The Swift task forest of a live process, as a tree or as JSON.
struct TasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Show the Swift tasks of a live process: what each waits for, and where.",
        discussion: """
            Works on any Swift process, without preparing it: its memory is read from outside. It is stopped for \
            as long as what belongs to tasks is copied, a few milliseconds. Siblings that stand at the same place \
            share a line.
            """)

    @Argument(help: "The process to look at.")
    var pid: Int32

    enum Format: String, ExpressibleByArgument { case text, json }
    @Option(help: "text, or json: the records, and nothing else on standard output.")
    var format: Format = .text

    @Flag(help: "Show it again every second, with how long each task has stood, until interrupted.")
    var watch = false

    @Flag(name: [.customShort("b"), .customLong("backtraces")], help: "Show whole async backtraces.")
    var backtraces = false

    @Flag(name: .customLong("no-stop"), help: "Read while the process runs on: tasks that come and go may be blurred.")
    var noStop = false

    @Flag(name: .customLong("no-resumers"), help: "Do not search who could resume each continuation.")
    var noResumers = false

    @Option(help: "Most lines of the tree: 500, or with --watch as many as the terminal has.")
    var lines: Int?

    @Option(help: "Show what changed since FILE, written by --format json: of this process or of another run.")
    var since: String?

    @Option(help: "Give up after so many seconds, with what there is by then.")
    var deadline = 10.0

    func validate() throws {
        guard pid > 0 else { throw ValidationError("a process id is a positive number") }
        guard lines.map({ $0 > 0 }) ?? true else { throw ValidationError("--lines must be at least 1") }
        guard deadline > 0, deadline < 3600 else { throw ValidationError("--deadline must be between 0 and 3600 seconds") }
    }

    func run() async throws {
        let earlier = try readEarlier()
        var times = StandingTimes()
        var last: [TaskRecord]?
        let first = ContinuousClock.now
        repeat {
            let begun = ContinuousClock.now
            let proc = ProcDirectory(pid: pid)
            guard let name = try? proc.name() else {
                complain("there is no process \(pid), or it may not be seen: check the id with ps -e")
                throw ExitCode(69)
            }
            let forest: TaskForest
            let threads: [ThreadRecord]
            do throws(ProcFSError) {
                (forest, threads) = try read()
            } catch {
                complain("\(name) (\(pid)) cannot be read: \(error)")
                throw ExitCode(69)
            }
            let took = ContinuousClock.now - begun
            guard forest.tasks.value != nil else {
                complain("the tasks of \(name) (\(pid)) cannot be read: \(forest.tasks.reason ?? "unknown")")
                throw ExitCode(69)
            }
            if format == .json {
                try TasksDocument(pid: pid, forest: forest).write(to: .standardOutput)
            } else {
                if watch, isatty(STDOUT_FILENO) == 1 { print("\u{1b}[H\u{1b}[2J", terminator: "") }
                let now_s = (begun - first) / .seconds(1)
                let standing_s = watch ? times.update(forest.tasks.elements, now_s: now_s) : [:]
                let held_s = watch ? times.update(forest.actors.elements, now_s: now_s) : [:]
                printTree(forest, threads, name: name, took: took, standing_s: standing_s, held_s: held_s)
                if let last { print("since the last look: " + summary(before: last, forest)) }
                if let earlier { printChanges(since: earlier, forest) }
                if watch { last = forest.tasks.elements }
            }
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }

    private func read() throws(ProcFSError) -> (TaskForest, [ThreadRecord]) {
        let (context, threads) = try TaskForestContext.alone(
            pid: pid, mode: noStop ? .never : .perThread, deadline: .now + .seconds(deadline))
        return (TaskForestReader.read(in: context, searchesResumers: !noResumers), threads.elements)
    }

    // MARK: Output

    private func printTree(
        _ forest: TaskForest, _ threads: [ThreadRecord], name: String, took: Duration, standing_s: [UInt64: Double], held_s: [UInt64: Double]
    ) {
        var style = TaskTreeText.Style()
        style.usesColour = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
        style.showsBacktraces = backtraces
        style.maximumLines = lines ?? screenLines() ?? 500
        style.standing_s = standing_s
        style.width = terminal().map { max(60, $0.columns) } ?? style.width
        let records = forest.tasks.elements
        print("\(TaskWords.clean(name)) (\(pid)): \(TaskTreeText.summary(records))")
        let glance = TaskGlance(
            records, actors: forest.actors.elements, pools: forest.pools, threads: threads,
            connections: TaskConnections.read(pid: pid, descriptors: Set(records.compactMap { $0.wait?.descriptor })), held_s: held_s)
        if !glance.lines.isEmpty { print("") }
        for line in glance.lines.flatMap({ TextWidth.wrapped($0, to: style.width) }) { print(line) }
        print("")
        for line in TaskTreeText.render(records, threads: threads, style: style) { print(line) }
        print("")
        let footer = TaskTreeText.footer(records, actors: forest.actors.elements, pools: forest.pools, threads: threads, running: forest.currentTasks)
        for line in footer { print(TextWidth.shortened(line, to: style.width)) }
        let held = forest.stopped_ms > 0 ? ", held for \(Self.milliseconds(forest.stopped_ms))" : ""
        print(
            "\(forest.runtime ?? "Swift"); \(forest.scanned_bytes >> 20) MiB of memory searched in "
                + "\(Self.milliseconds(took / .milliseconds(1)))\(held)")
        if let reason = forest.tasks.reason { print("not all could be seen: \(reason)") }
    }

    // MARK: Changes

    private func readEarlier() throws -> EarlierTasks? {
        guard let since else { return nil }
        do { return try EarlierTasks(path: since) } catch {
            complain("\(since) cannot be read as the output of `hangscope tasks --format json`: \(error)")
            throw ExitCode(64)
        }
    }

    private func summary(before: [TaskRecord], _ forest: TaskForest) -> String {
        ForestComparisonText.summary(ForestComparison(before: before, after: forest.tasks.elements))
    }

    private func printChanges(since earlier: EarlierTasks, _ forest: TaskForest) {
        let (comparison, isSameProcess) = earlier.comparison(with: forest, pid: pid)
        let (before, after) = (earlier.tasks.elements, forest.tasks.elements)
        print("")
        let what = isSameProcess ? ForestComparisonText.summary(comparison) : "another process; numbers of like tasks, there -> here"
        print("since \(since ?? ""): \(what)")
        let changes = isSameProcess ? ForestComparisonText.who(comparison, before: before, after: after)
            : ForestComparisonText.lines(comparison, before: before, after: after)
        for line in changes { print(TextWidth.shortened("  " + line, to: terminal()?.columns ?? 120)) }
        if changes.isEmpty { print(isSameProcess ? "  the same tasks at the same places" : "  as many tasks of each kind as there") }
    }

    /// What fits the terminal under --watch, beside the heading and the footer.
    private func screenLines() -> Int? { watch ? terminal().map { max(5, $0.rows - 20) } : nil }

    private func terminal() -> (rows: Int, columns: Int)? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return nil }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    private static func milliseconds(_ value: Double) -> String { String(format: value < 10 ? "%.1f ms" : "%.0f ms", value) }

    private func complain(_ message: String) {
        FileHandle.standardError.write(Data("hangscope tasks: \(message)\n".utf8))
    }
}
