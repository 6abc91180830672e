/// One instruction of x86-64, as far as it says where control may go and what memory it refers to.
///
/// Source of the lengths: Intel's Software Developer's Manual, volume 2, appendix A (opcode maps) and 2.1-2.7 (ModRM, VEX, EVEX).
struct Instruction {
    enum Kind: Hashable {
        case other
        case call(UInt64)
        case jump(UInt64)
        case branch(UInt64)
        /// Through a register or memory whose address is not fixed.
        case indirectCall, indirectJump
        /// Through the pointer at a fixed place, as calls of other libraries are.
        case callThrough(UInt64), jumpThrough(UInt64)
        case systemCall
        /// Returns, or stops the program.
        case end
    }
    var address: UInt64
    var length: Int
    var kind = Kind.other
    /// What it refers to relative to itself.
    var reference: UInt64?
    /// How a whole word gets from one register or place to another.
    var move: Move?

    enum Move: Hashable {
        case load(to: UInt8, base: UInt8, offset: Int64)
        case store(from: UInt8, base: UInt8, offset: Int64)
        case copy(from: UInt8, to: UInt8)
    }

    /// No register: the instruction pointer is loaded.
    static let nowhere: UInt8 = 16
    /// Whether it computes the address of that, or of a local, and neither reads nor writes it.
    var takesAddress = false
    /// General registers that it may name as operands, a bit each; those by which memory is addressed are not among them.
    var operands: UInt16 = 0

    var next: UInt64 { address &+ UInt64(length) }
}

/// Decodes one instruction; nil for bytes that are none.
struct InstructionDecoder {
    private let bytes: ArraySlice<UInt8>
    private let address: UInt64
    private var at: Int
    private var wide = false
    private var narrow = false
    private var displacement: Int64?
    private var reg: UInt8 = 0
    private var isRegister = false
    private var rex: UInt8 = 0
    /// Of ModRM: the other register, or the base of a place without an index, and how far from it.
    private var other: UInt8?
    private var offset: Int64 = 0
    private var takesAddress = false
    private var operands: UInt16 = 0

    private static let longest = 15

    static func decode(_ bytes: ArraySlice<UInt8>, at address: UInt64) -> Instruction? {
        var decoder = InstructionDecoder(bytes: bytes.prefix(longest), address: address)
        var instruction = decoder.decode()
        instruction?.operands = decoder.operands
        return instruction
    }

    private init(bytes: ArraySlice<UInt8>, address: UInt64) {
        self.bytes = bytes
        self.address = address
        at = bytes.startIndex
    }

    private mutating func byte() -> UInt8? {
        guard at < bytes.endIndex else { return nil }
        defer { at += 1 }
        return bytes[at]
    }

    private mutating func skip(_ count: Int) -> Bool {
        at += count
        return at <= bytes.endIndex
    }

    private mutating func signed(_ count: Int) -> Int64? {
        guard at + count <= bytes.endIndex else { return nil }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[at + index]) << UInt64(8 * index) }
        at += count
        return count == 1 ? Int64(Int8(truncatingIfNeeded: value)) : Int64(Int32(truncatingIfNeeded: value))
    }

    private mutating func decode() -> Instruction? {
        var opcode = byte()
        while let prefix = opcode, [0x66, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x67].contains(prefix) {
            if prefix == 0x66 { narrow = true }
            opcode = byte()
        }
        if let prefix = opcode, prefix & 0xf0 == 0x40 {
            rex = prefix
            wide = prefix & 8 != 0
            opcode = byte()
        }
        guard let opcode else { return nil }
        switch opcode {
        case 0x0f: return twoByte()
        case 0xc4, 0xc5, 0x62: operands = .max
        case 0xc8, 0xc9: operands = 1 << 5
        case 0x50..<0x60, 0x91..<0x98, 0xb0..<0xc0: operands = 1 << UInt16(opcode & 7 | (rex & 1) << 3)
        default: break
        }
        switch opcode {
        case 0xc5: return skip(1) ? vector(map: 1) : nil
        case 0xc4:
            guard let map = byte(), skip(1) else { return nil }
            return vector(map: map & 0x1f)
        case 0x62:
            guard let map = byte(), skip(2) else { return nil }
            return vector(map: map & 7)
        default: return oneByte(opcode)
        }
    }

    /// ModRM with what follows of it; a place relative to the next instruction is kept in `displacement`.
    private mutating func operand() -> Bool {
        guard let modrm = byte() else { return false }
        let mode = modrm >> 6
        reg = modrm >> 3 & 7
        isRegister = mode == 3
        other = modrm & 7 | (rex & 1) << 3
        operands |= 1 << UInt16(reg | (rex & 4) << 1) | (isRegister ? 1 << UInt16(modrm & 7 | (rex & 1) << 3) : 0)
        if mode == 3 { return true }
        if modrm & 7 == 4 {
            guard let index = byte() else { return false }
            other = index >> 3 & 7 == 4 && rex & 2 == 0 ? index & 7 | (rex & 1) << 3 : nil
            if mode == 0, index & 7 == 5 {
                other = nil
                return skip(4)
            }
        } else if mode == 0, modrm & 7 == 5 {
            displacement = signed(4)
            other = nil
            return displacement != nil
        }
        guard mode != 0 else { return true }
        guard let distance = signed(mode == 1 ? 1 : 4) else { return false }
        offset = distance
        return true
    }

    private func done(_ kind: Instruction.Kind = .other) -> Instruction {
        let length = at - bytes.startIndex
        return Instruction(
            address: address, length: length, kind: kind, reference: displacement.map { address &+ UInt64(length) &+ UInt64(bitPattern: $0) }, takesAddress: takesAddress)
    }

    private mutating func plain(immediate: Int = 0) -> Instruction? { operand() && skip(immediate) ? done() : nil }

    /// MOV of a register to (0x89) or from (0x8b) another or memory.
    private mutating func moved(isLoad: Bool) -> Instruction? {
        guard operand() else { return nil }
        var instruction = done()
        guard wide, let other else { return instruction }
        let register = reg | (rex & 4) << 1
        if isRegister { instruction.move = isLoad ? .copy(from: other, to: register) : .copy(from: register, to: other) }
        else { instruction.move = isLoad ? .load(to: register, base: other, offset: offset) : .store(from: register, base: other, offset: offset) }
        return instruction
    }

    private mutating func relative(_ size: Int, _ make: (UInt64) -> Instruction.Kind) -> Instruction? {
        guard let offset = signed(size) else { return nil }
        return done(make(address &+ UInt64(at - bytes.startIndex) &+ UInt64(bitPattern: offset)))
    }

    private var immediate: Int { narrow && !wide ? 2 : 4 }

    private mutating func oneByte(_ opcode: UInt8) -> Instruction? {
        switch opcode {
        case 0x00..<0x40:
            switch opcode & 7 {
            case 0..<4: return plain()
            case 4: return skip(1) ? done() : nil
            case 5: return skip(immediate) ? done() : nil
            default: return nil
            }
        case 0x50..<0x60, 0x6c..<0x70, 0x90..<0x9a, 0x9b..<0xa0, 0xa4..<0xa8, 0xaa..<0xb0, 0xc9, 0xd7, 0xec..<0xf0, 0xf1, 0xf5, 0xf8..<0xfe: return done()
        case 0x89, 0x8b: return moved(isLoad: opcode == 0x8b)
        case 0x8d:
            takesAddress = true
            return plain()
        case 0x63, 0x84..<0x8d, 0x8e, 0x8f, 0xd0..<0xd4, 0xd8..<0xe0, 0xfe: return plain()
        case 0x68, 0xa9: return skip(immediate) ? done() : nil
        case 0x69, 0x81, 0xc7: return plain(immediate: immediate)
        case 0x6a, 0xa8, 0xb0..<0xb8, 0xe4..<0xe8, 0xcd: return skip(1) ? done() : nil
        case 0x6b, 0x80, 0x83, 0xc0, 0xc1, 0xc6: return plain(immediate: 1)
        case 0x70..<0x80, 0xe0..<0xe4: return relative(1) { .branch($0) }
        case 0xa0..<0xa4: return skip(8) ? done() : nil
        case 0xb8..<0xc0: return skip(wide ? 8 : immediate) ? done() : nil
        case 0xc2, 0xca: return skip(2) ? done(.end) : nil
        case 0xc3, 0xcb, 0xcf, 0xcc, 0xf4: return done(.end)
        case 0xc8: return skip(3) ? done() : nil
        case 0xe8: return relative(4) { .call($0) }
        case 0xe9: return relative(4) { .jump($0) }
        case 0xeb: return relative(1) { .jump($0) }
        case 0xf6, 0xf7: return group3(opcode)
        case 0xff: return group5()
        default: return nil
        }
    }

    /// TEST has an immediate, its neighbours have none.
    private mutating func group3(_ opcode: UInt8) -> Instruction? {
        guard operand() else { return nil }
        return reg > 1 || skip(opcode == 0xf6 ? 1 : immediate) ? done() : nil
    }

    private mutating func group5() -> Instruction? {
        guard operand() else { return nil }
        let place = displacement.map { address &+ UInt64(at - bytes.startIndex) &+ UInt64(bitPattern: $0) }
        var instruction: Instruction
        switch reg {
        case 2, 3: instruction = done(place.map { .callThrough($0) } ?? .indirectCall)
        case 4, 5: instruction = done(place.map { .jumpThrough($0) } ?? .indirectJump)
        default: return done()
        }
        if place == nil, !isRegister, let other { instruction.move = .load(to: Instruction.nowhere, base: other, offset: offset) }
        return instruction
    }

    private static let withByte: Set<UInt8> = [0x0f, 0x70, 0x71, 0x72, 0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6]

    private mutating func twoByte() -> Instruction? {
        guard let opcode = byte() else { return nil }
        switch opcode {
        case 0x05, 0x34: return done(.systemCall)
        case 0x0b: return done(.end)
        case 0xa2, 0xc7, 0xc8..<0xd0: operands = .max
        default: break
        }
        switch opcode {
        case 0x06...0x09, 0x0e, 0x30..<0x38, 0x77, 0xa0...0xa2, 0xa8...0xaa, 0xc8..<0xd0: return done()
        case 0x38: return skip(1) ? plain() : nil
        case 0x3a: return skip(1) ? plain(immediate: 1) : nil
        case 0x80..<0x90: return relative(4) { .branch($0) }
        default: return plain(immediate: Self.withByte.contains(opcode) ? 1 : 0)
        }
    }

    private mutating func vector(map: UInt8) -> Instruction? {
        guard let opcode = byte() else { return nil }
        switch map {
        case 1: return opcode == 0x77 ? done() : plain(immediate: Self.withByte.contains(opcode) ? 1 : 0)
        case 2, 5, 6: return plain()
        case 3: return plain(immediate: 1)
        default: return nil
        }
    }
}
