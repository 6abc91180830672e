/// Whether what coroutines come to is used when their `await` is over: each one's result by the one that awaits it.
struct ResultUse {
    let uses: CodeUses
    private var opcodes: Opcodes { uses.opcodes }

    /// - Parameter frames: of a task, innermost first.
    func isUsed(by frames: [PythonFrame]) -> Bool {
        for frame in frames.drop(while: \.code.isOfLibrary) {
            let code = uses.instructions(of: frame.code)
            guard let next = rowAfterAwait(frame, code) else { return false }
            if opcodes.returns.contains(code[next].opcode) { continue }
            if code[next].opcode != opcodes.handling.discard { return true }
            // What was awaited had no result; its own may be one.
            if !returnsValue(code, after: next) { return false }
        }
        return false
    }

    private func rowAfterAwait(_ frame: PythonFrame, _ code: [CodeUses.Instruction]) -> Int? {
        guard let end = code.firstIndex(where: { $0.unit >= frame.offset && $0.opcode == opcodes.handling.again }) else { return nil }
        let next = end + 1 < code.count && code[end + 1].opcode == opcodes.handling.received ? end + 2 : end + 1
        return next < code.count ? next : nil
    }

    /// Whether whatever it returns after that, outside of handlers of exceptions, is no constant.
    private func returnsValue(_ code: [CodeUses.Instruction], after row: Int) -> Bool {
        var past: Set<Int> = []
        var isInHandler = false
        var found = false
        for index in code.indices.dropFirst(row + 1) {
            let instruction = code[index]
            if instruction.opcode == opcodes.handlers { isInHandler = true }
            if past.contains(instruction.unit) { isInHandler = false }
            if isInHandler { continue }
            if opcodes.jumpsForward.contains(instruction.opcode) { past.insert(instruction.unit + 1 + opcodes.cacheUnits(instruction.opcode) + instruction.argument) }
            guard opcodes.returns.contains(instruction.opcode) else { continue }
            // RETURN_CONST, or RETURN_VALUE after LOAD_CONST.
            if opcodes.isConstantReturn(instruction.opcode) || opcodes.constants.contains(code[index - 1].opcode) { return false }
            found = true
        }
        return found
    }
}
