/// Whether Swift's async functions come to their ends. Each is compiled into pieces, one for every place at which it goes on, which the compiler names after it
/// (`TQ0_`, `TY1_` behind its name). A piece ends with a jump: to what it awaits, having taken the address of the piece that goes on after that, or to where its caller goes
/// on, having taken none (docs/ABI/CallingConvention.rst and LLVM's coroutines, llvm.coro.id.async).
extension CodeReach {
    private static let pieceLimit = 400
    private static let stepLimit = 50_000

    struct Piece: Hashable {
        var start: UInt64
        /// What it goes on after does not fail in a task that is not cancelled.
        var cannotFail = false
    }

    /// Whether a function that goes on at `place` never returns, as long as its task is not cancelled; false where that is not shown.
    ///
    /// - Parameter afterSleep: it goes on there after a sleep, which fails only when it is cancelled.
    package func neverReturns(from place: UInt64, afterSleep: Bool) -> Bool {
        var queue = [Piece(start: place, cannotFail: afterSleep)]
        var seen = Set(queue)
        while let piece = queue.popLast() {
            guard seen.count <= Self.pieceLimit, let walk = walk(piece), !walk.returns else { return false }
            for way in walk.ways where seen.insert(way.next).inserted { queue.append(way.next) }
        }
        return true
    }

    /// Whether a function that goes on at `place` does anything from there on: calls or awaits another, but for those that clean up.
    package func hasMoreToDo(from place: UInt64) -> Bool {
        var queue = [Piece(start: place)]
        var seen = Set(queue)
        while let piece = queue.popLast(), seen.count <= Self.pieceLimit, let walk = walk(piece) {
            if walk.isAtWork { return true }
            for way in walk.ways where seen.insert(way.next).inserted { queue.append(way.next) }
        }
        return false
    }

    /// From a piece to one that goes on after it.
    struct Way: Hashable {
        var next: Piece
        /// The function that is awaited in between, where that is known.
        var awaited: String?
        /// Whether the program does anything on it; from the making of a continuation on, where it awaits one.
        var isAtWork = false
        /// A closure that is handed over and takes a continuation.
        var handed: UInt64?
    }

    struct Walk {
        var ways: Set<Way> = []
        var returns = false
        var isAtWork = false
    }

    private struct Step: Hashable {
        var row: Int
        /// The piece that is to go on.
        var next: UInt64?
        /// The function whose record was referred to last, by which it is called.
        var called: String?
        var isAtWork = false
        var handed: UInt64?

        func going(to row: Int) -> Step {
            var step = self
            step.row = row
            return step
        }
    }

    /// All ways through a piece; nil where one leads who knows where.
    func walk(_ piece: Piece) -> Walk? {
        guard let code = function(at: piece.start), code.range.lowerBound == piece.start else { return nil }
        let name = Self.function(of: code.symbol)
        let rows = Dictionary(code.instructions.indices.map { (code.instructions[$0].address, $0) }, uniquingKeysWith: { first, _ in first })
        var walk = Walk()
        var queue = [Step(row: 0)]
        var seen = Set(queue)
        while let step = queue.popLast() {
            guard code.instructions.indices.contains(step.row), seen.count <= Self.stepLimit else { return nil }
            let instruction = code.instructions[step.row]
            var after = [step.going(to: step.row + 1)]
            switch instruction.kind {
            case .other:
                guard let place = instruction.reference else { break }
                if instruction.takesAddress, let other = function(at: place), other.range.lowerBound == place, Self.function(of: other.symbol) == name { after[0].next = place }
                if let symbol = recordedSymbol(at: place) { after[0].called = symbol }
                if instruction.takesAddress, takesContinuation(place) { after[0].handed = place }
            case .call, .callThrough:
                if doesNotReturn(instruction) { after = [] } else if isWork(instruction) {
                    walk.isAtWork = true
                    after[0].isAtWork = true
                } else if symbol(of: instruction) == "swift_continuation_init" { after[0].isAtWork = false }
            case .indirectCall, .systemCall: break
            case .jump(let target) where rows[target] != nil: after[0].row = rows[target] ?? 0
            case .branch(let target):
                guard let row = rows[target] else { return nil }
                let isTaken = outcome(ofBranchAt: step.row, code, cannotFail: piece.cannotFail)
                after = (isTaken != true ? after : []) + (isTaken != false ? [step.going(to: row)] : [])
            case .jump, .jumpThrough, .indirectJump:
                after = []
                guard let next = step.next else { walk.returns = true; break }
                let awaited = symbol(of: instruction) ?? step.called
                if isWork(instruction) { walk.isAtWork = true }
                let piece = Piece(start: next, cannotFail: awaited.map(Self.isSleep) ?? false)
                walk.ways.insert(Way(next: piece, awaited: awaited, isAtWork: step.isAtWork || isWork(instruction), handed: step.handed))
            case .end:
                after = []
                // UD2: the program is stopped.
                if bytes(of: instruction) != [0x0f, 0x0b] { walk.returns = true }
            }
            for other in after where seen.insert(other).inserted { queue.append(other) }
        }
        return walk
    }

    /// The function that a piece belongs to.
    static func function(of symbol: String) -> Substring {
        guard symbol.hasSuffix("_"), let mark = symbol.lastIndex(of: "T") else { return symbol[...] }
        let rest = symbol[symbol.index(after: mark)...].dropLast()
        guard let kind = rest.first, kind == "Q" || kind == "Y", rest.dropFirst().allSatisfy(\.isNumber) else { return symbol[...] }
        return symbol[..<mark]
    }

    /// The async function to whose record, or to the slot of whose record, a place in memory belongs.
    private func recordedSymbol(at place: UInt64) -> String? {
        modules.module(at: place).flatMap { imports(of: $0).names[place] } ?? asyncFunction(place).flatMap { function(at: $0)?.symbol }
    }

    func symbol(of jump: Instruction) -> String? {
        var slot: UInt64?
        switch jump.kind {
        case .call(let target), .jump(let target):
            slot = self.slot(ofStubAt: target)
            if slot == nil { return function(at: target)?.symbol }
        case .callThrough(let place), .jumpThrough(let place): slot = place
        default: return nil
        }
        return slot.flatMap { place in modules.module(at: place).flatMap { imports(of: $0).names[place] } }
    }

    /// Task.sleep in its forms and the clocks': TaskSleep.swift, TaskSleepDuration.swift, Clock.swift.
    private static func isSleep(_ symbol: String) -> Bool { (symbol.hasPrefix("$sScT") || symbol.hasPrefix("$ss")) && symbol.contains("sleep") }

    /// Accessors of metadata, and what the compiler outlines to copy and destroy values, are no work of the program's: docs/ABI/Mangling.rst.
    private static let upkeep = ["Ma", "MD", "Wl", "WL", "WOh", "WOe", "WOs", "WOc", "WOd", "WOb", "WOr", "WOf", "WOy"]
    /// Nor is going back to the executor of the caller, such as the main actor, asking a task group for its next result, a task for its own or a stream for its next
    /// element, making a continuation, or keeping an object until here.
    private static let hops = [
        "$sScT6result", "$sScT5value", "unownedExecutor", "$sScM6shared", "$sScG", "$sScg", "_deallocateUninitializedArray", "$sScS8Iterator", "$sScs8Iterator", "makeAsyncIterator", "$sScC12continuation",
        "withExtendedLifetime",
    ]

    func isWork(_ call: Instruction) -> Bool {
        guard let symbol = symbol(of: call), symbol.hasPrefix("$s") else { return false }
        // Of several that are alike one may be left: `Tm`.
        let own = symbol.hasSuffix("Tm") ? symbol.dropLast(2) : symbol[...]
        return !Self.upkeep.contains { own.hasSuffix($0) } && !Self.hops.contains { symbol.contains($0) }
    }

    /// Whether a branch is taken in a task that is not cancelled; nil where that does not decide it.
    private func outcome(ofBranchAt row: Int, _ code: FunctionCode, cannotFail: Bool) -> Bool? {
        guard row > 0, let jump = bytes(of: code.instructions[row]), let test = bytes(of: code.instructions[row - 1]) else { return nil }
        let before = code.instructions[max(0, row - 6)..<row]
        let call = before.last { isCall($0) }.flatMap { symbol(of: $0) }
        let tellsCancelled = call?.contains("isCancelled") == true && testsResult(test, behind: before[((before.lastIndex { isCall($0) } ?? row - 1) + 1)..<row].dropLast())
        // TEST %r12, %r12; TEST %r13, %r13: a thrown error.
        let tellsError = (test == [0x4d, 0x85, 0xe4] || test == [0x4d, 0x85, 0xed]) && (cannotFail || call?.contains("checkCancellation") == true)
        guard tellsCancelled || tellsError else { return nil }
        switch (jump.first, jump.dropFirst().first) {
        case (0x74, _), (0x0f, 0x84): return true
        case (0x75, _), (0x0f, 0x85): return false
        default: return nil
        }
    }

    /// Whether a test is of what a call returned just before: TEST $1, %al or TEST %al, %al; or of a byte register into which that was moved, with nothing decided in between.
    private func testsResult(_ test: [UInt8], behind: some Sequence<Instruction>) -> Bool {
        let register: UInt8
        switch (test.count, test.first) {
        case (2, 0xa8?) where test[1] == 1: register = 0
        case (3, 0xf6?) where test[1] & 0xf8 == 0xc0 && test[2] == 1: register = test[1] & 7
        case (2, 0x84?) where test[1] >> 6 == 3 && test[1] & 7 == test[1] >> 3 & 7: register = test[1] & 7
        default: return false
        }
        var isMoved = register == 0
        for instruction in behind {
            guard instruction.kind == .other else { return false }
            // MOV %al, %cl; MOV %eax, %ecx; MOVZBL %al, %ecx.
            let bytes = bytes(of: instruction) ?? []
            if bytes == [0x88, 0xc0 | register] || bytes == [0x89, 0xc0 | register] || bytes == [0x0f, 0xb6, 0xc0 | register << 3] { isMoved = true }
        }
        return isMoved
    }
}
