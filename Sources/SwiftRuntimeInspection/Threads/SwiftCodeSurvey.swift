internal import Evidence
internal import ProcessInspection

/// Looks through the code that the tickers of a Swift program can still come to: tasks asleep, and threads that sleep or wait with a limit.
struct SwiftCodeSurvey {
    private let context: TaskForestContext
    private let forest: TaskForest
    private let reach: CodeReach
    private let threads: [ThreadRecord]
    private let tasks: [TaskRecord]

    private static let threadLimit = 100
    /// The look is not to cost more than the rest of the capture.
    private static let longest = Duration.milliseconds(1500)

    init(_ context: TaskForestContext, _ forest: TaskForest) {
        self.context = context
        self.forest = forest
        threads = context.threads.elements
        tasks = forest.tasks.elements
        reach = CodeReach(modules: context.modules, memory: context.target.memory, deadline: min(context.deadline, .now + Self.longest))
    }

    /// By task and by thread; nothing where nobody waits for others.
    func found() -> (tasks: [UInt64: CodeAhead], threads: [Int32: CodeAhead]) {
        #if arch(x86_64)
        guard threads.count <= Self.threadLimit, forest.tasks.status != .partial, !threads.contains(where: { $0.wait?.futex?.object == .join }) else { return ([:], [:]) }
        let sleepers = tasks.filter { forest.held[$0.id] != nil }
        let tickers = threads.filter { Self.ticks($0) }
        guard !sleepers.isEmpty || !tickers.isEmpty else { return ([:], [:]) }
        guard tasks.contains(where: { [.continuation, .stream].contains($0.wait?.kind) }) || threads.contains(where: { Self.waitsForOthers($0) }) else { return ([:], [:]) }
        var ahead: [UInt64: CodeAhead] = [:]
        for task in sleepers {
            let together = [task] + waiters(for: task)
            // Who waits for its end goes on with what it holds itself.
            guard together.count == 1 else { continue }
            ahead[task.id] = CodeAhead(releases: reach.releases(fromSwift: task.backtrace.elements.map(\.programCounter), held: forest.held[task.id] ?? []))
        }
        var codes: [Int32: CodeAhead] = [:]
        for thread in tickers where thread.stack.status == .complete {
            guard let held = held(thread) else { continue }
            codes[thread.tid] = CodeAhead(releases: reach.releases(fromSwift: thread.stack.elements.filter { !$0.isInlined && !$0.isAsync }.map(\.programCounter), held: held))
        }
        // The longest search comes last, and only where something follows from it.
        let waiting = threads.filter { Self.waitsForOthers($0) && $0.stack.status == .complete }
        if !waiting.isEmpty, codes.values.contains(where: { $0.releases?.status == .complete }) {
            let releaser = reach.signal(fromFunction: "main")
            for thread in waiting { codes[thread.tid] = CodeAhead(comesBack: reach.comesBack(thread.stack.elements), releasers: releaser.map { [$0] } ?? []) }
        }
        return (ahead, codes)
        #else
        return ([:], [:])
        #endif
    }

    /// Tasks that go on when one ends.
    private func waiters(for task: TaskRecord) -> [TaskRecord] {
        tasks.filter { $0.wait?.kind == .task && $0.wait?.task == task.id || $0.wait?.kind == .group && $0.children.contains(task.id) }
    }

    /// Sleeps or waits with a limit, within the program's own code.
    private static func ticks(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait, wait.kind == .sleep || wait.kind == .futex && (wait.timeout_s ?? 0) > 0 else { return false }
        return thread.stack.elements.contains { $0.symbol?.hasPrefix("$s") == true }
    }

    private static func waitsForOthers(_ thread: ThreadRecord) -> Bool { thread.wait?.kind == .futex && (thread.wait?.timeout_s ?? 0) <= 0 }

    private func held(_ thread: ThreadRecord) -> Set<UInt64>? {
        guard let copy = context.copies.first(where: { $0.tid == thread.tid }), let program = context.modules.modules.first else { return nil }
        return ObjectReach(memory: context.target.memory, mappings: context.modules.maps).places(in: program.start..<program.end, from: copy)
    }
}
