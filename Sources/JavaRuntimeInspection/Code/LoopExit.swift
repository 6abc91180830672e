internal import ProcessInspection

/// Whether a loop around a call ends by what the call gives: a reader that looks for an end mark, rather than a worker that takes work for ever.
struct LoopExit {
    let bytecode: JavaBytecode
    let flow: ControlFlow
    /// Rows of the loop's instructions, and of the call.
    let cycle: Set<Int>
    let call: Int

    private static let stores: ClosedRange<UInt8> = 54...86
    private static let duplicates: Set<UInt8> = [89, 90, 91]
    /// Jumps, assignments to fields, and values that are thrown away.
    private static let statementEnds: Set<UInt8> = Set(153...167).union([87, 88, 179, 181, 198, 199, 200, 206, 207, 208, 209])
    private static let longest = 24

    var isByWhatComes: Bool {
        let item = self.item
        return cycle.contains { row in
            flow.successors[row].count > 1 && flow.successors[row].contains { !cycle.contains($0) && returns($0) } && looksAt(item, before: row)
        }
    }

    /// Whether the loop ends by a count of its rounds or with the elements that it goes through, so that it was to do so often what it does.
    ///
    /// - Parameter isNext: whether an instruction asks an iterator for more.
    func isByCount(isNext: (JavaBytecode.Instruction) -> Bool) -> Bool {
        let counted = Set(cycle.compactMap { bytecode.counted(bytecode.instructions[$0]) })
        return cycle.contains { row in
            guard flow.successors[row].count > 1, flow.successors[row].contains(where: { !cycle.contains($0) }) else { return false }
            for before in (0..<row).reversed().prefix(4) {
                let instruction = bytecode.instructions[before]
                if isNext(instruction) { return true }
                if let local = bytecode.variable(instruction, wide: 21...21, short: 26...29), counted.contains(local) { return true }
                if Self.stores.contains(instruction.opcode) || Self.statementEnds.contains(instruction.opcode) { return false }
            }
            return false
        }
    }

    private func returns(_ row: Int) -> Bool {
        flow.reached(from: [row]).contains { (172...177).contains(bytecode.instructions[$0].opcode) }
    }

    /// The local variable that takes what the call gives; nil where it goes nowhere or into an expression.
    private var item: Int? {
        for row in bytecode.instructions.indices.dropFirst(call + 1).prefix(3) {
            let instruction = bytecode.instructions[row]
            // checkcast, and a copy for a comparison.
            if instruction.opcode == 192 || Self.duplicates.contains(instruction.opcode) { continue }
            return bytecode.variable(instruction, wide: 54...58, short: 59...78)
        }
        return nil
    }

    /// Whether the expression before a jump has the variable, or the call itself.
    private func looksAt(_ item: Int?, before jump: Int) -> Bool {
        for row in (0..<jump).reversed().prefix(Self.longest) {
            let instruction = bytecode.instructions[row]
            if row == call { return true }
            if let item, bytecode.variable(instruction, wide: 21...25, short: 26...45) == item { return true }
            let isAssignment = Self.stores.contains(instruction.opcode) && !(row > 0 && Self.duplicates.contains(bytecode.instructions[row - 1].opcode))
            if isAssignment || Self.statementEnds.contains(instruction.opcode) { return false }
        }
        return false
    }
}
