internal import Evidence

/// Whether threads wait for what may come, rather than for what is to come: by what they would do when they are let go on.
extension CodeReach {
    private static let depthLimit = 6

    /// What is seen of what a thread does when its wait is over.
    enum Rest: Int {
        /// To put away what it kept, to end other threads and to return.
        case nothing
        /// Calls of which that is not told.
        case unclear
        case work
    }

    func whatFollows(_ stack: [Frame]) -> Rest {
        let counters = counters(stack)
        var found = counters.isEmpty ? Rest.unclear : .nothing
        for address in counters {
            guard let code = function(ofFrameAt: address), let rest = code.reached(from: address, ends: doesNotReturn) else { return .unclear }
            found = most([found, most(rest.lazy.filter { !self.looks($0, in: rest, at: address) }.map { self.use($0, of: code) })])
            // Behind it come functions of C's library, some of which are linked into programs.
            if found == .work || code.symbol == "main" || !rest.contains(where: { mayLeave($0, code) }) { break }
        }
        return found
    }

    private func most(_ uses: some Sequence<Rest>) -> Rest {
        var found = Rest.nothing
        for use in uses where use.rawValue > found.rawValue {
            found = use
            if use == .work { break }
        }
        return found
    }

    /// Whether a thread never comes out of one of the functions that it is in, but by an exception.
    func neverLeaves(_ stack: [Frame]) -> Bool {
        let counters = counters(stack)
        guard let outermost = counters.firstIndex(where: { address in function(ofFrameAt: address).map { neverLeaves($0, from: address) } ?? false }) else { return false }
        let search = search(from: Array(counters[...outermost]))
        // Where calls through pointers lead is not known: to any function that the program uses.
        let called = search.shortfall == nil ? search.imported : Set(modules.modules.filter { !Releasing.isLeaf($0.path) }.flatMap { imports(of: $0).names.values })
        return called.isDisjoint(with: ["pthread_exit", "thrd_exit"])
    }

    private func neverLeaves(_ code: FunctionCode, from address: UInt64) -> Bool {
        guard let rest = code.reached(from: address, ends: doesNotReturn), !rest.isEmpty else { return false }
        return !rest.contains { mayLeave($0, code) }
    }

    /// Whether a thread that comes round to its wait gives nothing to anybody in a round before it comes to it: neither lets a thread go on, nor writes, nor calls who knows whom.
    /// Nor is what it does a piece of work that it was handed by a pointer in the round of another loop.
    func takesFirst(_ stack: [Frame]) -> Bool {
        var isHanded = false
        for (row, frame) in program(stack).enumerated() {
            guard let code = function(ofFrameAt: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter }),
                let cycle = code.cycle(through: call.address, ends: doesNotReturn)
            else { return false }
            isHanded = isHanded || row > 0 && call.kind == .indirectCall
            if isHanded, !cycle.isEmpty { return false }
            let givers = cycle.filter { (isCall($0) || $0.kind == .indirectCall) && $0.address != call.address && gives($0) }
            if !givers.isEmpty, !code.passed(before: call.address, among: givers, asLoops: false, ends: doesNotReturn).isEmpty { return false }
            // Nobody comes back to the functions outside of it.
            if neverLeaves(code, from: frame.programCounter) { return true }
        }
        return true
    }

    private func gives(_ call: Instruction) -> Bool {
        var search = Search()
        switch call.kind {
        case .call(let target): called(target, &search)
        case .callThrough(let slot): calledThrough(slot, &search)
        default: return true
        }
        run(&search)
        return search.signal != nil || search.imported.contains(where: Releasing.isFeeding)
    }

    /// Of the program's functions, those of its language's library that are compiled into it among them.
    private func counters(_ stack: [Frame]) -> [UInt64] { stack.filter { !$0.isInlined && !$0.isAsync && isProgram($0.programCounter) }.map(\.programCounter) }

    /// What is asked about each time before the wait is repeated.
    private func looks(_ call: Instruction, in rest: [Instruction], at address: UInt64) -> Bool {
        guard case .call(let target) = call.kind, slot(ofStubAt: target) == nil else { return false }
        return rest.contains { $0.next == address } && onlyLooks(target)
    }

    private func use(_ instruction: Instruction, of code: FunctionCode, depth: Int = 0) -> Rest {
        switch instruction.kind {
        case .other, .end: return .nothing
        case .indirectCall: return putsClosureAway(instruction, in: code) ? .nothing : .unclear
        case .indirectJump, .systemCall: return .unclear
        case .jump(let target), .branch(let target): if code.range.contains(target) { return .nothing }
        case .call, .callThrough, .jumpThrough: break
        }
        if doesNotReturn(instruction) { return .nothing }
        if let name = importedName(of: instruction) { return Upkeep.isUpkeep(name) ? .nothing : Upkeep.onlyComputes(name) ? .unclear : .work }
        let target: UInt64? = switch instruction.kind {
        case .call(let target), .jump(let target), .branch(let target): target
        default: nil
        }
        guard let target, let own = function(at: target), depth < Self.depthLimit, !isLate else { return .unclear }
        if Upkeep.isDestructor(own.symbol) { return .nothing }
        if let known = rests[target] { return known }
        // One that calls itself does no more by that.
        rests[target] = .nothing
        var found = most(own.instructions.lazy.map { self.use($0, of: own, depth: depth + 1) })
        // What a function of the program's that only computes is for, its result tells.
        if found == .nothing, !Upkeep.isOfLibrary(own.symbol), !own.instructions.contains(where: isCall) { found = .unclear }
        rests[target] = found
        return found
    }

    /// std::function's manager, told to destroy what it keeps (libstdc++, bits/std_function.h: `__destroy_functor` is 3, the third argument).
    private func putsClosureAway(_ call: Instruction, in code: FunctionCode) -> Bool {
        guard let row = code.instructions.firstIndex(where: { $0.address == call.address }) else { return false }
        return code.instructions[max(0, row - 5)..<row].contains { bytes(of: $0) == [0xba, 3, 0, 0, 0] }
    }
}

/// What programs do when they have nothing more to do.
private enum Upkeep {
    private static let names: Set<String> = [
        "pthread_join", "pthread_detach", "thrd_join", "thrd_detach", "pthread_mutex_lock", "pthread_mutex_unlock", "pthread_rwlock_unlock", "mtx_lock", "mtx_unlock",
        "pthread_mutex_destroy", "pthread_rwlock_destroy", "pthread_cond_destroy", "pthread_attr_destroy", "mtx_destroy", "cnd_destroy", "sem_destroy",
        "pthread_cond_wait", "pthread_cond_signal", "pthread_cond_broadcast", "cnd_wait", "cnd_signal", "cnd_broadcast", "free", "close", "munmap",
    ]

    /// Itanium C++ ABI, 5.1: std::thread's and std::condition_variable's own functions, `operator delete`.
    static func isUpkeep(_ name: String) -> Bool {
        names.contains(name) || isDestructor(name) || ["_ZNSt6thread4join", "_ZNSt6thread6detach", "_ZNSt18condition_variable", "_ZdlPv", "_ZdaPv"].contains { name.hasPrefix($0) }
    }

    /// Functions of C's library for memory and texts; methods that change nothing, and what exceptions are handled by.
    static func onlyComputes(_ name: String) -> Bool { ["mem", "str", "_ZNK", "_Znw", "_Zna", "__cxa_", "_Unwind_", "malloc", "calloc", "realloc", "__errno"].contains { name.hasPrefix($0) } }

    /// Destructors (5.1.4.3), maybe split up by the compiler, and by which std::unique_ptr calls one.
    static func isDestructor(_ symbol: String) -> Bool {
        let name = symbol.prefix { $0 != "." }
        return ["D0Ev", "D1Ev", "D2Ev"].contains { name.hasSuffix($0) } || name.hasPrefix("_ZNKSt14default_delete")
    }

    static func isOfLibrary(_ symbol: String) -> Bool { ["_ZSt", "_ZNSt", "_ZNKSt", "_ZN9__gnu_cxx", "_ZNK9__gnu_cxx"].contains { symbol.hasPrefix($0) } }
}
