internal import Evidence

/// Looks through the code of the threads of a native process of which some wait to be let go on, and others go on by themselves.
struct CodeSurvey {
    let context: TaskForestContext
    let reach: CodeReach
    /// Reads functions of programs whose symbols were taken away as well.
    let withUnnamed: CodeReach
    let deadline: ContinuousClock.Instant

    /// Programs of more threads have other troubles, and the look is not to cost more than the rest of the capture.
    private static let threadLimit = 200
    private static let longest = Duration.milliseconds(1500)

    init(_ context: TaskForestContext) {
        self.context = context
        deadline = min(context.deadline, .now + Self.longest)
        reach = CodeReach(modules: context.modules, memory: context.target.memory, deadline: deadline)
        withUnnamed = CodeReach(modules: context.modules, memory: context.target.memory, deadline: deadline, readsUnnamed: true)
    }

    /// By thread; nothing of those whose language's runtime knows better.
    func found() -> [Int32: CodeAhead] {
        #if arch(x86_64)
        let threads = context.threads.elements
        guard threads.count <= Self.threadLimit, !isRuntimes else { return [:] }
        var result = besides(forEver(threads), threads)
        for thread in threads.lazy.filter(Self.reads).prefix(Self.readerLimit) {
            if !reach.isLate, let exchange = reach.exchange(thread.stack.elements) { result[thread.tid, default: CodeAhead()].exchange = exchange }
        }
        for thread in threads where thread.wait?.kind == .sleep && thread.stack.status == .complete && !reach.isLate && loop(thread)?.mayEnd == false && reach.onlySleeps(thread.stack.elements) {
            result[thread.tid, default: CodeAhead()].onlySleeps = true
        }
        return result
        #else
        return [:]
        #endif
    }

    private static let readerLimit = 32

    private static func reads(_ thread: ThreadRecord) -> Bool {
        thread.wait?.kind == .descriptors && thread.wait?.descriptors?.count == 1 && thread.wait?.descriptors?.first?.operation != .write && thread.stack.status == .complete
    }

    /// Asked to sleep longer than any program runs (68 years are INT_MAX seconds): by a mistake where the rounds of a loop do more than that.
    private static let forEver_s = 3e8

    private func forEver(_ threads: [ThreadRecord]) -> [Int32: CodeAhead] {
        threads.reduce(into: [:]) { result, thread in
            guard thread.wait?.kind == .sleep, thread.wait?.timeout_s ?? 0 >= Self.forEver_s, thread.stack.status == .complete else { return }
            result[thread.tid] = CodeAhead(comesBack: reach.comesBack(thread.stack.elements))
        }
    }

    /// - Parameter sleepers: what is known already.
    private func besides(_ sleepers: [Int32: CodeAhead], _ threads: [ThreadRecord]) -> [Int32: CodeAhead] {
        // What comes from outside may lead to anything that the code of whoever takes it leads to; where the main thread takes it, that is what the program is there for.
        let takers = threads.filter { $0.wait != nil && $0.wait?.kind != .futex && $0.wait?.kind != .sleep }
        let isMainWaiting = threads.contains { $0.isMain && $0.wait?.kind == .futex && ($0.wait?.timeout_s ?? 0) <= 0 }
        guard takers.isEmpty || isMainWaiting && takers.allSatisfy({ $0.wait?.kind == .descriptors }) else { return helpers(threads).merging(sleepers) { found, _ in found } }
        let waiting = threads.filter { Self.waitsForOthers($0) }
        var result = sleepers
        for thread in threads where thread.state == "R" && thread.wait == nil {
            if let spins = spins(thread, threads) { result[thread.tid] = CodeAhead(spins: spins) }
        }
        if takers.isEmpty { for thread in threads where thread.wait?.kind == .sleep && loop(thread).map({ $0.looks && $0.mayEnd }) == true && spins(thread, threads) == true { result[thread.tid, default: CodeAhead()].spins = true } }
        let running = threads.filter { $0.state == "R" && $0.wait == nil }
        if !running.isEmpty {
            for thread in threads where thread.wait != nil && Self.goesOn(thread) { result[thread.tid, default: CodeAhead()].writes = mayWrite(thread, for: running) }
        }
        if let main = threads.first(where: \.isMain), let stay = stay(of: main, besides: threads) {
            if stay == .forGood { result[main.tid, default: CodeAhead()].awaitsInEarnest = false } else { result[main.tid, default: CodeAhead()].mayOnlyStay = true }
        }
        guard !waiting.isEmpty, waiting.count < threads.count else { return result }
        for (tid, code) in helpers(threads) { result[tid, default: CodeAhead()].feeds = code.feeds }
        for thread in threads where !Self.waitsForOthers(thread) && (Self.goesOn(thread) || thread.wait?.kind == .descriptors) { result[thread.tid, default: CodeAhead()].releases = releases(thread) }
        for thread in waiting {
            let comesBack = reach.comesBack(thread.stack.elements)
            result[thread.tid, default: CodeAhead()].comesBack = comesBack
            if comesBack == true { result[thread.tid]?.isMidRound = reach.isMidRound(thread.stack.elements) }
            result[thread.tid]?.takesWork = reach.takesWork(thread.stack.elements)
        }
        if let main = waiting.first(where: \.isMain), result[main.tid]?.comesBack == false, threads.contains(where: Self.goesOn), keepsToItself(main) { result[main.tid]?.lack = .ofSharers }
        // The longest search comes last, and only where something follows from it.
        guard result.values.contains(where: { $0.releases?.status == .complete }) else { return result }
        let releaser = reach.signal(fromFunction: "main")
        for thread in waiting { result[thread.tid]?.releasers = releaser.map { [$0] } ?? [] }
        for thread in waiting where thread.isMain && releaser != nil && result[thread.tid]?.comesBack == false { result[thread.tid]?.isMeant = isMeant(thread) }
        for (tid, enders) in society(of: waiting) { result[tid]?.enders = enders }
        return result
    }

    /// While others wait for another process: whether those that go on by themselves could give it anything.
    private func helpers(_ threads: [ThreadRecord]) -> [Int32: CodeAhead] {
        guard threads.contains(where: Self.waitsForProcess) else { return [:] }
        var result: [Int32: CodeAhead] = [:]
        for thread in threads where thread.wait?.kind == .sleep && thread.stack.status == .complete {
            var code = CodeAhead(releases: releases(thread))
            code.feeds = reach.feeds(from: counters(thread))
            result[thread.tid] = code
        }
        return result
    }

    private static func waitsForProcess(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait, (wait.timeout_s ?? 0) <= 0 else { return false }
        return wait.kind == .child || wait.kind == .descriptors && wait.descriptors?.allSatisfy { $0.operation == .read || $0.operation == .write } == true
    }

    private func isMeant(_ thread: ThreadRecord) -> Bool {
        guard let object = thread.wait?.futex?.objectAddress, object != 0 else { return false }
        let stack = try? context.target.proc.maps().first { $0.path == "[stack]" }
        if let stack, let pointer = thread.syscall?.stackPointer, stack.start <= pointer, pointer < object, object < stack.end { return true }
        return reach.signals(object)
    }

    /// Interpreters and virtual machines release by tables; Swift's code calls through witnesses.
    private var isRuntimes: Bool {
        context.modules.modules.contains { module in ["/libjvm.so", "/libpython", "/libnode", "/libruby"].contains { module.path.contains($0) } }
            || context.threads.elements.contains { $0.stack.elements.contains { $0.symbol?.hasPrefix("$s") == true } }
    }

    static func waitsForOthers(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait, wait.kind == .futex, (wait.timeout_s ?? 0) <= 0, wait.futex?.isShared != true || wait.futex?.isDeserted == true else { return false }
        return thread.stack.status == .complete
    }

    static func goesOn(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait else { return true }
        return wait.kind == .sleep || (wait.timeout_s ?? 0) > 0
    }

    private func counters(_ thread: ThreadRecord) -> [UInt64] { thread.stack.elements.filter { !$0.isInlined && !$0.isAsync }.map(\.programCounter) }

    func releases(_ thread: ThreadRecord) -> Observed<[String]> {
        guard thread.stack.status == .complete else { return .unavailable(reason: "its stack is not known whole") }
        return reach.releases(from: counters(thread))
    }

    /// Whether a thread may come to write to what running ones look at.
    private func mayWrite(_ thread: ThreadRecord, for running: [ThreadRecord]) -> Bool {
        guard thread.stack.status == .complete, let places = reach.writes(from: counters(thread)) else { return true }
        if places.isEmpty { return false }
        return running.contains { reach.refers(to: places, from: counters($0)) != false } || reach.takesAddress(of: places) != false
    }

    // MARK: The runner

    /// Whether a thread goes round in a loop that only looks at what no thread that goes on by itself is seen to change: neither by name nor by way of
    /// pointers. False where one may; nil where the loop may do more, or that cannot be told.
    private func spins(_ thread: ThreadRecord, _ threads: [ThreadRecord]) -> Bool? {
        guard let loop = loop(thread) else { return nil }
        let others = threads.filter { $0.tid != thread.tid }
        // One that only looks as well brings about nothing.
        let movers = others.filter { Self.goesOn($0) && ($0.wait != nil || self.loop($0) == nil) }
        let refer = movers.map { $0.stack.status == .complete ? reach.refers(to: loop.places, from: counters($0)) : nil }
        if refer.contains(true) { return false }
        // Whoever was handed the address of what is looked at needs no name for it.
        guard refer.allSatisfy({ $0 == false }), movers.allSatisfy({ leavesAlone($0, loop.places) }),
            !loop.readsElsewhere || !sharesMemory && movers.allSatisfy({ !mayWrite($0, for: [thread]) })
        else { return nil }
        // Those who wait are let go on by nobody.
        return others.allSatisfy(Self.goesOn) || movers.allSatisfy({ releases($0) == .complete([]) }) ? true : nil
    }

    private func leavesAlone(_ thread: ThreadRecord, _ places: Set<UInt64>) -> Bool {
        guard thread.stack.status == .complete, let written = reach.writes(from: counters(thread)) else { return false }
        return !written.contains { place in places.contains { $0 < place &+ Self.word_bytes && place < $0 &+ Self.word_bytes } }
    }

    private static let word_bytes: UInt64 = 8

    /// A call that is made again where a signal interrupted it, as libstdc++ sleeps.
    private func isRepetition(_ loop: ArraySlice<Instruction>) -> Bool {
        let calls = loop.filter(reach.isCall)
        return calls.count == 2 && calls.contains { reach.importedName(of: $0) == "__errno_location" }
    }

    private var sharesMemory: Bool { (try? context.target.proc.maps())?.contains { $0.isShared && $0.isWritable } ?? true }

    private func loop(_ thread: ThreadRecord) -> SpinLoop? {
        let frames = thread.stack.elements.filter { !$0.isInlined && reach.isProgram($0.programCounter) && !Releasing.isPauseOfLanguage($0.symbol ?? "") }.prefix(3)
        for (row, frame) in frames.enumerated() {
            guard reach.isRelocatable(frame.programCounter), let code = reach.function(at: frame.programCounter) else { return nil }
            let isInnermost = row == 0 && thread.stack.elements.first { !$0.isInlined }?.programCounter == frame.programCounter
            let address = isInnermost ? frame.programCounter : code.instructions.first { $0.next == frame.programCounter }?.address
            guard let address, let round = code.loops(around: address).first(where: { !isRepetition($0) }) else { continue }
            guard !code.isLeftOnlyToComeBack(round, at: address, ends: reach.doesNotReturn) else { return nil }
            guard let loop = SpinLoop(round, bytes: reach.bytes(of:), inlined: reach.body(of:)) else { return nil }
            let locals = Set(code.instructions.filter(\.takesAddress).compactMap { instruction in reach.bytes(of: instruction).flatMap { LookOperation.local($0, next: instruction.next) } })
            return loop.readsShared(locals) ? nil : loop
        }
        return nil
    }
}
