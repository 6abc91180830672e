internal import Evidence

/// Looks through the code of the threads of a native process of which some wait to be let go on, and others go on by themselves.
struct CodeSurvey {
    private let context: TaskForestContext
    private let reach: CodeReach

    /// Programs of more threads have other troubles, and the look is not to cost more than the rest of the capture.
    private static let threadLimit = 200
    private static let longest = Duration.milliseconds(1500)

    init(_ context: TaskForestContext) {
        self.context = context
        reach = CodeReach(modules: context.modules, memory: context.target.memory, deadline: min(context.deadline, .now + Self.longest))
    }

    /// By thread; nothing where nobody waits for others, or a language's runtime knows better.
    func found() -> [Int32: CodeAhead] {
        #if arch(x86_64)
        let threads = context.threads.elements
        guard threads.count <= Self.threadLimit, !isRuntimes else { return [:] }
        // What comes from outside may lead to anything.
        guard threads.allSatisfy({ $0.wait == nil || $0.wait?.kind == .futex || $0.wait?.kind == .sleep }) else { return [:] }
        let waiting = threads.filter { Self.waitsForOthers($0) }
        var result: [Int32: CodeAhead] = [:]
        for thread in threads where thread.state == "R" && thread.wait == nil {
            if let spins = spins(thread, threads) { result[thread.tid] = CodeAhead(spins: spins) }
        }
        guard !waiting.isEmpty, waiting.count < threads.count else { return result }
        for thread in threads where !Self.waitsForOthers(thread) && Self.goesOn(thread) { result[thread.tid] = CodeAhead(releases: releases(thread), spins: result[thread.tid]?.spins) }
        for thread in waiting {
            let comesBack = reach.comesBack(thread.stack.elements)
            result[thread.tid] = CodeAhead(comesBack: comesBack, isMidRound: comesBack == true ? isMidRound(thread) : nil)
        }
        // The longest search comes last, and only where something follows from it.
        guard result.values.contains(where: { $0.releases?.status == .complete }) else { return result }
        let releaser = reach.signal(fromFunction: "main")
        for thread in waiting { result[thread.tid]?.releasers = releaser.map { [$0] } ?? [] }
        return result
        #else
        return [:]
        #endif
    }

    /// Interpreters and virtual machines release by tables; Swift's code calls through witnesses.
    private var isRuntimes: Bool {
        context.modules.modules.contains { module in ["/libjvm.so", "/libpython", "/libnode", "/libruby"].contains { module.path.contains($0) } }
            || context.threads.elements.contains { $0.stack.elements.contains { $0.symbol?.hasPrefix("$s") == true } }
    }

    private static func waitsForOthers(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait, wait.kind == .futex, (wait.timeout_s ?? 0) <= 0, wait.futex?.isShared != true else { return false }
        return thread.stack.status == .complete
    }

    private static func goesOn(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait else { return true }
        return wait.kind == .sleep || (wait.timeout_s ?? 0) > 0
    }

    private func counters(_ thread: ThreadRecord) -> [UInt64] { thread.stack.elements.filter { !$0.isInlined && !$0.isAsync }.map(\.programCounter) }

    private func releases(_ thread: ThreadRecord) -> Observed<[String]> {
        guard thread.stack.status == .complete else { return .unavailable(reason: "its stack is not known whole") }
        return reach.releases(from: counters(thread))
    }

    // MARK: The runner

    /// Whether a thread goes round in a loop that only looks at what no thread that goes on by itself is seen to change: not by name, and, of fields of
    /// objects, not at all. False where one may; nil where the loop may do more, or that cannot be told.
    private func spins(_ thread: ThreadRecord, _ threads: [ThreadRecord]) -> Bool? {
        guard let loop = loop(thread) else { return nil }
        let others = threads.filter { $0.tid != thread.tid }
        // One that only looks as well brings about nothing.
        let movers = others.filter { Self.goesOn($0) && ($0.wait != nil || self.loop($0) == nil) }
        let refer = movers.map { $0.stack.status == .complete ? reach.refers(to: loop.places, from: counters($0)) : nil }
        if refer.contains(true) { return false }
        guard refer.allSatisfy({ $0 == false }), !loop.readsElsewhere || movers.isEmpty && !sharesMemory else { return nil }
        // Those who wait are let go on by nobody.
        return others.allSatisfy(Self.goesOn) || movers.allSatisfy({ releases($0) == .complete([]) }) ? true : nil
    }

    private var sharesMemory: Bool { (try? context.target.proc.maps())?.contains { $0.isShared && $0.isWritable } ?? true }

    private func loop(_ thread: ThreadRecord) -> SpinLoop? {
        let frames = thread.stack.elements.filter { !$0.isInlined && reach.isProgram($0.programCounter) }.prefix(3)
        for (row, frame) in frames.enumerated() {
            guard reach.isRelocatable(frame.programCounter), let code = reach.function(at: frame.programCounter) else { return nil }
            let isInnermost = row == 0 && thread.stack.elements.first { !$0.isInlined }?.programCounter == frame.programCounter
            let address = isInnermost ? frame.programCounter : code.instructions.first { $0.next == frame.programCounter }?.address
            guard let address, let round = code.innermostLoop(around: address) else { continue }
            guard let loop = SpinLoop(round, bytes: reach.bytes(of:), inlined: reach.body(of:)) else { return nil }
            let locals = Set(code.instructions.filter(\.takesAddress).compactMap { instruction in reach.bytes(of: instruction).flatMap { LookOperation.local($0, next: instruction.next) } })
            return loop.readsShared(locals) ? nil : loop
        }
        return nil
    }

    // MARK: The waiter

    /// Whether each round of the innermost loop of the program's that leads to the wait comes past another wait first: a worker that takes
    /// something in, and waits for something else on its behalf.
    private func isMidRound(_ thread: ThreadRecord) -> Bool {
        for frame in reach.program(thread.stack.elements) {
            guard let code = reach.function(at: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter }),
                let cycle = code.cycle(through: call.address, ends: reach.doesNotReturn)
            else { return false }
            let calls = cycle.filter { reach.isCall($0) && $0.address != call.address }
            if code.passed(before: call.address, among: calls, ends: reach.doesNotReturn).contains(where: reach.mayWait) { return true }
            if call.kind == .indirectCall { return false }
        }
        return false
    }
}
