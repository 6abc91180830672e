internal import Evidence

/// Whether functions may have given anything to anybody before they came to where they wait.
extension CodeReach {
    private static let handingDepth = 24

    /// - Parameter frames: those of the program's functions that know of what is asked about.
    func mayHandOut(_ frames: [Frame]) -> Bool {
        var judged: [UInt64: Bool] = [:]
        return frames.contains { frame in
            guard let code = function(ofFrameAt: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter }),
                let before = before(call, in: code)
            else { return true }
            return before.contains { hands($0, of: code, &judged, depth: 0) }
        }
    }

    /// Whether a function comes round to where it waits for another reason than that the wait was interrupted, as its result tells: it takes one permit after the other.
    func waitsAgain(_ frame: Frame) -> Bool {
        guard let code = function(ofFrameAt: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter }),
            let cycle = code.cycle(through: call.address, ends: doesNotReturn)
        else { return true }
        guard !cycle.isEmpty else { return false }
        let next = code.instructions.first { $0.address == call.next }.flatMap(bytes(of:))
        return next.map { !Self.looksAtResult.contains($0) } ?? true
    }

    /// test eax, eax; test rax, rax; cmp eax, -1; cmp rax, -1 (Intel 64 and IA-32 manual, volume 2).
    private static let looksAtResult: Set<[UInt8]> = [[0x85, 0xc0], [0x48, 0x85, 0xc0], [0x83, 0xf8, 0xff], [0x48, 0x83, 0xf8, 0xff]]

    /// The calls that may have run when a function comes to this one.
    private func before(_ call: Instruction, in code: FunctionCode) -> [Instruction]? {
        code.reached(from: code.range.lowerBound, ends: doesNotReturn)?.filter { other in
            isTransfer(other, code) && other.address != call.address && code.reached(from: other.next, ends: doesNotReturn)?.contains { $0.address == call.address } != false
        }
    }

    /// Control that leaves a function, other than to return.
    private func isTransfer(_ instruction: Instruction, _ code: FunctionCode) -> Bool {
        switch instruction.kind {
        case .call, .callThrough, .indirectCall, .indirectJump, .jumpThrough: true
        case .jump(let target), .branch(let target): !code.range.contains(target)
        case .other, .end, .systemCall: false
        }
    }

    private func hands(_ instruction: Instruction, of code: FunctionCode, _ judged: inout [UInt64: Bool], depth: Int) -> Bool {
        if doesNotReturn(instruction) { return false }
        if let slot = slot(of: instruction) { return hands(through: slot) }
        switch instruction.kind {
        case .call(let target), .jump(let target), .branch(let target):
            if let known = judged[target] { return known }
            guard depth < Self.handingDepth, !isLate, let called = self.function(at: target), let reached = called.reached(from: target, ends: doesNotReturn) else { return true }
            // One that calls itself does no more by that.
            judged[target] = false
            let found = reached.contains { isTransfer($0, called) && hands($0, of: called, &judged, depth: depth + 1) }
            judged[target] = found
            return found
        // The language's library calls so what puts away what it counts, and what others have put in a std::function.
        case .indirectCall, .indirectJump: return !["_ZSt", "_ZNSt", "_ZNKSt", "_ZN9__gnu_cxx", "_ZNK9__gnu_cxx"].contains { code.symbol.hasPrefix($0) } || code.symbol.contains("8function")
        default: return true
        }
    }

    private func slot(of instruction: Instruction) -> UInt64? {
        switch instruction.kind {
        case .call(let target), .jump(let target), .branch(let target): slot(ofStubAt: target)
        case .callThrough(let place), .jumpThrough(let place): place
        default: nil
        }
    }

    /// Another file's function: one that lets others go on or begins them, that waits as well, or that is none of the language's libraries. A variable's guard is only for those who make it.
    private func hands(through slot: UInt64) -> Bool {
        guard let own = modules.module(at: slot), let target = try? memory.load(UInt64.self, at: slot) else { return true }
        let name = imports(of: own).names[slot]
        if name.map({ Releasing.isSignal($0) || Releasing.isWait($0) || Releasing.isRelease($0) && !$0.contains("unlock") && !$0.hasPrefix("__cxa_guard") }) == true { return true }
        // One that is still bound to its stub was never called.
        guard target != 0, let module = modules.module(at: target), module.start != own.start else { return name == nil }
        return !Releasing.isLeaf(module.path)
    }
}
