internal import ProcessInspection

/// The bytecode of a method, as far as it says what may be called and where control may go.
///
/// In linked classes HotSpot has replaced some instructions by faster ones: share/interpreter/bytecodes.hpp.
struct JavaBytecode {
    struct Instruction {
        var index: Int
        var opcode: UInt8
        var length: Int
        var targets: [Int] = []
    }
    private(set) var instructions: [Instruction] = []
    private let code: [UInt8]

    /// nil for what cannot be decoded to its end.
    init?(_ code: [UInt8]) {
        self.code = code
        var at = 0
        while at < code.count {
            guard let instruction = Self.decode(code, at), at + instruction.length <= code.count else { return nil }
            instructions.append(instruction)
            at += instruction.length
        }
    }

    /// Two bytes of the operand, in the machine's order: how linked code refers to the cache of its constant pool.
    func cacheIndex(_ instruction: Instruction) -> Int { Int(code[instruction.index + 1]) | Int(code[instruction.index + 2]) << 8 }

    /// invokedynamic's: the complement, in four bytes.
    func dynamicIndex(_ instruction: Instruction) -> Int { Int(~Int32(truncatingIfNeeded: Self.number(code, instruction.index + 1, 4, isNative: true))) }

    /// The number of the local variable that an instruction loads or stores: five opcodes that name it, then four of each kind that are it.
    func variable(_ instruction: Instruction, wide: ClosedRange<UInt8>, short: ClosedRange<UInt8>) -> Int? {
        if wide.contains(instruction.opcode), instruction.length == 2 { return Int(code[instruction.index + 1]) }
        return short.contains(instruction.opcode) ? Int(instruction.opcode - short.lowerBound) % 4 : nil
    }

    /// The local variable that `iinc` counts.
    func counted(_ instruction: Instruction) -> Int? { instruction.opcode == 132 ? Int(code[instruction.index + 1]) : nil }

    /// Of a field that an instruction reads or writes; some load their object first.
    func fieldIndex(_ instruction: Instruction) -> Int { Int(code[instruction.index + instruction.length - 2]) | Int(code[instruction.index + instruction.length - 1]) << 8 }

    /// getstatic, getfield and putstatic, putfield, in all the forms that HotSpot makes of them.
    static let reads: Set<UInt8> = [178, 180, 203, 204, 205, 206, 207, 208, 209, 210, 221, 222, 223, 234]
    static let writes: Set<UInt8> = [179, 181, 211, 212, 213, 214, 215, 216, 217, 218, 219, 235]
    static let invokes: Set<UInt8> = [182, 183, 184, 185, 227, 233]
    static let dynamic: UInt8 = 186

    /// Ends of a method: returns and throws. A handler of exceptions lies behind what it guards.
    private static let ends: Set<UInt8> = [172, 173, 174, 175, 176, 177, 191, 232]

    var flow: ControlFlow {
        let rows = Dictionary(instructions.indices.map { (instructions[$0].index, $0) }, uniquingKeysWith: { first, _ in first })
        return ControlFlow(
            successors: instructions.indices.map { row in
                let instruction = instructions[row]
                let jumps = instruction.targets.compactMap { rows[$0] }
                return Self.ends.contains(instruction.opcode) || [167, 200, 170, 171, 228, 229].contains(instruction.opcode) ? jumps : jumps + [row + 1]
            })
    }

    /// What can still run when the call at `index` returns: from behind it, or from the beginning of a loop around it, to the end.
    func remaining(behind index: Int) -> ArraySlice<Instruction> {
        var start = instructions.first { $0.index > index }?.index ?? index
        for _ in 0..<64 {
            let earlier = instructions.filter { $0.index >= start }.flatMap(\.targets).filter { $0 < start }.min() ?? start
            if earlier == start { break }
            start = earlier
        }
        return instructions[(instructions.firstIndex { $0.index >= start } ?? instructions.endIndex)...]
    }

    // MARK: Decoding: The Java Virtual Machine Specification, chapter 6

    private static func number(_ code: [UInt8], _ at: Int, _ count: Int, isNative: Bool = false) -> Int {
        guard at >= 0, at + count <= code.count else { return 0 }
        let bytes = code[at..<at + count]
        let value = (isNative ? Array(bytes.reversed()) : Array(bytes)).reduce(0) { $0 << 8 | UInt32($1) }
        return count == 2 ? Int(Int16(truncatingIfNeeded: value)) : Int(Int32(truncatingIfNeeded: value))
    }

    private static func decode(_ code: [UInt8], _ at: Int) -> Instruction? {
        let opcode = code[at]
        switch opcode {
        case 153...168, 198, 199: return Instruction(index: at, opcode: opcode, length: 3, targets: [at + number(code, at + 1, 2)])
        case 200, 201: return Instruction(index: at, opcode: opcode, length: 5, targets: [at + number(code, at + 1, 4)])
        case 170, 171, 228, 229: return choice(code, at, opcode)
        case 196: return Instruction(index: at, opcode: opcode, length: at + 1 < code.count && code[at + 1] == 132 ? 6 : 4)
        default: return length(opcode).map { Instruction(index: at, opcode: opcode, length: $0) }
        }
    }

    private static func length(_ opcode: UInt8) -> Int? {
        switch opcode {
        case 16, 18, 21...25, 54...58, 169, 188, 224, 230, 237: 2
        case 17, 19, 20, 132, 178...184, 187, 189, 192, 193, 203...219, 226, 227, 231, 233...235: 3
        case 197, 221...223, 225: 4
        case 185, 186: 5
        case 0...201, 220, 232, 236: 1
        default: nil
        }
    }

    /// tableswitch and lookupswitch: the default, then the cases, all relative to the instruction.
    private static func choice(_ code: [UInt8], _ at: Int, _ opcode: UInt8) -> Instruction? {
        let base = (at + 4) & ~3
        var targets = [at + number(code, base, 4)]
        if opcode == 170 {
            let low = number(code, base + 4, 4)
            let high = number(code, base + 8, 4)
            guard low <= high, high - low < 65_536 else { return nil }
            for row in 0...(high - low) { targets.append(at + number(code, base + 12 + 4 * row, 4)) }
            return Instruction(index: at, opcode: opcode, length: base + 12 + 4 * (high - low + 1) - at, targets: targets)
        }
        let count = number(code, base + 4, 4)
        guard count >= 0, count < 65_536 else { return nil }
        for row in 0..<count { targets.append(at + number(code, base + 12 + 8 * row, 4)) }
        return Instruction(index: at, opcode: opcode, length: base + 8 + 8 * count - at, targets: targets)
    }
}
