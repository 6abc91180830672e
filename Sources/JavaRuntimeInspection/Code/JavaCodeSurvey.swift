internal import Evidence
internal import ProcessInspection

/// What the code of Java threads can still come to, where some wait to be let go on and others go on by themselves.
struct JavaCodeSurvey {
    let calls: JavaCalls
    let heap: JavaHeap
    let pools: JavaPools
    let subjects: [JavaWaitReader.Subject]
    let deadline: ContinuousClock.Instant

    /// Programs of more threads have other troubles.
    private static let threadLimit = 200

    func found(_ waits: [Int32: ManagedWait]) -> [Int32: CodeAhead] {
        let own = subjects.filter { waits[$0.thread.tid]?.kind != .housekeeping }
        let waiting = own.filter { waits[$0.thread.tid].map(Self.waitsForOthers) == true }
        let isAsked = waiting.contains { waits[$0.thread.tid]?.rest == nil } || own.contains { $0.frames.first?.isIn("java.io.FileInputStream", "readBytes") == true }
        guard own.count <= Self.threadLimit, isAsked, waiting.count < own.count else { return [:] }
        let started = started()
        let releasers = Set(started.releases.filter(JavaReleasing.isSignal).map { "\($0.className).\($0.name)" }).sorted()
        let kept = JavaKept(calls: calls, reach: started, deadline: deadline)
        let latchesAreForSeveral = waiting.contains { waits[$0.thread.tid]?.typeName == Self.latch } ? latchesAreForSeveral() : nil
        let runsAsync = own.contains { $0.frames.contains { $0.method.className.hasPrefix("java.util.concurrent.CompletableFuture$Async") } }
        var result: [Int32: CodeAhead] = [:]
        for subject in waiting where waits[subject.thread.tid]?.rest == nil {
            result[subject.thread.tid] = CodeAhead(comesBack: comesBack(subject), releasers: releasers)
            let isInEarnest = JavaEarnest.isShown(by: subject, calls, runsAsync: runsAsync)
            result[subject.thread.tid]?.awaitsInEarnest = isInEarnest
            let staysWithPool = isInEarnest != true && waits[subject.thread.tid].map(awaitsOpenPool) == true
            result[subject.thread.tid]?.lack = staysWithPool ? .ofEnders : kept.lack(subject, type: waits[subject.thread.tid].flatMap { type(of: $0.object) })
            if waits[subject.thread.tid]?.typeName == Self.latch { result[subject.thread.tid]?.awaitsSeveral = latchesAreForSeveral }
        }
        let awaiting = own.map(\.thread.tid).filter { waits[$0].map(Self.mayAwaitPool) == true }
        for subject in own where result[subject.thread.tid] == nil && !Self.waitsForNothing(waits[subject.thread.tid]) {
            result[subject.thread.tid] = ahead(of: subject, poolsAreAwaited: awaiting.contains { $0 != subject.thread.tid })
        }
        return result
    }

    /// The class of an object; of the part of one of the platform's that it waits by, as a latch's `Sync`, that one's.
    private func type(of object: UInt64) -> String? {
        heap.typeName(of: object).map { name in JavaReleasing.isPlatform(name) ? String(name.prefix { $0 != "$" }) : name }
    }

    /// Waits for the end of a pool that nobody has shut down: of those that run the control word is negative (ThreadPoolExecutor.java, RUNNING).
    private func awaitsOpenPool(_ wait: ManagedWait) -> Bool {
        guard wait.kind == .event, let executor = wait.executor, executor == wait.object, let control = heap.reference(executor, "ctl").flatMap({ heap.integer($0, "value") }) else { return false }
        return Int32(truncatingIfNeeded: control) < 0
    }

    private static func waitsForOthers(_ wait: ManagedWait) -> Bool { wait.timeout_s == nil && wait.kind != .sleep && wait.kind != .read }
    private static func mayAwaitPool(_ wait: ManagedWait) -> Bool { [.future, .threadEnd].contains(wait.kind) || wait.kind == .event && wait.executor != nil }
    /// An idle worker of a pool in whose queue nothing lies.
    private static func waitsForNothing(_ wait: ManagedWait?) -> Bool { wait.map { $0.rest != nil && $0.timeout_s == nil } ?? false }

    // MARK: Those that go on

    /// The methods of the program that a thread is in or can come to; nil where that is not all known.
    func comesTo(_ subject: JavaWaitReader.Subject, _ wait: ManagedWait?) -> Set<JavaCalls.Target>? {
        if Self.waitsForNothing(wait) { return [] }
        let reach = JavaReach(calls, deadline: deadline)
        let program = subject.frames.filter { !$0.method.isPlatform }
        let isPooled = addTasks(of: subject, reach)
        if program.isEmpty, !isPooled { return nil }
        for frame in program { reach.add(frame, again: isPooled) }
        guard reach.run().shortfall == nil else { return nil }
        return reach.seen.union(program.map { JavaCalls.Target(className: $0.method.className, name: $0.method.name) })
    }

    /// What of the code behind a thread's wait lets others go on by what it is for.
    func signals(of subject: JavaWaitReader.Subject) -> Set<JavaCalls.Target> {
        let reach = JavaReach(calls, deadline: deadline)
        for frame in subject.frames where !frame.method.isPlatform { reach.add(frame, again: false) }
        return reach.run().releases.filter(JavaReleasing.isSignal)
    }

    private func ahead(of subject: JavaWaitReader.Subject, poolsAreAwaited: Bool) -> CodeAhead {
        let reach = JavaReach(calls, deadline: deadline)
        reach.poolsAreAwaited = poolsAreAwaited
        let program = subject.frames.filter { !$0.method.isPlatform }
        let isPooled = addTasks(of: subject, reach)
        if program.isEmpty, !isPooled { reach.fail("what it was started with is not known") }
        if tellsOfChild(subject) { reach.fail("somebody may wait for the end of its child") }
        for frame in program { reach.add(frame, again: isPooled) }
        let found = reach.run()
        let own = JavaComputing.isAwaited(subject, heap) ? [Self.completes] : []
        let names = Set(found.releases.map { "\($0.className).\($0.name)" } + own).sorted()
        var code = CodeAhead(releases: found.shortfall.map { .partial(names, reason: $0) } ?? .complete(names))
        let isUnclear = found.shortfall ?? (reach.hasOutput ? "what it writes to is not known" : nil)
        code.outputs = isUnclear.map { .partial([], reason: $0) } ?? .complete([])
        return code
    }

    /// Whether it waits for the end of a child, of which others are to be told (java/lang/ProcessHandleImpl.java, `completion`).
    private func tellsOfChild(_ subject: JavaWaitReader.Subject) -> Bool {
        guard let frame = subject.frames.first(where: { $0.isIn("java.lang.ProcessHandleImpl", "run") }) else { return false }
        guard let told = JavaLocals.object(frame, 0, heap).flatMap({ heap.reference($0, "val$newCompletion") }) else { return true }
        return !JavaDependents.arePlatforms(of: told, heap)
    }

    /// What the platform does for whoever works out a future, when the program's part is done.
    private static let completes = "java.util.concurrent.CompletableFuture.complete"

    /// What lies in the queue of the thread's pool or timer. Whether it has one.
    private func addTasks(of subject: JavaWaitReader.Subject, _ reach: JavaReach) -> Bool {
        var work: [UInt64]
        if let pool = pools.pool(of: subject.thread.tid) {
            work = heap.reference(pool, "workQueue").map { JavaPools.elements($0, heap) } ?? []
        } else if heap.typeName(of: subject.facts.object) == "java.util.TimerThread" {
            work = heap.reference(subject.facts.object, "queue").flatMap { heap.reference($0, "queue") }.map { heap.elements(ofArray: $0) } ?? []
        } else {
            return false
        }
        for object in work.prefix(1000) {
            guard let type = programType(in: object) else {
                reach.fail("a task in its queue is the platform's own")
                continue
            }
            reach.add(object: type)
        }
        return true
    }

    /// Whether what lies in an executor's queue may come to end a wait, by its code; also where that is not all known.
    func mayEnd(_ wait: ManagedWait, queuedIn executor: UInt64) -> Bool {
        let reach = JavaReach(calls, deadline: deadline)
        for work in heap.reference(executor, "workQueue").map({ JavaPools.elements($0, heap) }) ?? [] {
            guard let type = programType(in: work) else { return true }
            reach.add(object: type)
        }
        let found = reach.run()
        return found.shortfall != nil || found.releases.contains { !JavaReleasing.isSignal($0) || JavaReleasing.ends(wait, $0) != false }
    }

    /// The class of the program's own object within a piece of work.
    private func programType(in work: UInt64) -> String? {
        var current = work
        for _ in 0..<8 {
            guard let name = heap.typeName(of: current) else { return nil }
            if calls.program[name] != nil { return name }
            let inner = ["callable", "task", "fn", "action", "runnable", "command", "src"].lazy.compactMap { heap.reference(current, $0) }.first
            guard let inner else { return nil }
            current = inner
        }
        return nil
    }

    // MARK: Those that wait

    private static let latch = "java.util.concurrent.CountDownLatch"
    private static let one: UInt8 = 4

    /// Whether the program makes latches, and none with `iconst_1`: what a latch was made with stands nowhere but in the code.
    private func latchesAreForSeveral() -> Bool {
        var makesAny = false
        for class_ in calls.program.values {
            guard let methods = calls.declaredMethods(class_), ContinuousClock.now < deadline else { return false }
            for method in methods {
                for (before, call) in zip(method.bytecode.instructions, method.bytecode.instructions.dropFirst()) {
                    guard JavaBytecode.invokes.contains(call.opcode), let target = calls.calls([call], of: method)?.first, target.className == Self.latch, target.name == "<init>" else { continue }
                    if before.opcode == Self.one { return false }
                    makesAny = true
                }
            }
        }
        return makesAny
    }

    /// What the program comes to from where it began on, and what of that would let waiting threads go on.
    private func started() -> (seen: Set<JavaCalls.Target>, releases: Set<JavaCalls.Target>) {
        let reach = JavaReach(calls, deadline: deadline)
        for name in calls.program.keys { reach.add(method: .init(className: name, name: "main")) }
        let releases = reach.run().releases
        return (reach.seen, releases)
    }

    /// Where the wait is repeated until what it waits for is there, that alone is no coming back; nor is a loop that looks for the end
    /// in what it takes.
    private func comesBack(_ subject: JavaWaitReader.Subject) -> Bool? {
        let program = subject.frames.filter { !$0.method.isPlatform }
        guard !program.isEmpty else { return nil }
        for (row, frame) in program.enumerated() {
            guard let method = calls.method(of: frame), let index = frame.index, let first = method.bytecode.instructions.firstIndex(where: { $0.index == Int(index) }) else { return nil }
            let cycle = method.bytecode.flow.cycle(through: first)
            if cycle.isEmpty { continue }
            let exit = LoopExit(bytecode: method.bytecode, flow: method.bytecode.flow, cycle: cycle, call: first)
            if exit.isByWhatComes { return false }
            if exit.isByCount(isNext: { calls.calls([$0], of: method)?.first == Self.hasNext }) { continue }
            if row > 0 { return true }
            guard let others = calls.calls(cycle.subtracting([first]).sorted().map { method.bytecode.instructions[$0] }[...], of: method) else { return nil }
            if others.contains(where: { !Self.looks.contains($0.name) }) { return true }
        }
        return false
    }

    private static let hasNext = JavaCalls.Target(className: "java.util.Iterator", name: "hasNext")

    /// Methods that only look whether a wait is over.
    private static let looks: Set<String> = ["isEmpty", "size", "get", "getCount", "contains", "containsKey", "peek", "isDone", "nanoTime", "currentTimeMillis", "booleanValue", "intValue"]
}
