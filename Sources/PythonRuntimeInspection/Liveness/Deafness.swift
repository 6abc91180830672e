/// Whether a task that is asked to end stands where it would take no notice: within a `try` in a loop, whose handler takes the request like any failure,
/// changes nothing by which the loop could tell, and goes round again.
struct Deafness {
    let objects: PythonObjects
    let uses: CodeUses
    private var opcodes: Opcodes { uses.opcodes }

    private static let frameLimit = 16
    private static let hops = 8
    private static let caught: Set<String> = ["BaseException", "CancelledError"]
    /// Besides those of which `PollLoop` knows that they change nothing.
    private static let calls = PollLoop.calls.union(["type", "__name__", "asyncio", "exceptions", "traceback", "print_exc", "exception", "warn"]).union(caught)

    /// - Parameter frames: of the task, innermost first.
    func isShown(_ frames: [PythonFrame]) -> Bool {
        for frame in frames.prefix(Self.frameLimit) {
            // It is in the middle of putting things in order.
            if frame.stack.contains(where: isException) { return false }
            if !frame.code.isOfLibrary, goesRound(frame) { return true }
        }
        return false
    }

    private func isException(_ value: UInt64) -> Bool { objects.type(of: value)?.lineage.contains("BaseException") == true }

    private func goesRound(_ frame: PythonFrame) -> Bool {
        let code = uses.instructions(of: frame.code)
        var rows: [Int: Int] = [:]
        for (row, instruction) in code.enumerated() { rows[instruction.unit] = row }
        guard let handler = handler(of: frame, code, rows), let body = bodyOfClause(from: handler, frame.code, code, rows), isPlain(body, frame.code, code) else { return false }
        return comesBack(to: frame.offset, from: body.upperBound + 1, code, rows)
    }

    /// The row of the handler that an exception comes to at last: those of `with` blocks and loops hand it on.
    private func handler(of frame: PythonFrame, _ code: [CodeUses.Instruction], _ rows: [Int: Int]) -> Int? {
        var unit = frame.offset
        for _ in 0..<Self.hops {
            guard let next = frame.code.exceptions.handler(at: unit), let row = rows[next], row + 1 < code.count else { return nil }
            if code[row].opcode != opcodes.handlers { unit = next } else if code[row + 1].opcode == opcodes.handling.with {
                guard let passes = code[row...].first(where: { $0.opcode == opcodes.handling.reraise }) else { return nil }
                unit = passes.unit
            } else {
                return row
            }
        }
        return nil
    }

    /// The rows of the clause that takes a cancellation, up to where the handler is left.
    private func bodyOfClause(from handler: Int, _ code: PythonCode, _ all: [CodeUses.Instruction], _ rows: [Int: Int]) -> Range<Int>? {
        let handling = opcodes.handling
        var row = handler + 1
        for _ in 0..<Self.hops {
            guard row + 3 < all.count else { return nil }
            var start: Int? = all[row].opcode == handling.discard ? row + 1 : nil
            if start == nil {
                guard let match = all[row...].prefix(Self.frameLimit).firstIndex(where: { $0.opcode == handling.match }), match + 2 < all.count, all[match + 1].opcode == handling.branches[0] else { return nil }
                let names = uses.use(of: code, from: all[row].unit, to: all[match].unit)
                if names.globals.union(names.attributes).isDisjoint(with: Self.caught) {
                    guard let next = rows[all[match + 1].unit + 1 + opcodes.cacheUnits(all[match + 1].opcode) + all[match + 1].argument] else { return nil }
                    row = next
                    continue
                }
                // The exception is put into its variable, or thrown away.
                start = match + 3
            }
            guard let start, let end = all[start...].firstIndex(where: { $0.opcode == handling.leave }) else { return nil }
            return start..<end
        }
        return nil
    }

    /// No way out of it but its end, and nothing that changes anything; in a loop that nothing but an exception leaves, what it counts makes no difference.
    private func isPlain(_ body: Range<Int>, _ code: PythonCode, _ all: [CodeUses.Instruction]) -> Bool {
        let handling = opcodes.handling
        let others = opcodes.returns.union(handling.branches).union([handling.raise, handling.reraise]).union(opcodes.steps.subtracting(handling.awaits))
        guard !all[body].contains(where: { others.contains($0.opcode) }), let first = all[body].first, let last = all[body].last else { return body.isEmpty }
        let use = uses.use(of: code, from: first.unit, to: last.unit)
        let staysAnyway = uses.isEndless(code) && !all.contains { $0.opcode == handling.raise }
        guard !use.writesItems, use.nested.isEmpty, use.stored.isEmpty || staysAnyway else { return false }
        // What it looks at there makes no difference either, as long as it hands on to nobody; from 3.12 on some calls do not tell what they call.
        let used = staysAnyway && !opcodes.attributesAreShifted ? Set(uses.calls(Array(all[body]), names: objects.names(of: code), 0).map(\.name)) : use.globals.union(use.attributes)
        return used.isSubset(of: Self.calls)
    }

    /// Whether jumps alone lead from the end of a handler to before that place.
    private func comesBack(to unit: Int, from start: Int, _ code: [CodeUses.Instruction], _ rows: [Int: Int]) -> Bool {
        var row = start
        for _ in 0..<Self.frameLimit {
            guard row < code.count else { return false }
            let (instruction, handling) = (code[row], opcodes.handling)
            let next = instruction.unit + 1 + opcodes.cacheUnits(instruction.opcode)
            var target: Int?
            if handling.back.contains(instruction.opcode) || instruction.opcode == handling.again {
                target = next - instruction.argument
                if next - instruction.argument <= unit { return true }
            } else if instruction.opcode == handling.skip {
                target = next + instruction.argument
            } else if opcodes.kind(instruction.opcode) != .extended, !handling.tidies.contains(instruction.opcode) {
                return false
            }
            guard let following = target.map({ rows[$0] }) ?? (row + 1) else { return false }
            row = following
        }
        return false
    }
}
