/// What a call or a jump through a register goes through.
enum CallOperand {
    /// The register of `call *%reg` (0xff /2 with a register); nil for any other instruction.
    static func register(_ bytes: [UInt8]) -> UInt8? { register(bytes, group: 0xd0) }

    /// The register of `jmp *%reg` (0xff /4 with a register), maybe after `notrack`.
    static func registerOfJump(_ bytes: [UInt8]) -> UInt8? { register(bytes.first == 0x3e ? Array(bytes.dropFirst()) : bytes, group: 0xe0) }

    private static func register(_ bytes: [UInt8], group: UInt8) -> UInt8? {
        let rest = bytes.drop { $0 & 0xf0 == 0x40 }
        guard rest.count == 2, rest.first == 0xff, let operand = rest.last, operand & 0xf8 == group else { return nil }
        return operand & 7 | (bytes.first.map { $0 & 0xf1 == 0x41 } == true ? 8 : 0)
    }

    /// PUSH and POP of a register, by which functions keep it for their callers.
    static func isOfStack(_ bytes: [UInt8]) -> Bool {
        let rest = bytes.first == 0x41 ? bytes.dropFirst() : bytes[...]
        return rest.count == 1 && rest.first.map { (0x50..<0x60).contains($0) } == true
    }

    /// The register that a whole register is added to (0x01, 0x03 with REX.W); nil for any other instruction.
    static func addedTo(_ bytes: [UInt8]) -> UInt8? {
        guard bytes.count == 3, bytes[0] & 0xf8 == 0x48, bytes[2] >> 6 == 3 else { return nil }
        switch bytes[1] {
        case 0x01: return bytes[2] & 7 | (bytes[0] & 1) << 3
        case 0x03: return bytes[2] >> 3 & 7 | (bytes[0] & 4) << 1
        default: return nil
        }
    }

    /// Whether an instruction only moves vectors (MOVUPS, MOVAPS, MOVDQA and their like): it changes none of the registers of addresses.
    static func isOfVectors(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while let prefix = rest.first, [0x66, 0xf2, 0xf3].contains(prefix) || prefix & 0xf0 == 0x40 { rest = rest.dropFirst() }
        guard rest.first == 0x0f, let opcode = rest.dropFirst().first else { return false }
        return [0x10, 0x11, 0x28, 0x29, 0x57, 0x6f, 0x7f].contains(opcode)
    }
}
