internal import ProcessInspection

/// What code can come to use from some instruction on: the globals and attributes that it loads, the functions that it makes.
struct CodeUse {
    var globals: Set<String> = []
    var attributes: Set<String> = []
    /// Code objects among its constants.
    var nested: [UInt64] = []
    /// Parts of names that it may put together for `getattr`.
    var parts: [String] = []
    /// Names of globals and attributes that it assigns.
    var stored: Set<String> = []
    /// Whether it puts items into containers, or takes some out, by indices or keys.
    var writesItems = false
    /// Texts among its constants: keys of dictionaries.
    var texts: Set<String> = []
    /// Names of globals and attributes of which it takes nothing but the length.
    var measured: Set<String> = []
    var isLibrary = false
}

/// Reads what code uses, from its instructions.
struct CodeUses {
    let objects: PythonObjects
    let opcodes: Opcodes
    private static let unitLimit = 1 << 15

    /// nil for what is no code object.
    func all(of address: UInt64) -> CodeUse? {
        guard let code = PythonCode(address, objects) else { return nil }
        return use(of: code, from: 0)
    }

    /// What a frame can still use: from where it stands, or from the beginning of a loop around that. Where it stands in what is
    /// handed to another call, that one's function was loaded before.
    func remaining(of frame: PythonFrame) -> CodeUse {
        let start = isWithinCall(frame) ? frame.code.lines.statementStart(at: frame.offset) : frame.offset
        return use(of: frame.code, from: start)
    }

    /// What a frame uses behind the call in which it stands; nil within a loop, from which it may come back to that.
    func behind(_ frame: PythonFrame) -> CodeUse? {
        let bytes = (try? objects.memory.bytes(at: frame.code.start, upTo: length(of: frame.code) * 2)) ?? []
        guard !bytes.isEmpty, !jumps(bytes).contains(where: { $0.to <= frame.offset && frame.offset <= $0.from }) else { return nil }
        return use(of: frame.code, from: frame.offset + 1, to: .max - 1)
    }

    /// Whether a frame stands within a loop of its function.
    func isInLoop(_ frame: PythonFrame) -> Bool {
        let bytes = (try? objects.memory.bytes(at: frame.code.start, upTo: length(of: frame.code) * 2)) ?? []
        return jumps(bytes).contains { $0.to <= frame.offset && frame.offset <= $0.from }
    }

    /// What a frame has used up to where it stands. The functions that a module defines do not count: nobody need ever call them.
    func executed(by frame: PythonFrame) -> CodeUse {
        var use = use(of: frame.code, from: 0, to: frame.offset)
        if frame.namespace != 0 { use.nested = [] }
        return use
    }

    /// Whether a function returns in no other way than by an exception: a loop without an end.
    func isEndless(_ code: PythonCode) -> Bool {
        let bytes = (try? objects.memory.bytes(at: code.start, upTo: length(of: code) * 2)) ?? []
        var isInHandler = false
        var returns = bytes.isEmpty
        // Up to 3.11 handlers stand among the other instructions, which jump past them.
        var past: Set<Int> = []
        visit(bytes) { unit, opcode, argument in
            if opcode == opcodes.handlers { isInHandler = true }
            if past.contains(unit) { isInHandler = false }
            if !isInHandler, opcodes.jumpsForward.contains(opcode) { past.insert(unit + 1 + opcodes.cacheUnits(opcode) + argument) }
            if !isInHandler, opcodes.returns.contains(opcode) { returns = true }
        }
        return !returns
    }

    /// What the loop uses in which a frame stands, where it is the only one around that place, and can end by itself by nothing but what it looks at: it
    /// goes through no iterator, and assigns no variable.
    func loopAround(_ frame: PythonFrame) -> CodeUse? {
        let bytes = (try? objects.memory.bytes(at: frame.code.start, upTo: length(of: frame.code) * 2)) ?? []
        let around = jumps(bytes).filter { $0.to <= frame.offset && frame.offset <= $0.from }
        guard let first = around.map(\.to).min(), let last = around.map(\.from).max(), Set(around.map(\.to)).count == 1, !isEndless(frame.code) else { return nil }
        var takesSteps = false
        visit(bytes) { unit, opcode, _ in if first <= unit, unit <= last, opcodes.steps.contains(opcode) { takesSteps = true } }
        return takesSteps ? nil : use(of: frame.code, from: first, to: last)
    }

    private func isWithinCall(_ frame: PythonFrame) -> Bool {
        let bytes = (try? objects.memory.bytes(at: frame.code.start, upTo: length(of: frame.code) * 2)) ?? []
        var own = 0
        var found: Bool?
        visit(bytes) { unit, opcode, _ in
            guard unit >= frame.offset, found == nil else { return }
            if unit == frame.offset { own = opcodes.precalls.contains(opcode) ? 1 : 0 } else if opcodes.ends.contains(opcode) { found = false } else if opcodes.calls.contains(opcode) {
                if own == 0 { found = true } else { own -= 1 }
            }
        }
        return found ?? false
    }

    struct Instruction {
        var unit: Int
        var opcode: UInt8
        var argument: Int
    }

    func instructions(of code: PythonCode) -> [Instruction] {
        var found: [Instruction] = []
        visit((try? objects.memory.bytes(at: code.start, upTo: length(of: code) * 2)) ?? []) { found.append(Instruction(unit: $0, opcode: $1, argument: $2)) }
        return found
    }

    func use(of code: PythonCode, from first: Int, to last: Int = .max) -> CodeUse {
        // PyCodeObject: co_consts 24, co_names 32.
        let names = tuple(code.address &+ 32).map { objects.string($0) ?? "" }
        let constants = tuple(code.address &+ 24)
        let bytes = (try? objects.memory.bytes(at: code.start, upTo: length(of: code) * 2)) ?? []
        let start = last == .max ? loopStart(bytes, from: first) : first
        var use = CodeUse(isLibrary: code.isLibrary)
        visit(bytes) { unit, opcode, argument in
            guard unit >= start, unit <= last else { return }
            if opcodes.items.contains(opcode) { use.writesItems = true }
            switch opcodes.kind(opcode) {
            case .global: if names.indices.contains(argument >> 1) { use.globals.insert(names[argument >> 1]) }
            case .name: if names.indices.contains(argument) { use.globals.insert(names[argument]) }
            case .attribute, .method:
                let index = opcodes.attributesAreShifted ? argument >> 1 : argument
                if names.indices.contains(index) { use.attributes.insert(names[index]) }
            case .store: if names.indices.contains(argument) { use.stored.insert(names[argument]) }
            case .fast, .deref, .pair, .extended, .other:
                if opcodes.constants.contains(opcode), constants.indices.contains(argument) { use.nested.append(constants[argument]) }
                if opcodes.imports.contains(opcode), names.indices.contains(argument) {
                    use.globals.insert(names[argument])
                    use.attributes.insert(names[argument])
                }
            }
        }
        // `super().method` is loaded by an instruction of its own.
        if use.globals.contains("super") { use.attributes.formUnion(names) }
        if !use.isLibrary, use.globals.contains("len"), !use.globals.contains("super") { use.measured = measured(instructions(of: code), names: names).subtracting(use.stored) }
        if use.globals.contains("getattr") { use.parts = constants.compactMap { objects.type(of: $0)?.isString == true ? objects.string($0) : nil }.filter { $0.count >= 2 } }
        use.texts = Set(use.nested.compactMap { objects.type(of: $0)?.isString == true ? objects.string($0) : nil })
        use.nested = use.nested.filter { objects.type(of: $0)?.fullName == "code" }
        return use
    }

    private func tuple(_ address: UInt64) -> [UInt64] { objects.word(address).map { objects.tuple($0) } ?? [] }

    /// PyCodeObject's ob_size counts its code units.
    private func length(of code: PythonCode) -> Int { min(objects.count(code.address) ?? 0, Self.unitLimit) }

    private func visit(_ bytes: [UInt8], _ body: (_ unit: Int, _ opcode: UInt8, _ argument: Int) -> Void) {
        var unit = 0
        var extended = 0
        while unit * 2 + 1 < bytes.count {
            let opcode = bytes[unit * 2]
            let argument = extended << 8 | Int(bytes[unit * 2 + 1])
            extended = opcodes.kind(opcode) == .extended ? argument & 0xffff : 0
            body(unit, opcode, argument)
            unit += 1 + opcodes.cacheUnits(opcode)
        }
    }

    /// The earliest instruction that can run after `first`: jumps back lead there.
    private func loopStart(_ bytes: [UInt8], from first: Int) -> Int {
        var start = first
        guard first > 0 else { return 0 }
        let jumps = jumps(bytes)
        for _ in 0..<64 {
            let earliest = jumps.filter { $0.from >= start }.map(\.to).min() ?? start
            if earliest >= start { break }
            start = earliest
        }
        return start
    }

    private func jumps(_ bytes: [UInt8]) -> [(from: Int, to: Int)] {
        var jumps: [(from: Int, to: Int)] = []
        visit(bytes) { unit, opcode, argument in
            if opcodes.jumpsBack.contains(opcode) { jumps.append((unit, max(0, unit + 1 + opcodes.cacheUnits(opcode) - argument))) }
        }
        return jumps
    }
}
