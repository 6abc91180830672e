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
        guard threads.count >= 2, threads.count <= Self.threadLimit, !isRuntimes else { return [:] }
        // What comes from outside may lead to anything.
        guard threads.allSatisfy({ $0.wait == nil || $0.wait?.kind == .futex || $0.wait?.kind == .sleep }) else { return [:] }
        let waiting = threads.filter { Self.waitsForOthers($0) }
        guard !waiting.isEmpty, waiting.count < threads.count else { return [:] }
        var result: [Int32: CodeAhead] = [:]
        for thread in threads where !Self.waitsForOthers(thread) && Self.goesOn(thread) { result[thread.tid] = CodeAhead(releases: releases(thread)) }
        for thread in waiting { result[thread.tid] = CodeAhead(comesBack: reach.comesBack(thread.stack.elements)) }
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
}
