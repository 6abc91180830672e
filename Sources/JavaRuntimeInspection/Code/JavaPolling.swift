internal import Evidence
internal import ProcessInspection

/// Loops that look again and again, asleep in between, at a field that nobody is left to change, with a method of the program that was to change it.
struct JavaPolling {
    let calls: JavaCalls
    let survey: JavaCodeSurvey
    let deadline: ContinuousClock.Instant

    /// Pauses longer than this are no polling.
    private static let longest_s = 60.0
    private static let senseless_s = 1e9
    private static let threadLimit = 64
    /// Methods that only look, or wait a while.
    private static let looks: Set<String> = [
        "sleep", "yield", "onSpinWait", "currentThread", "isInterrupted", "get", "getAsBoolean", "getPlain", "getAcquire", "getOpaque", "isEmpty", "size", "isDone", "booleanValue", "intValue", "getCount", "containsKey", "peek",
    ]
    /// Methods that change an object that a field refers to.
    private static let changers: Set<String> = [
        "set", "lazySet", "compareAndSet", "getAndSet", "incrementAndGet", "decrementAndGet", "getAndIncrement", "getAndDecrement", "addAndGet", "getAndAdd", "updateAndGet", "accumulateAndGet", "setRelease", "setPlain",
        "setOpaque", "add", "addAll", "put", "putAll", "putIfAbsent", "computeIfAbsent", "compute", "merge", "offer", "push", "remove", "poll", "pop", "take", "clear", "complete", "countDown", "cancel", "addFirst", "addLast",
    ]

    /// The waits of all such threads.
    func waits(_ subjects: [JavaWaitReader.Subject], _ known: [Int32: ManagedWait]) -> [Int32: ManagedWait] {
        guard subjects.count <= Self.threadLimit else { return [:] }
        var result: [Int32: ManagedWait] = [:]
        for subject in subjects where known[subject.thread.tid]?.kind == .sleep { result[subject.thread.tid] = wait(of: subject, among: subjects, known) }
        return result
    }

    private func wait(of subject: JavaWaitReader.Subject, among subjects: [JavaWaitReader.Subject], _ known: [Int32: ManagedWait]) -> ManagedWait? {
        let own = subject.frames.filter { !$0.method.isPlatform }
        // Of one that is about to wake the rest is not to be had.
        guard case let asked_s = subject.timeout_s.map({ $0 < Self.senseless_s ? $0 : 0 }) ?? 0, asked_s <= Self.longest_s, let row = own.firstIndex(where: { !onlyPauses($0) }), let type = calls.program[own[row].method.className],
            let fields = looked(by: own[row]), !fields.isEmpty
        else { return nil }
        let started = JavaReach(calls, deadline: deadline)
        for frame in own { started.add(executedBy: frame) }
        guard started.run().shortfall == nil, let ender = started.seen.first(where: { !$0.name.hasPrefix("<") && changes($0, fields) == true }) else { return nil }
        for other in subjects where other.thread.tid != subject.thread.tid && known[other.thread.tid]?.kind != .housekeeping {
            guard let seen = survey.comesTo(other, known[other.thread.tid]), seen.allSatisfy({ changes($0, fields) == false }) else { return nil }
        }
        let names = fields.map { "`\($0.name)`" }.sorted().prefix(2).joined(separator: ", ")
        var wait = ManagedWait(
            kind: .condition, object: type, typeName: "a change of \(names), at which it looks again and again",
            knownFrom: "the bytecode of its loop; `\(ender.className).\(ender.name)`, which was to change that, is run by nobody any more")
        wait.timeout_s = asked_s
        wait.releasers = .complete([])
        return wait
    }

    /// Whether a method does nothing but sleep, as many a program has one for itself.
    private func onlyPauses(_ frame: JavaFrame) -> Bool {
        guard let method = calls.method(of: frame), let called = calls.calls(method.bytecode.instructions[...], of: method) else { return false }
        let touches = method.bytecode.instructions.contains { JavaBytecode.writes.contains($0.opcode) || JavaBytecode.reads.contains($0.opcode) }
        return !touches && called.allSatisfy { JavaReleasing.isPlatform($0.className) && Self.pauses.contains($0.name) }
    }

    private static let pauses: Set<String> = ["sleep", "currentThread", "interrupt", "<init>", "toMillis", "printStackTrace"]

    /// The fields that the loop looks at in which a frame stands; nil where it does anything else.
    private func looked(by frame: JavaFrame) -> Set<JavaCalls.Target>? {
        guard let method = calls.method(of: frame), let index = frame.index, case let code = method.bytecode, let row = code.instructions.firstIndex(where: { $0.index == Int(index) }),
            case let cycle = code.flow.cycle(through: row), !cycle.isEmpty
        else { return nil }
        var fields: Set<JavaCalls.Target> = []
        for row in cycle.sorted() {
            let instruction = code.instructions[row]
            // Assignments to arrays, fields and local variables, and new objects.
            if (54...86).contains(instruction.opcode) || instruction.opcode == 132 || JavaBytecode.writes.contains(instruction.opcode) || [186, 187, 188, 189, 197].contains(instruction.opcode) { return nil }
            if JavaBytecode.reads.contains(instruction.opcode) {
                guard let field = calls.field(instruction, of: method) else { return nil }
                fields.insert(field)
            } else if JavaBytecode.invokes.contains(instruction.opcode) {
                if instruction.index == Int(index) { continue }
                guard let target = calls.calls([instruction], of: method)?.first, JavaReleasing.isPlatform(target.className), Self.looks.contains(target.name) else { return nil }
            }
        }
        return fields
    }

    /// Whether methods of the program of a name assign one of the fields, or may change what it refers to; nil where they cannot be read.
    private func changes(_ target: JavaCalls.Target, _ fields: Set<JavaCalls.Target>) -> Bool? {
        guard let type = calls.program[target.className], let methods = calls.declaredMethods(type) else { return nil }
        for method in methods where method.target.name == target.name {
            var reads = false
            for instruction in method.bytecode.instructions {
                let isWrite = JavaBytecode.writes.contains(instruction.opcode)
                guard isWrite || JavaBytecode.reads.contains(instruction.opcode) else { continue }
                guard let field = calls.field(instruction, of: method) else { return nil }
                guard fields.contains(field) else { continue }
                if isWrite { return true }
                reads = true
            }
            guard reads else { continue }
            guard let called = calls.calls(method.bytecode.instructions[...], of: method) else { return nil }
            if called.contains(where: { Self.changers.contains($0.name) }) { return true }
        }
        return false
    }
}
