package import Evidence

/// Whether a thread that waits would come round to the same wait, as a worker does in the loop that takes its work.
extension CodeReach {
    /// Frames of the language's own library that are compiled into the program.
    private static func isLibrary(_ frame: Frame) -> Bool {
        // What a thread of C++ is begun by is made for its closure, which may be compiled into it.
        if frame.symbol?.hasPrefix("_ZNSt6thread11_State_impl") == true { return false }
        let name = frame.function ?? frame.symbol ?? ""
        return frame.file?.hasPrefix("/rustc/") == true || ["std::", "core::", "alloc::", "<std::", "<core::", "<alloc::"].contains { name.hasPrefix($0) }
    }

    /// The program's own functions among the frames.
    func program(_ stack: [Frame]) -> [Frame] {
        stack.filter { !$0.isInlined && isProgram($0.programCounter) && !isOfSwift($0.programCounter) && !Self.isLibrary($0) }
    }

    /// Where a wait is repeated until what it waits for is there, that alone is no coming back. Nor is it that whoever was handed a piece of work
    /// by a pointer goes on to the next one: the work itself waits. Swift calls methods by pointers as well.
    package func comesBack(_ stack: [Frame]) -> Bool? {
        let frames = program(stack)
        guard !frames.isEmpty else { return nil }
        for (row, frame) in frames.enumerated() {
            guard let code = function(ofFrameAt: frame.programCounter) else { return nil }
            guard let call = code.instructions.first(where: { $0.next == frame.programCounter }), let cycle = code.cycle(through: call.address, ends: doesNotReturn)
            else { return nil }
            if row > 0, call.kind == .indirectCall, !code.symbol.hasPrefix("$s") { return false }
            if !cycle.isEmpty, row > 0 || doesMore(cycle, than: call) { return true }
        }
        return false
    }

    /// Whether a thread may have taken the work that it waits within: one of the functions that it is in waits elsewhere as well; nil where those cannot be read.
    func takesWork(_ stack: [Frame]) -> Bool? {
        let frames = program(stack)
        guard !frames.isEmpty else { return nil }
        for frame in frames {
            guard let code = function(ofFrameAt: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter }) else { return nil }
            if code.instructions.contains(where: { isCall($0) && $0.kind != call.kind && mayWait($0) }) { return true }
        }
        return false
    }

    /// Whether a loop around a wait calls anything else than the wait, other than to look whether it is over.
    func doesMore(_ cycle: [Instruction], than call: Instruction) -> Bool {
        cycle.contains { instruction in
            guard instruction.address != call.address, instruction.kind != call.kind else { return false }
            switch instruction.kind {
            case .call(let target): return !isCallOfRuntime(target) && !onlyLooks(target)
            case .callThrough, .indirectCall, .systemCall: return true
            case .jump, .branch, .jumpThrough, .indirectJump, .other, .end: return false
            }
        }
    }

    /// Whether each round of the innermost loop of the program's that leads to the wait comes past another wait first: a worker that takes
    /// something in, and waits for something else on its behalf.
    func isMidRound(_ stack: [Frame]) -> Bool {
        for frame in program(stack) {
            guard let code = function(ofFrameAt: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter }),
                let cycle = code.cycle(through: call.address, ends: doesNotReturn)
            else { return false }
            let calls = cycle.filter { isCall($0) && $0.address != call.address }
            if code.passed(before: call.address, among: calls, ends: doesNotReturn).contains(where: mayWait) { return true }
            if call.kind == .indirectCall { return false }
        }
        return false
    }
}
