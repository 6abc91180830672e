internal import Evidence

/// Where an instruction writes, besides registers and its own function's part of the stack.
enum MemoryWrite: Equatable {
    case nowhere
    /// At an address relative to its own.
    case place
    case anywhere

    private static let stack: UInt8 = 4, frame: UInt8 = 5
    /// Opcodes of one byte that write to where ModRM says.
    private static let writes: Set<UInt8> = [
        0x00, 0x01, 0x08, 0x09, 0x10, 0x11, 0x18, 0x19, 0x20, 0x21, 0x28, 0x29, 0x30, 0x31, 0x86, 0x87, 0x88, 0x89, 0x8c, 0x8f, 0xc0, 0xc1, 0xc6, 0xc7,
        0xd0, 0xd1, 0xd2, 0xd3, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
    ]
    /// Of two bytes, those of vectors among them.
    private static let longWrites: Set<UInt8> = [
        0x11, 0x13, 0x17, 0x29, 0x2b, 0x7e, 0x7f, 0xa4, 0xa5, 0xab, 0xac, 0xad, 0xb0, 0xb1, 0xb3, 0xba, 0xbb, 0xc0, 0xc1, 0xc3, 0xc7, 0xd6, 0xe7,
    ]
    /// INS, MOVS, STOS and MOV to a fixed address: no ModRM.
    private static let always: Set<UInt8> = [0x6c, 0x6d, 0xa2, 0xa3, 0xa4, 0xa5, 0xaa, 0xab]

    /// - Parameter hasFrame: the function keeps the place of its locals in RBP.
    init(_ bytes: [UInt8], hasFrame: Bool) {
        var at = 0
        while at < bytes.count, [0x66, 0xf2, 0xf3, 0xf0, 0x2e, 0x3e, 0x64, 0x65].contains(bytes[at]) { at += 1 }
        var isExtended = false
        if at < bytes.count, bytes[at] & 0xf0 == 0x40 {
            isExtended = bytes[at] & 1 != 0
            at += 1
        }
        guard at + 1 < bytes.count else {
            // One byte alone: what pushes and pops, or STOS and the like.
            self = at < bytes.count && !Self.always.contains(bytes[at]) ? .nowhere : .anywhere
            return
        }
        let group = bytes[at + 1] >> 3 & 7
        switch bytes[at] {
        case 0x0f:
            let isWrite = Self.longWrites.contains(bytes[at + 1]) || (0x90..<0xa0).contains(bytes[at + 1])
            self = isWrite ? Self.operand(bytes, at + 2, isExtended, hasFrame) : .nowhere
        // VEX and EVEX.
        case 0xc4, 0xc5, 0x62:
            let row = at + (bytes[at] == 0xc5 ? 2 : bytes[at] == 0xc4 ? 3 : 4)
            let isWrite = row < bytes.count && Self.longWrites.contains(bytes[row])
            self = isWrite ? Self.operand(bytes, row + 1, bytes[at] != 0xc5 && bytes[at + 1] & 0x20 == 0, hasFrame) : .nowhere
        case 0x80, 0x81, 0x83: self = group == 7 ? .nowhere : Self.operand(bytes, at + 1, isExtended, hasFrame)
        case 0xf6, 0xf7: self = group == 2 || group == 3 ? Self.operand(bytes, at + 1, isExtended, hasFrame) : .nowhere
        case 0xfe, 0xff: self = group <= 1 ? Self.operand(bytes, at + 1, isExtended, hasFrame) : .nowhere
        case let opcode where Self.always.contains(opcode): self = .anywhere
        case let opcode: self = Self.writes.contains(opcode) ? Self.operand(bytes, at + 1, isExtended, hasFrame) : .nowhere
        }
    }

    /// What ModRM names: a register, what lies by way of the stack's or the frame's register, or other memory.
    private static func operand(_ bytes: [UInt8], _ at: Int, _ isExtended: Bool, _ hasFrame: Bool) -> MemoryWrite {
        guard at < bytes.count else { return .anywhere }
        let mode = bytes[at] >> 6
        if mode == 3 { return .nowhere }
        var base = bytes[at] & 7
        if mode == 0, base == frame { return .place }
        if base == stack {
            guard at + 1 < bytes.count else { return .anywhere }
            base = bytes[at + 1] & 7
            if mode == 0, base == frame { return .anywhere }
        }
        return !isExtended && (base == stack || hasFrame && base == frame) ? .nowhere : .anywhere
    }
}

extension CodeReach {
    private static let frameSetUp: [UInt8] = [0x48, 0x89, 0xe5]

    /// The fixed places that code which a thread can still come to may write to; nil where it may write elsewhere, but for its own stack.
    func writes(from frames: [UInt64]) -> Set<UInt64>? {
        let search = search(from: frames, byWays: true)
        guard search.shortfall == nil, search.imported.allSatisfy(Releasing.isOutput) else { return nil }
        let own = ahead(of: frames.filter(isProgram), true).compactMap { ahead in ahead.code.map { ($0, ahead.instructions) } }
        var places: Set<UInt64> = []
        for (code, instructions) in own + search.seen.compactMap({ function(at: $0) }).map({ ($0, $0.instructions[...]) }) {
            if Releasing.isLeafOfRust(code.symbol) || Releasing.isOfRust(code.symbol) { continue }
            let hasFrame = code.instructions.prefix(4).contains { bytes(of: $0) == Self.frameSetUp }
            for instruction in instructions where instruction.kind == .other {
                switch bytes(of: instruction).map({ MemoryWrite($0, hasFrame: hasFrame) }) {
                case .nowhere?: break
                case .place?: if let place = instruction.reference { places.insert(place) } else { return nil }
                case .anywhere?, nil: return nil
                }
            }
        }
        return places
    }

    /// Whether the program, from its beginning on, takes the address of one of some places, so that they may be read by way of a pointer; nil
    /// where that cannot be told.
    func takesAddress(of places: Set<UInt64>) -> Bool? {
        guard let module = modules.modules.first, let linked = module.image.address(ofSymbol: "main") else { return nil }
        return places.isEmpty ? false : refers(to: places, from: [linked &+ module.bias], byAddress: true)
    }
}
