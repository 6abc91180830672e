extension CodeUses {
    /// Functions and methods that are loaded to be called, by row.
    ///
    /// - Parameter names: of the code (`co_names`).
    func calls(_ code: [Instruction], names: [String], _ globals: UInt64) -> [(row: Int, name: String)] {
        let stored = Set(code.filter { $0.opcode == opcodes.storeName && names.indices.contains($0.argument) }.map { names[$0.argument] })
        return code.indices.compactMap { row in
            let instruction = code[row]
            let index: Int
            switch opcodes.kind(instruction.opcode) {
            case .global: index = instruction.argument >> 1
            case .name:
                index = instruction.argument
                // Variables of a module are loaded in the same way.
                let isVariable = names.indices.contains(index) && stored.contains(names[index]) && objects.item(named: names[index], of: globals).flatMap { objects.type(of: $0) }?.fullName != "function"
                if isVariable { return nil }
            case .method: index = instruction.argument
            case .attribute where opcodes.attributesAreShifted:
                guard instruction.argument & 1 == 1 else { return nil }
                index = instruction.argument >> 1
            default: return nil
            }
            return names.indices.contains(index) ? (row, names[index]) : nil
        }
    }
}

extension PythonObjects {
    /// PyCodeObject: co_names 32.
    func names(of code: PythonCode) -> [String] { word(code.address &+ 32).map { tuple($0).map { string($0) ?? "" } } ?? [] }
}
