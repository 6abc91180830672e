internal import Evidence
internal import ProcessInspection

/// Looks through the code that the tickers of a Swift program can still come to: tasks asleep, and threads that sleep or wait with a limit.
struct SwiftCodeSurvey {
    private let context: TaskForestContext
    private let forest: TaskForest
    private let reach: CodeReach
    private let types: TypeNames
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
        types = TypeNames(memory: context.target.memory, mappings: context.modules.maps)
        reach = CodeReach(modules: context.modules, memory: context.target.memory, deadline: min(context.deadline, .now + Self.longest))
        let objects = self.objects
        var led: [Range<UInt64>: Set<UInt64>?] = [:]
        reach.ledFrom = { variable in
            if let known = led[variable] { return known }
            let found = objects?.held(from: variable)
            led[variable] = .some(found)
            return found
        }
    }

    /// What was found of tasks and threads, and how many of Dispatch's timers have handlers that let nobody go on.
    struct Found {
        var tasks: [UInt64: CodeAhead] = [:]
        var threads: [Int32: CodeAhead] = [:]
        var inertTimers = 0
    }

    /// Nothing where nobody waits for others.
    func found() -> Found {
        var found = Found()
        #if arch(x86_64)
        SwiftChildSurvey(reach, tasks).complete(&found.tasks)
        guard isAnybodyWaiting else { return found }
        let isWhole = threads.count <= Self.threadLimit && forest.tasks.status != .partial && !threads.contains { $0.wait?.futex?.object == .join }
        for (name, releases) in SwiftTickers(timers + (isWhole ? sleepers + wakers : []), reach).releases {
            switch name {
            case .task(let id): found.tasks[id, default: CodeAhead()].releases = releases
            case .thread(let tid): found.threads[tid] = CodeAhead(releases: releases)
            case .timer: if case .complete(let names) = releases, names.allSatisfy({ $0.contains("unlock") }) { found.inertTimers += 1 }
            }
        }
        if isWhole { lookAtWaiters(&found) }
        #endif
        return found
    }

    private var timers: [SwiftTickers.Ticker] { forest.timers.enumerated().map { SwiftTickers.Ticker(name: .timer($0), held: $1) } }

    /// Who waits for the end of one that sleeps goes on with what it holds itself.
    private var sleepers: [SwiftTickers.Ticker] {
        tasks.compactMap { task in
            guard let held = forest.held[task.id], waiters(for: task).isEmpty else { return nil }
            return SwiftTickers.Ticker(name: .task(task.id), frames: task.backtrace.elements.map(\.programCounter), held: held)
        }
    }

    private var wakers: [SwiftTickers.Ticker] {
        threads.filter { Self.ticks($0) && $0.stack.status == .complete }.compactMap { thread in
            let frames = thread.stack.elements.filter { !$0.isInlined && !$0.isAsync }.map(\.programCounter)
            // A block that ends lets go on who waits for its queue, group or operation.
            let block = thread.stack.elements.firstIndex(where: DispatchQueueWaits.runsBlock).map { thread.stack.elements[..<$0].filter { !$0.isInlined && !$0.isAsync }.map(\.programCounter) }
            guard block.map(reach.mayReturn) != true, var held = held(thread) else { return nil }
            // What a thread of Foundation's was begun with it calls once: there it is.
            if let start = thread.stack.elements.firstIndex(where: { $0.function == "Thread.main()" }), start > 0 {
                let begun = thread.stack.elements[start - 1].programCounter
                held = held.filter { !reach.begins($0, begun) }
            }
            return SwiftTickers.Ticker(name: .thread(thread.tid), frames: frames, held: held)
        }
    }

    private func lookAtWaiters(_ found: inout Found) {
        // The longest search comes last, and only where something follows from it.
        let waiting = threads.filter { Self.waitsForOthers($0) && $0.stack.status == .complete }
        guard !waiting.isEmpty, !forest.timers.isEmpty || (Array(found.threads.values) + found.tasks.values).contains(where: { $0.releases?.status == .complete }) else { return }
        var signals: [String: [String]] = [:]
        for thread in waiting {
            let kind = Self.end(of: thread)
            let signal = signals[kind] ?? reach.signal(fromFunction: "main", like: kind).map { [$0] } ?? []
            signals[kind] = signal
            found.threads[thread.tid] = CodeAhead(comesBack: reach.comesBack(thread.stack.elements), releasers: signal)
            if thread.isMain, let place = thread.stack.elements.first(where: \.isOfProgram) { found.threads[thread.tid]?.hasMoreToDo = reach.hasMoreToDo(afterCallAt: place.programCounter) }
        }
    }

    private var isAnybodyWaiting: Bool {
        tasks.contains { [.continuation, .stream, .eventLoopFuture].contains($0.wait?.kind) } || threads.contains { Self.waitsForOthers($0) }
    }

    /// A part of the name of what ends a wait for a semaphore or a group of Dispatch; of others any signal may.
    private static func end(of thread: ThreadRecord) -> String {
        let functions = thread.stack.elements.prefix(12).compactMap(\.function)
        return functions.contains("_dispatch_semaphore_wait_slow") ? "SemaphoreC6signal" : functions.contains("_dispatch_group_wait_slow") ? "GroupC5leave" : ""
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

    static func waitsForOthers(_ thread: ThreadRecord) -> Bool { thread.wait?.kind == .futex && (thread.wait?.timeout_s ?? 0) <= 0 }

    private func held(_ thread: ThreadRecord) -> Set<UInt64>? {
        context.copies.first { $0.tid == thread.tid }.flatMap { copy in objects?.held(from: copy) }
    }

    private var objects: ObjectReach? {
        context.modules.modules.first.map { program in
            ObjectReach(
                memory: context.target.memory, mappings: context.modules.maps, program: program.start..<program.end, types: types,
                stackPointers: Set(threads.map(\.tid)).isSubset(of: context.copies.map(\.tid)) ? context.copies.map(\.stackPointer) : [])
        }
    }
}
