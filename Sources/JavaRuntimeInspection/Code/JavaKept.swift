internal import Evidence
internal import ProcessInspection

/// Waits that no code of the program is to end: at an object that nobody was handed, or whose field nobody comes to who could. Main threads keep their programs alive so.
final class JavaKept {
    private let calls: JavaCalls
    /// The methods of the program that it comes to from its beginning on, and what of the platform's they let others go on by. Where that is not all known a lack may be told that is none:
    /// it only keeps a wait from being called forsaken.
    private let reach: (seen: Set<JavaCalls.Target>, releases: Set<JavaCalls.Target>)
    private let deadline: ContinuousClock.Instant
    private var readers: [JavaCalls.Target: Set<JavaCalls.Target>?] = [:]

    init(calls: JavaCalls, reach: (seen: Set<JavaCalls.Target>, releases: Set<JavaCalls.Target>), deadline: ContinuousClock.Instant) {
        (self.calls, self.reach, self.deadline) = (calls, reach, deadline)
    }

    /// Such as take no argument besides: what lies before the call is the object then.
    private static let waits: Set<String> = ["await", "awaitUninterruptibly", "acquire", "acquireUninterruptibly", "join", "get", "take", "wait", "awaitQuiescence"]
    /// What ends a wait at an object of the class, where that has one way only.
    private static let ends: [String: Set<String>] = [
        "java.util.concurrent.locks.LockSupport": ["unpark"], "java.lang.Object": ["notify", "notifyAll"],
    ]
    /// What those are made with that nobody is to pass: `iconst_0`, `iconst_1`. Permits that there were have been taken, and of several counts some are to come.
    private static let sizes: [String: UInt8] = ["java.util.concurrent.Semaphore": 3, "java.util.concurrent.CountDownLatch": 4]
    private static let special: UInt8 = 183
    private static let fastLoad: UInt8 = 220
    private static let copies: UInt8 = 89
    private static let enters: UInt8 = 194
    static let loads: (wide: ClosedRange<UInt8>, short: ClosedRange<UInt8>) = (25...25, 42...45)
    static let stores: (wide: ClosedRange<UInt8>, short: ClosedRange<UInt8>) = (58...58, 75...78)

    /// nil where something that is come to may end the wait.
    ///
    /// - Parameter type: the class of the object that it waits at, where that is known.
    func lack(_ subject: JavaWaitReader.Subject, type: String?) -> CodeAhead.Lack? {
        guard let first = subject.frames.firstIndex(where: { !$0.method.isPlatform }), case let frame = subject.frames[first], let method = calls.method(of: frame), let index = frame.index,
            case let code = method.bytecode.instructions, let row = code.firstIndex(where: { $0.index == Int(index) }), row > 0, let call = calls.calls([code[row]], of: method)?.first,
            JavaReleasing.isPlatform(call.className)
        else { return nil }
        let receiver = code[row - 1]
        let variable = variable(receiver, method, Self.loads)
        if Self.waits.contains(call.name) {
            if makesObject(row - 1, method) { return .ofSharers }
            if let variable, isOwn(variable, in: method, call) || isParameter(variable, in: method, call) && type.map({ JavaHandedOver(kept: self, calls: calls).isForNobody(variable, subject.frames[first...], $0) }) == true { return .ofSharers }
        }
        if let ends = Self.ends[call.className], !reach.releases.contains(where: { ends.contains($0.name) && ($0.className == call.className || call.className == "java.lang.Object") }) { return .ofEnders }
        guard Self.waits.contains(call.name), variable == nil, JavaBytecode.reads.contains(receiver.opcode), let field = calls.field(receiver, of: method) else { return nil }
        return isLeftAlone(field, waitingIn: method, call) ? .ofEnders : nil
    }

    func variable(_ instruction: JavaBytecode.Instruction, _ method: JavaCalls.Method, _ opcodes: (wide: ClosedRange<UInt8>, short: ClosedRange<UInt8>)) -> Int? {
        // HotSpot's own form of `aload_0`.
        if instruction.opcode == Self.fastLoad, opcodes.short == Self.loads.short { return 0 }
        return method.bytecode.variable(instruction, wide: opcodes.wide, short: opcodes.short)
    }

    func called(_ instruction: JavaBytecode.Instruction, _ method: JavaCalls.Method) -> JavaCalls.Target? {
        JavaBytecode.invokes.contains(instruction.opcode) ? calls.calls([instruction], of: method)?.first : nil
    }

    /// Whether the instruction leaves a new object of the platform's, or a lock's new condition.
    func makesObject(_ row: Int, _ method: JavaCalls.Method) -> Bool {
        let code = method.bytecode.instructions
        guard row > 0, let call = called(code[row], method) else { return false }
        guard JavaReleasing.isPlatform(call.className) else { return false }
        if call.name == "newCondition" { return true }
        guard code[row].opcode == Self.special, call.name == "<init>" else { return false }
        return Self.sizes[call.className].map { $0 == code[row - 1].opcode } ?? true
    }

    /// Whether what a method waits at is an object that it has made, and hands to nobody: it calls that itself, or locks it.
    private func isOwn(_ variable: Int, in method: JavaCalls.Method, _ wait: JavaCalls.Target) -> Bool {
        let code = method.bytecode.instructions
        let made = code.indices.filter { self.variable(code[$0], method, Self.stores) == variable }
        guard !made.isEmpty, made.allSatisfy({ $0 > 0 && makesObject($0 - 1, method) }) else { return false }
        return code.indices.filter { self.variable(code[$0], method, Self.loads) == variable }.allSatisfy { isWaitedAt($0, method, wait) || isLocked($0, method) }
    }

    /// Whether a variable that nothing is assigned to, `this` among those, is only waited at and locked, or has its fields looked at.
    private func isParameter(_ variable: Int, in method: JavaCalls.Method, _ wait: JavaCalls.Target) -> Bool {
        let code = method.bytecode.instructions
        guard !code.indices.contains(where: { self.variable(code[$0], method, Self.stores) == variable }) else { return false }
        return code.indices.filter { self.variable(code[$0], method, Self.loads) == variable }.allSatisfy { row in
            isWaitedAt(row, method, wait) || isLocked(row, method) || variable == 0 && row + 1 < code.count && JavaBytecode.reads.contains(code[row + 1].opcode)
        }
    }

    /// Whether what an instruction loads is locked; `synchronized` keeps a copy for the end of its block.
    func isLocked(_ row: Int, _ method: JavaCalls.Method) -> Bool {
        let code = method.bytecode.instructions
        guard row + 1 < code.count else { return false }
        return code[row + 1].opcode == Self.enters || code[row + 1].opcode == Self.copies && row + 3 < code.count && code[row + 3].opcode == Self.enters
    }

    /// Whether what an instruction loads is waited at, and goes nowhere else.
    private func isWaitedAt(_ row: Int, _ method: JavaCalls.Method, _ wait: JavaCalls.Target) -> Bool {
        guard row + 1 < method.bytecode.instructions.count, let call = called(method.bytecode.instructions[row + 1], method) else { return false }
        return call.className == wait.className && Self.waits.contains(call.name)
    }

    /// Whether a field is only ever given objects that were made for it, no other method that is come to reads it, and the one that waits hands it to nobody; or the time is up to tell.
    private func isLeftAlone(_ field: JavaCalls.Target, waitingIn waiter: JavaCalls.Method, _ wait: JavaCalls.Target) -> Bool {
        guard ContinuousClock.now < deadline else { return true }
        guard let readers = readers(of: field), readers.subtracting([waiter.target]).isDisjoint(with: reach.seen) else { return false }
        let code = waiter.bytecode.instructions
        return code.indices.allSatisfy { !JavaBytecode.reads.contains(code[$0].opcode) || calls.field(code[$0], of: waiter) != field || isWaitedAt($0, waiter, wait) || isLocked($0, waiter) }
    }

    /// The methods that read a field; nil where it is given what may be known elsewhere.
    private func readers(of field: JavaCalls.Target) -> Set<JavaCalls.Target>? {
        if let known = readers[field] { return known }
        let found = findReaders(of: field)
        readers[field] = .some(found)
        return found
    }

    private func findReaders(of field: JavaCalls.Target) -> Set<JavaCalls.Target>? {
        var readers: Set<JavaCalls.Target> = []
        for type in calls.program.values {
            guard ContinuousClock.now < deadline else { return readers }
            for method in calls.declaredMethods(type) ?? [] {
                let code = method.bytecode.instructions
                for row in code.indices {
                    let isWrite = JavaBytecode.writes.contains(code[row].opcode)
                    guard isWrite || JavaBytecode.reads.contains(code[row].opcode), calls.field(code[row], of: method) == field else { continue }
                    if isWrite, row == 0 || !makesObject(row - 1, method) { return nil }
                    if !isWrite { readers.insert(method.target) }
                }
            }
        }
        return readers
    }
}
