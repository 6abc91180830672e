/// One instruction of those by which compilers look at memory and compare: what it reads and writes. Others are none.
struct LookOperation {
    enum Operand: Hashable {
        case register(UInt8)
        /// Relative to the instruction.
        case place(UInt64)
        case memory(base: UInt8?, index: UInt8?, displacement: Int32, isAddressOnly: Bool)
    }
    private(set) var reads: [Operand] = []
    private(set) var writes: [Operand] = []
    /// Whether it writes what it read, as it is.
    private(set) var isMove = false
    /// The address that it computes, where that is fixed.
    private(set) var address: UInt64?

    private var at = 0
    private let bytes: [UInt8]
    private let next: UInt64
    private var rex: UInt8 = 0
    private var reg: UInt8 = 0
    private var rm = Operand.register(0)
    private var group: UInt8 { reg & 7 }

    init?(_ bytes: [UInt8], next: UInt64) {
        self.bytes = bytes
        self.next = next
        guard decode() else { return nil }
    }

    private mutating func byte() -> UInt8? {
        guard at < bytes.count else { return nil }
        defer { at += 1 }
        return bytes[at]
    }

    private mutating func word() -> Int32? {
        guard at + 4 <= bytes.count else { return nil }
        defer { at += 4 }
        return Int32(truncatingIfNeeded: bytes[at..<at + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }

    private mutating func operands(isAddressOnly: Bool = false) -> Bool {
        guard let modrm = byte() else { return false }
        let mode = modrm >> 6
        reg = modrm >> 3 & 7 | (rex & 4) << 1
        let low = modrm & 7
        if mode == 3 {
            rm = .register(low | (rex & 1) << 3)
            return true
        }
        var base: UInt8? = low | (rex & 1) << 3
        var index: UInt8?
        if low == 4 {
            guard let sib = byte() else { return false }
            base = sib & 7 | (rex & 1) << 3
            let number = sib >> 3 & 7 | (rex & 2) << 2
            if number != 4 { index = number }
            if mode == 0, sib & 7 == 5 { base = nil }
        } else if mode == 0, low == 5 {
            guard let displacement = word() else { return false }
            rm = .place(next &+ UInt64(bitPattern: Int64(displacement)))
            return true
        }
        var displacement: Int32 = 0
        if mode == 1 {
            guard let short = byte() else { return false }
            displacement = Int32(Int8(bitPattern: short))
        } else if mode == 2 || base == nil {
            guard let long = word() else { return false }
            displacement = long
        }
        rm = .memory(base: base, index: index, displacement: displacement, isAddressOnly: isAddressOnly)
        return true
    }

    /// The address of a local that an instruction takes.
    static func local(_ bytes: [UInt8], next: UInt64) -> Operand? {
        guard let operation = LookOperation(bytes, next: next), operation.isAddress else { return nil }
        return operation.rm
    }

    private var isAddress: Bool { if case .memory(_, _, _, true) = rm { true } else { false } }
    private var isRegister: Bool { if case .register = rm { true } else { false } }

    private mutating func decode() -> Bool {
        var opcode = byte()
        while let prefix = opcode, [0x66, 0xf2, 0xf3, 0xf0, 0x2e, 0x3e, 0x64].contains(prefix) { opcode = byte() }
        if let prefix = opcode, prefix & 0xf0 == 0x40 {
            rex = prefix
            opcode = byte()
        }
        guard let opcode else { return false }
        switch opcode {
        case 0x8a, 0x63: return operands() && into(.register(reg), from: [rm])
        case 0x88: return operands() && into(rm, from: [.register(reg)])
        case 0x89, 0x8b:
            isMove = rex & 8 != 0
            guard operands() else { return false }
            return opcode == 0x89 ? into(rm, from: [.register(reg)]) : into(.register(reg), from: [rm])
        case 0xc6, 0xc7: return operands() && group == 0 && into(rm, from: [])
        case 0xb0..<0xc0: return into(.register(opcode & 7 | (rex & 1) << 3), from: [])
        case 0x38...0x3b, 0x84, 0x85: return operands() && into(nil, from: [rm, .register(reg)])
        case 0x3c, 0x3d, 0xa8, 0xa9: return into(nil, from: [.register(0)])
        case 0x24, 0x25, 0x34, 0x35, 0x98: return into(.register(0), from: [.register(0)])
        case 0x80, 0x81, 0x83: return operands() && immediate()
        case 0xf6, 0xf7: return operands() && group <= 1 && into(nil, from: [rm])
        case 0x31 where isZeroing, 0x33 where isZeroing: return operands() && into(.register(reg), from: [])
        case 0x09, 0x21, 0x31: return operands() && isRegister && into(rm, from: [rm, .register(reg)])
        case 0x0b, 0x23, 0x33: return operands() && into(.register(reg), from: [rm, .register(reg)])
        case 0x8d: return operands(isAddressOnly: true) && computed()
        // A lock that is tried: what it writes is always the same.
        case 0x86, 0x87: return operands() && into(.register(reg), from: [rm, .register(reg)])
        case 0x50..<0x60, 0x90, 0xc9: return true
        case 0x0f: return twoByte()
        default: return false
        }
    }

    private var isZeroing: Bool {
        guard at < bytes.count else { return false }
        let modrm = bytes[at]
        return modrm >> 6 == 3 && modrm >> 3 & 7 == modrm & 7 && (rex & 4) >> 2 == rex & 1
    }

    private mutating func into(_ target: Operand?, from sources: [Operand]) -> Bool {
        reads += sources
        if let target { writes.append(target) }
        return true
    }

    /// The address of a place is none that is read.
    private mutating func computed() -> Bool {
        if case .place(let place) = rm {
            address = place
            return into(.register(reg), from: [])
        }
        if case .memory(let base, nil, _, _) = rm, base == 4 || base == 5 { return into(.register(reg), from: []) }
        return into(.register(reg), from: [rm])
    }

    /// CMP reads; OR, AND and XOR change a register by what is always the same; room on the stack is made and given back.
    private mutating func immediate() -> Bool {
        switch group {
        case 7: return into(nil, from: [rm])
        case 1, 4, 6: return isRegister && into(rm, from: [rm])
        case 0, 5: return rm == .register(4)
        default: return false
        }
    }

    private mutating func twoByte() -> Bool {
        guard let opcode = byte() else { return false }
        switch opcode {
        case 0x1e, 0x1f: return operands()
        case 0xae: return operands() && isRegister && group >= 5
        case 0xb6, 0xb7, 0xbe, 0xbf: return operands() && into(.register(reg), from: [rm])
        case 0x40..<0x50: return operands() && into(.register(reg), from: [rm, .register(reg)])
        case 0x90..<0xa0: return operands() && into(rm, from: [])
        case 0xb0, 0xb1: return operands() && into(.register(0), from: [rm, .register(reg), .register(0)])
        default: return false
        }
    }
}
