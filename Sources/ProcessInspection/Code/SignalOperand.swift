/// Which object a call is about that signals or waits at one, as far as the instructions before it tell.
enum SignalOperand: Hashable {
    case address(UInt64)
    /// So far into something to which a register leads.
    case member(Int64)
    case unknown

    /// Whether it may be the object at an address.
    func mayBe(_ object: UInt64) -> Bool { if case .address(let address) = self { address == object } else { true } }

    /// Whether it is shown to be the object at an address, which is waited at by a call about `own`: members of one class lie equally far into it.
    func isShown(_ object: UInt64, asIn own: SignalOperand) -> Bool {
        switch self {
        case .address(let address): address == object
        case .member: self == own
        case .unknown: false
        }
    }
}

extension CodeReach {
    /// The first argument (System V ABI, AMD64, 3.2.3).
    private static let argument: UInt8 = 7
    private static let stack: UInt8 = 4
    /// Registers that functions keep for their callers (3.2.1).
    private static let kept: Set<UInt8> = [3, 5, 12, 13, 14, 15]
    /// Registers by which arguments are handed over (3.2.3).
    private static let handed: Set<UInt8> = [1, 2, 6, 7, 8, 9]
    private static let stateLimit = 4000

    private struct State: Hashable {
        var row: Int
        var register: UInt8
        var offset: Int64
    }

    /// What a call is about, by how its first argument comes about on each of the ways that lead to it.
    func operand(of call: Instruction, in code: FunctionCode) -> SignalOperand {
        guard let row = code.instructions.firstIndex(where: { $0.address == call.address }), let flow = code.flow(doesNotReturn) else { return .unknown }
        let before = flow.predecessors
        var queue = [State(row: row, register: Self.argument, offset: 0)]
        var seen = Set(queue)
        var found: Set<SignalOperand> = []
        while let state = queue.popLast() {
            guard seen.count < Self.stateLimit else { return .unknown }
            if state.row == 0 { found.insert(Self.handed.contains(state.register) ? .member(state.offset) : .unknown) }
            for row in before[state.row] {
                switch follow(state, back: code.instructions[row], row) {
                case .state(let next): if seen.insert(next).inserted { queue.append(next) }
                case .operand(let operand): found.insert(operand)
                }
            }
            if found.count > 1 { return .unknown }
        }
        return found.first ?? .unknown
    }

    private enum Origin {
        case state(State)
        case operand(SignalOperand)
    }

    private func follow(_ state: State, back instruction: Instruction, _ row: Int) -> Origin {
        var next = State(row: row, register: state.register, offset: state.offset)
        if isCall(instruction) || instruction.kind == .indirectCall { return Self.kept.contains(state.register) ? .state(next) : .operand(.unknown) }
        guard instruction.kind == .other, let bytes = bytes(of: instruction) else { return .state(next) }
        switch effect(of: instruction, bytes, on: state.register) {
        case .none: break
        case .adds(let distance): next.offset += distance
        case .copies(let other): next.register = other
        case .takes(let address): return .operand(.address(address &+ UInt64(bitPattern: state.offset)))
        case .leads(let distance): return .operand(.member(distance + state.offset))
        case .unclear: return .operand(.unknown)
        }
        return .state(next)
    }

    private enum Effect {
        case none, unclear
        case adds(Int64)
        case copies(UInt8)
        case takes(UInt64)
        case leads(Int64)
    }

    /// What an instruction does to a register that is to hold an address.
    private func effect(of instruction: Instruction, _ bytes: [UInt8], on register: UInt8) -> Effect {
        if Self.isOfStrings(bytes) { return [1, 6, 7].contains(register) ? .unclear : .none }
        guard instruction.operands & 1 << UInt16(register) != 0 else { return .none }
        if let distance = Self.distanceAdded(by: bytes, to: register) { return .adds(distance) }
        // MOV $imm32, %r32: an address in a program that is not to lie anywhere.
        if bytes.count == 5, bytes[0] == 0xb8 + register { return .takes(bytes[1...].reversed().reduce(0) { $0 << 8 | UInt64($1) }) }
        if CallOperand.isOfVectors(bytes) { return .none }
        guard let operation = LookOperation(bytes, next: instruction.next) else { return .unclear }
        guard operation.writes.contains(.register(register)) else { return .none }
        if let address = operation.address { return .takes(address) }
        if case .memory(let base?, nil, let displacement, true)? = LookOperation.local(bytes, next: instruction.next) { return base == Self.stack ? .leads(0) : .leads(Int64(displacement)) }
        guard operation.isMove, let source = operation.reads.first else { return .unclear }
        switch source {
        case .register(let other): return .copies(other)
        // What was put aside on the stack is no pointer as it was handed over.
        case .memory(Self.stack?, _, _, _): return .unclear
        case .place, .memory: return .leads(0)
        }
    }

    /// ADD and SUB of a number (0x83, 0x81 with groups 0 and 5, 0x05), of whole registers.
    private static func distanceAdded(by bytes: [UInt8], to register: UInt8) -> Int64? {
        guard bytes.count >= 4, bytes[0] & 0xf8 == 0x48 else { return nil }
        func number(from row: Int) -> Int64 { Int64(Int32(truncatingIfNeeded: bytes[row...].reversed().reduce(0) { $0 << 8 | UInt64($1) })) }
        if bytes[1] == 0x05, bytes.count == 6 { return register == 0 ? number(from: 2) : nil }
        guard bytes[2] >> 6 == 3, bytes[2] & 7 | (bytes[0] & 1) << 3 == register, [0, 5].contains(bytes[2] >> 3 & 7) else { return nil }
        let sign: Int64 = bytes[2] >> 3 & 7 == 0 ? 1 : -1
        switch (bytes[1], bytes.count) {
        case (0x83, 4): return sign * Int64(Int8(bitPattern: bytes[3]))
        case (0x81, 7): return sign * number(from: 3)
        default: return nil
        }
    }

    /// MOVS and STOS, which count in registers that they do not name.
    private static func isOfStrings(_ bytes: [UInt8]) -> Bool {
        let rest = bytes.drop { [0x66, 0xf2, 0xf3].contains($0) || $0 & 0xf0 == 0x40 }
        return rest.count == 1 && rest.first.map { [0xa4, 0xa5, 0xaa, 0xab].contains($0) } == true
    }
}
