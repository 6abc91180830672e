extension CodeUses {
    /// Names of globals and attributes whose every load in a function hands their value to `len`, which comes to nothing that lies in it.
    ///
    /// - Parameter names: of the code (`co_names`).
    func measured(_ code: [Instruction], names: [String]) -> Set<String> {
        let code = code.filter { !opcodes.precalls.contains($0.opcode) && opcodes.kind($0.opcode) != .extended }
        let loads = code.map { load($0, names) }
        var (all, measured): ([String: Int], [String: Int]) = ([:], [:])
        for case let load? in loads { all[load.name, default: 0] += 1 }
        for row in code.indices where row >= 2 && opcodes.calls.contains(code[row].opcode) && code[row].argument == 1 {
            guard let load = loads[row - 1] else { continue }
            // Below an attribute stands the object that has it.
            let owner = load.isAttribute ? row - 2 : row - 1
            guard !load.isAttribute || [.fast, .deref].contains(opcodes.kind(code[owner].opcode)) || loads[owner]?.isAttribute == false else { continue }
            if owner >= 1, let function = loads[owner - 1], function.name == "len", !function.isAttribute { measured[load.name, default: 0] += 1 }
        }
        return Set(measured.filter { all[$0.key] == $0.value }.keys)
    }

    private func load(_ instruction: Instruction, _ names: [String]) -> (name: String, isAttribute: Bool)? {
        let (index, isAttribute) = switch opcodes.kind(instruction.opcode) {
        case .global: (instruction.argument >> 1, false)
        case .name: (instruction.argument, false)
        case .attribute, .method: (opcodes.attributesAreShifted ? instruction.argument >> 1 : instruction.argument, true)
        case .fast, .deref, .pair, .extended, .store, .other: (-1, false)
        }
        return names.indices.contains(index) ? (names[index], isAttribute) : nil
    }
}
