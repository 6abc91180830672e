/// What a thread's own functions can still come to from where it stands, by the ways that control takes through them.
extension CodeReach {
    struct Ahead {
        /// nil where it could not be read.
        var code: FunctionCode?
        var instructions: ArraySlice<Instruction> = []
        /// Whether an exception may come up to it, or begin in it: what it does about that is found by the unwinder alone.
        var mayThrow = false
    }

    /// The function that a frame is in. A call that does not return may be the last instruction of its function: behind it begins another one, or there is none.
    func function(ofFrameAt address: UInt64) -> FunctionCode? {
        let here = function(at: address)
        if let here, here.range.lowerBound != address { return here }
        guard let before = function(at: address &- 1), before.range.upperBound == address, before.instructions.last.map(isAnyCall) == true else { return here }
        return before
    }

    private func isAnyCall(_ instruction: Instruction) -> Bool {
        switch instruction.kind {
        case .call, .callThrough, .indirectCall: true
        default: false
        }
    }

    /// - Parameter byWays: only by the ways that control takes through the functions, not by all that follows in them.
    func search(from frames: [UInt64], byWays: Bool = false) -> Search {
        var search = Search()
        let own = frames.filter(isProgram)
        // Rust's library inside the outermost frames only sees to it that a thread begins and ends, and inside the innermost that it returns.
        let last = own.lastIndex { function(ofFrameAt: $0).map { !Releasing.isOfRust($0.symbol) } ?? true } ?? -1
        for ahead in ahead(of: Array(own.prefix(last + 1)), byWays) {
            guard let code = ahead.code else {
                search.shortfall = "the code at its stack could not be read"
                continue
            }
            if Releasing.isLeafOfRust(code.symbol) { continue }
            look(through: ahead.instructions, of: code, &search)
            if ahead.mayThrow { addColdPart(of: code, &search) }
        }
        run(&search)
        return search
    }

    /// - Parameters:
    ///   - own: program counters of the program's functions among a thread's frames, innermost first.
    ///   - byWays: else all that follows in the functions.
    /// - Returns: as many; of those to which none of the functions inside of them ever comes back, nothing is ahead.
    func ahead(of own: [UInt64], _ byWays: Bool) -> [Ahead] {
        var (mayThrow, mayReturn) = (!byWays, true)
        return own.enumerated().map { row, address in
            guard mayThrow || mayReturn else { return Ahead(code: function(ofFrameAt: address)) }
            guard let code = function(ofFrameAt: address) else {
                (mayThrow, mayReturn) = (true, true)
                return Ahead(mayThrow: true)
            }
            // Panics of Rust are no calls of another file's functions.
            let rest = RustName.demangled(code.symbol) == nil ? code.reached(from: address, ends: doesNotReturn) : nil
            // Outer functions come to know of what those inside of them throw; nobody else is inside of the innermost but what it has called.
            let called = row > 0 ? [] : code.instructions.filter { $0.next == address && $0.kind != .other }
            mayThrow = mayThrow || rest.map { self.mayThrow(called + $0, of: code) } ?? true
            mayReturn = rest.map { $0.contains { mayLeave($0, code) } } ?? true
            return Ahead(code: code, instructions: mayThrow ? code.remaining(from: address) : rest?[...] ?? [], mayThrow: mayThrow)
        }
    }

    /// Whether control leaves a function by this instruction, other than by a call.
    func mayLeave(_ instruction: Instruction, _ code: FunctionCode) -> Bool {
        switch instruction.kind {
        case .end, .jumpThrough, .indirectJump: true
        case .jump(let target), .branch(let target): !code.range.contains(target)
        case .call, .callThrough, .indirectCall, .systemCall, .other: false
        }
    }

    private func mayThrow(_ instructions: [Instruction], of code: FunctionCode) -> Bool {
        var search = Search()
        look(through: instructions[...], of: code, &search)
        run(&search)
        return search.shortfall != nil || !search.imported.allSatisfy(Self.isOfC)
    }

    /// Functions of C throw nothing, those aside by which C++ does (Itanium C++ ABI, level II), and the end of a thread, which unwinds its stack.
    private static func isOfC(_ name: String) -> Bool {
        !["_Z", "_Unwind_", "__cxa_", "pthread_exit", "thrd_exit"].contains { name.hasPrefix($0) }
    }
}
