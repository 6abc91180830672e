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
            Works on any Swift process, without preparing it: its memory is read from outside, and it is not \
            stopped. Siblings that stand at the same place share a line.
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

    @Option(help: "Most lines of the tree.")
    var lines = 500

    @Option(help: "Give up after so many seconds, with what there is by then.")
    var deadline = 10.0

    func validate() throws {
        guard pid > 0 else { throw ValidationError("a process id is a positive number") }
        guard lines > 0 else { throw ValidationError("--lines must be at least 1") }
        guard deadline > 0, deadline < 3600 else { throw ValidationError("--deadline must be between 0 and 3600 seconds") }
    }

    func run() async throws {
        repeat {
            let begun = ContinuousClock.now
            let proc = ProcDirectory(pid: pid)
            guard let name = try? proc.name() else {
                complain("there is no process \(pid), or it may not be seen: check the id with ps -e")
                throw ExitCode(69)
            }
            let forest = read(proc)
            let took = ContinuousClock.now - begun
            guard forest.tasks.value != nil else {
                complain("the tasks of \(name) (\(pid)) cannot be read: \(forest.tasks.reason ?? "unknown")")
                throw ExitCode(69)
            }
            if format == .json {
                try printJSON(forest)
            } else {
                if watch, isatty(STDOUT_FILENO) == 1 { print("\u{1b}[H\u{1b}[2J", terminator: "") }
                printTree(forest, name: name, took: took, proc: proc)
            }
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }

    private func read(_ proc: ProcDirectory) -> TaskForest {
        TaskForestReader(pid: pid, memory: LiveMemory(pid: proc.livingThread() ?? pid)).read(deadline: .now + .seconds(deadline))
    }

    // MARK: Output

    private struct Document: Encodable {
        var schemaVersion = "1.0"
        var pid: Int32
        var tasks: Observed<[TaskRecord]>
        var actors: Observed<[ActorRecord]>
    }

    private func printJSON(_ forest: TaskForest) throws {
        let data = try JSONEncoder().encode(Document(pid: pid, tasks: forest.tasks, actors: forest.actors))
        print(String(decoding: data, as: UTF8.self))
    }

    private func printTree(_ forest: TaskForest, name: String, took: Duration, proc: ProcDirectory) {
        var style = TaskTreeText.Style()
        style.usesColour = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
        style.showsBacktraces = backtraces
        style.maximumLines = lines
        let records = forest.tasks.elements
        print("\(TaskWords.clean(name)) (\(pid)): \(TaskTreeText.summary(records))")
        print("")
        for line in TaskTreeText.render(records, style: style) { print(line) }
        print("")
        for line in footer(forest, proc) { print(line) }
        let milliseconds = took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000
        print("\(forest.runtime ?? "Swift"); \(forest.scanned_bytes >> 20) MiB of memory read in \(milliseconds) ms")
        if let reason = forest.tasks.reason { print("not all could be seen: \(reason)") }
    }

    private func footer(_ forest: TaskForest, _ proc: ProcDirectory) -> [String] {
        var lines: [String] = []
        for actor in forest.actors.elements.prefix(20) where !actor.queue.isEmpty || actor.runningOnTID != nil {
            let runner = actor.runningOnTID.flatMap { forest.currentTasks[$0] }.map { "task \($0) runs on it" } ?? "nobody runs on it"
            lines.append("actor \(TaskWords.clean(actor.typeName ?? "?")): \(runner), \(actor.queue.count) queued")
        }
        let tasks = forest.tasks.elements
        let pooled = tasks.count { $0.wait?.kind == .globalPool }
        let main = tasks.count { $0.wait?.kind == .mainActor }
        if pooled > 0 { lines.append("pool: \(pooled) tasks enqueued and not run") }
        if main > 0 { lines.append("main actor: \(main) tasks enqueued and not run") }
        for (tid, id) in forest.currentTasks.sorted(by: { $0.key < $1.key }).prefix(64) {
            let state = (try? proc.thread(tid).stat().state) ?? "?"
            let place = ((try? proc.thread(tid).waitChannel()) ?? nil).map { " in \($0)" } ?? ""
            lines.append("thread \(tid) runs task \(id), " + (state == "R" ? "on a processor" : "blocked (\(state))\(place)"))
        }
        return lines
    }

    private func complain(_ message: String) {
        FileHandle.standardError.write(Data("hangscope: \(message)\n".utf8))
    }
}
