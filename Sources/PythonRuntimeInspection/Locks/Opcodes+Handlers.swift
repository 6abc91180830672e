/// Instructions of handlers of exceptions, and those that follow an `await` (Include/opcode.h, from 3.13 on Include/opcode_ids.h).
extension Opcodes {
    struct Handling {
        /// CHECK_EXC_MATCH, POP_EXCEPT, RERAISE, WITH_EXCEPT_START, POP_TOP, JUMP_FORWARD.
        var match, leave, reraise, with, discard, skip: UInt8
        /// JUMP_BACKWARD; JUMP_BACKWARD_NO_INTERRUPT, with which every `await` ends, and END_SEND, which may follow; SEND and YIELD_VALUE.
        var back: Set<UInt8>, again: UInt8, received: UInt8?, awaits: Set<UInt8>
        /// Conditional jumps to later instructions, the one if false first; RAISE_VARARGS; what puts a handler's variable away.
        var branches: [UInt8], raise: UInt8, tidies: Set<UInt8>
    }

    /// RETURN_CONST.
    func isConstantReturn(_ opcode: UInt8) -> Bool { minor == 12 && opcode == 121 || minor >= 13 && opcode == 103 }

    var handling: Handling {
        switch minor {
        case 11:
            Handling(match: 36, leave: 89, reraise: 119, with: 49, discard: 1, skip: 110, back: [38, 140], again: 134, received: nil, awaits: [86, 123], branches: [114, 115, 128, 129, 93], raise: 130, tidies: [9, 100, 125, 126])
        case 12:
            Handling(match: 36, leave: 89, reraise: 119, with: 49, discard: 1, skip: 110, back: [140], again: 134, received: 5, awaits: [123, 150], branches: [114, 115, 128, 129, 93], raise: 130, tidies: [9, 100, 125, 126])
        default:
            Handling(match: 7, leave: 31, reraise: 102, with: 44, discard: 32, skip: 79, back: [77], again: 78, received: 12, awaits: [104, 118], branches: [97, 98, 99, 100, 72], raise: 101, tidies: [30, 65, 83, 110])
        }
    }
}
