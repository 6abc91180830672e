internal import ProcessInspection

extension CodeUses {
    /// Where control may go in code, exceptions aside.
    func flow(_ code: [Instruction]) -> ControlFlow {
        let rows = Dictionary(code.indices.map { (code[$0].unit, $0) }, uniquingKeysWith: { first, _ in first })
        let handling = opcodes.handling
        let leaves = opcodes.returns.union([handling.raise, handling.reraise])
        let branches = opcodes.jumpsForward.union(handling.branches).union(opcodes.iterating).subtracting([handling.skip])
        return ControlFlow(
            successors: code.indices.map { row in
                let instruction = code[row]
                let behind = instruction.unit + 1 + opcodes.cacheUnits(instruction.opcode)
                let next = row + 1 < code.count ? [row + 1] : []
                func target(_ unit: Int) -> [Int] { rows[unit].map { [$0] } ?? [] }
                if leaves.contains(instruction.opcode) { return [] }
                if instruction.opcode == handling.skip { return target(behind + instruction.argument) }
                if branches.contains(instruction.opcode) { return next + target(behind + instruction.argument) }
                guard opcodes.jumpsBack.contains(instruction.opcode) else { return next }
                // What is awaited comes to its end at last, and from 3.11's conditional jumps back some go on.
                let isOnlyBack = handling.back.contains(instruction.opcode) && instruction.opcode != handling.again
                return target(behind - instruction.argument) + (isOnlyBack ? [] : next)
            })
    }
}

extension Opcodes {
    /// STORE_NAME.
    var storeName: UInt8 { minor <= 12 ? 90 : 114 }

    /// By which a loop over what comes begins and goes on: GET_ITER, FOR_ITER, GET_AITER, GET_ANEXT.
    var looping: Set<UInt8> { iterating.union(minor <= 12 ? [68, 93, 50, 51] : [19, 72, 16, 18]) }

    /// FOR_ITER in its specialised forms.
    var iterating: Set<UInt8> {
        switch minor {
        case 12: [62, 63, 64, 65]
        case 13...: [187, 188, 189, 190]
        default: []
        }
    }
}
