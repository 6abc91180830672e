/// The machine code of one function of a process.
struct FunctionCode {
    var symbol: String
    /// In the process's memory.
    var range: Range<UInt64>
    /// From its first byte to its last, in order.
    var instructions: [Instruction]

    private var switches: Set<UInt64> = []

    /// Longer functions are not read.
    private static let maximum_bytes: UInt64 = 1 << 18

    /// nil where it cannot be read or decoded from end to end.
    init?(symbol: String, range: Range<UInt64>, memory: any MemoryReader) {
        guard !range.isEmpty, range.upperBound - range.lowerBound <= Self.maximum_bytes,
            let bytes = try? memory.bytes(at: range.lowerBound, upTo: Int(range.upperBound - range.lowerBound)), bytes.count == range.count
        else { return nil }
        self.symbol = symbol
        self.range = range
        instructions = []
        var at = 0
        while at < bytes.count {
            guard let instruction = InstructionDecoder.decode(bytes[at...], at: range.lowerBound &+ UInt64(at)) else { return nil }
            instructions.append(instruction)
            at += instruction.length
        }
        var kept: [UInt8: Instruction.Kind?] = [:]
        for row in instructions.indices where instructions[row].kind == .indirectCall {
            if let slot = slot(loadedBefore: row, bytes) { instructions[row].kind = .callThrough(slot) }
            else if let register = register(calledAt: row, bytes), Self.kept.contains(register) {
                if kept[register] == nil { kept[register] = .some(call(byKept: register, bytes)) }
                if case .some(.some(let kind)) = kept[register] { instructions[row].kind = kind }
            }
        }
        for row in instructions.indices where instructions[row].kind == .indirectJump && row > 0 {
            let before = Array(bytes[Int(instructions[row - 1].address - range.lowerBound)..<Int(instructions[row].address - range.lowerBound)])
            let jump = Array(bytes[Int(instructions[row].address - range.lowerBound)...].prefix(instructions[row].length))
            if let register = CallOperand.registerOfJump(jump), CallOperand.addedTo(before) == register { switches.insert(instructions[row].address) }
        }
    }

    private func code(of instruction: Instruction, _ bytes: [UInt8]) -> [UInt8] {
        let at = Int(instruction.address - range.lowerBound)
        return Array(bytes[at..<at + instruction.length])
    }

    private func register(calledAt row: Int, _ bytes: [UInt8]) -> UInt8? { CallOperand.register(code(of: instructions[row], bytes)) }

    /// How far before a call its address is loaded, the arguments in between.
    private static let loadDistance = 16

    /// The fixed place that a call through a register takes its address from, as compilers load it that do not optimise.
    private func slot(loadedBefore row: Int, _ bytes: [UInt8]) -> UInt64? {
        guard let register = register(calledAt: row, bytes) else { return nil }
        for instruction in instructions[max(0, row - Self.loadDistance)..<row].reversed() {
            guard instruction.kind == .other else { return nil }
            let bytes = code(of: instruction, bytes)
            if CallOperand.isOfVectors(bytes) { continue }
            guard let operation = LookOperation(bytes, next: instruction.next) else { return nil }
            guard operation.writes.contains(.register(register)) else { continue }
            guard operation.isMove, case .place(let slot)? = operation.reads.first else { return nil }
            return slot
        }
        return nil
    }

    /// Registers that functions keep for their callers (System V ABI, 3.2.1): what is called again and again in a loop is kept in one.
    private static let kept: Set<UInt8> = [3, 5, 12, 13, 14, 15]

    /// A call through a register that is kept, where nothing else is ever put into it than one address.
    private func call(byKept register: UInt8, _ bytes: [UInt8]) -> Instruction.Kind? {
        var found: Set<Instruction.Kind> = []
        for instruction in instructions where instruction.operands & 1 << UInt16(register) != 0 {
            let bytes = code(of: instruction, bytes)
            if CallOperand.register(bytes) == register || CallOperand.isOfVectors(bytes) || CallOperand.isOfStack(bytes) { continue }
            guard let operation = LookOperation(bytes, next: instruction.next) else { return nil }
            guard operation.writes.contains(.register(register)) else { continue }
            if operation.isMove, case .place(let slot)? = operation.reads.first { found.insert(.callThrough(slot)) } else if let address = operation.address { found.insert(.call(address)) } else { return nil }
        }
        return found.count == 1 ? found.first : nil
    }

    /// Whether a jump through a register takes one of the function's own ways by a table of distances, as `switch` is compiled: the distance was added to the table's address.
    func isSwitch(_ jump: Instruction) -> Bool { switches.contains(jump.address) }

    /// Jumps back within the function, from where to where.
    private var jumpsBack: [(from: UInt64, to: UInt64)] {
        instructions.compactMap { instruction in
            switch instruction.kind {
            case .jump(let target), .branch(let target):
                target <= instruction.address && range.contains(target) ? (instruction.address, target) : nil
            default: nil
            }
        }
    }

    /// The outermost loop around an address: its first instruction, and the jump back to it.
    func loop(around address: UInt64) -> ClosedRange<UInt64>? {
        let jumps = jumpsBack
        var found: ClosedRange<UInt64>?
        for _ in 0..<64 {
            let low = found?.lowerBound ?? address
            guard let wider = jumps.filter({ $0.from >= low && $0.to < low }).min(by: { $0.to < $1.to }) else { break }
            found = wider.to...max(wider.from, found?.upperBound ?? 0)
        }
        return found
    }

    /// The innermost loop around an address, as it lies in memory.
    func innermostLoop(around address: UInt64) -> ArraySlice<Instruction>? { loops(around: address).first }

    /// The loops around an address, as they lie in memory, from the innermost to the outermost.
    func loops(around address: UInt64) -> [ArraySlice<Instruction>] {
        jumpsBack.filter { $0.to <= address && address <= $0.from }.sorted { $0.from - $0.to < $1.from - $1.to }.compactMap { jump in
            row(of: jump.to).flatMap { first in row(of: jump.from).map { instructions[first...$0] } }
        }
    }

    /// Whether a loop as it lies in memory is more than that: what is rarely run of it lies elsewhere, and leads back into it.
    func isLeftOnlyToComeBack(_ loop: ArraySlice<Instruction>, at address: UInt64, ends: (Instruction) -> Bool) -> Bool {
        guard let row = row(of: address), let whole = flow(ends)?.loops(around: row).first(where: { $0.contains(loop.startIndex) && $0.contains(loop.endIndex - 1) }) else { return false }
        return !whole.isSubset(of: Set(loop.indices))
    }

    /// The instructions that can run between going on at `address` and coming round to it; nil where a jump leads who knows where.
    ///
    /// - Parameter ends: calls that do not return.
    func cycle(through address: UInt64, ends: (Instruction) -> Bool) -> [Instruction]? {
        guard let first = row(of: address) else { return [] }
        return flow(ends)?.cycle(through: first).sorted().map { instructions[$0] }
    }

    /// Of some calls those without which the function does not come to `address` from its beginning: a call alone, or the loop that repeats it
    /// until what it waits for is there, and that may not have to.
    ///
    /// - Parameter asLoops: count the loops for the calls in them, but those of which a part lies elsewhere.
    func passed(before address: UInt64, among others: [Instruction], asLoops: Bool = true, ends: (Instruction) -> Bool) -> [Instruction] {
        guard let last = row(of: address), let flow = flow(ends) else { return [] }
        return others.filter { other in
            guard other.address != address, let row = row(of: other.address) else { return false }
            var rows = row..<row + 1
            if asLoops, let loop = innermostLoop(around: other.address), !loop.indices.contains(last), !isLeftOnlyToComeBack(loop, at: other.address, ends: ends) {
                rows = entry(of: loop.indices)..<loop.endIndex
            }
            var without = flow
            for row in rows { without.successors[row] = [] }
            return !without.reached(from: [0]).contains(last)
        }
    }

    /// Where a loop that is only entered if it has to be is asked about: a branch a few instructions before it, to where it ends.
    private func entry(of loop: Range<Int>) -> Int {
        let exit = instructions[loop.upperBound - 1].next
        let before = max(0, loop.lowerBound - 8)..<loop.lowerBound
        return before.last { instructions[$0].kind == .branch(exit) } ?? loop.lowerBound
    }

    private func row(of address: UInt64) -> Int? { instructions.firstIndex { $0.address == address } }

    /// nil where a jump leads who knows where.
    func flow(_ ends: (Instruction) -> Bool) -> ControlFlow? {
        let rows = Dictionary(instructions.indices.map { (instructions[$0].address, $0) }, uniquingKeysWith: { first, _ in first })
        var successors: [[Int]] = []
        for row in instructions.indices {
            var next: [Int] = []
            let instruction = instructions[row]
            switch instruction.kind {
            case .indirectJump: return nil
            case .jumpThrough, .end: break
            case .jump(let target): if let other = rows[target] { next = [other] }
            case .branch(let target): next = [row + 1] + (rows[target].map { [$0] } ?? [])
            case .call, .callThrough: if !ends(instruction) { next = [row + 1] }
            case .other, .indirectCall, .systemCall: next = [row + 1]
            }
            successors.append(next.filter { $0 < instructions.count })
        }
        return ControlFlow(successors: successors)
    }

    /// What can run, by the function's own branches, when it goes on at `address`; nil where a jump leads who knows where.
    ///
    /// - Parameter ends: calls that do not return.
    func reached(from address: UInt64, ends: (Instruction) -> Bool) -> [Instruction]? {
        if address == range.upperBound { return [] }
        guard let first = row(of: address), let flow = flow(ends) else { return nil }
        return flow.reached(from: [first]).sorted().map { instructions[$0] }
    }

    /// What can still run when the function goes on at `address`: from there to its end, or from the beginning of a loop around that.
    func remaining(from address: UInt64) -> ArraySlice<Instruction> {
        let start = loop(around: address)?.lowerBound ?? address
        return instructions[(instructions.firstIndex { $0.address >= start } ?? instructions.endIndex)...]
    }
}
