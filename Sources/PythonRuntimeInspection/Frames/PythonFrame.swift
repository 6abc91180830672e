internal import Evidence

/// A frame of the interpreter, as far as it can be read.
struct PythonFrame {
    let address: UInt64
    let code: PythonCode
    /// Code units from the start of its code.
    let offset: Int
    let globals: UInt64
    /// The dictionary that takes the place of locals at module and class level; 0 for functions.
    let namespace: UInt64
    /// Words of its locals, and of the value stack as far as it could reach.
    let slots: [UInt64]

    var line: Int? { code.lines.line(at: offset) }

    /// The values that are certainly alive on its stack, outermost first.
    var stack: ArraySlice<UInt64> {
        let locals = code.localNames.count
        return slots[min(locals, slots.count)..<min(locals + code.exceptions.depth(at: offset), slots.count)]
    }

    var evidence: Frame { Frame(programCounter: 0, function: code.name, file: code.file, line: line) }

    /// The value of a local by its name, out of its cell where it has one.
    func local(_ name: String, _ objects: PythonObjects) -> UInt64? {
        code.localNames.firstIndex(of: name).flatMap { value($0, objects) }
    }

    /// Named locals that have a value.
    func locals(_ objects: PythonObjects) -> [(name: String, value: UInt64)] {
        code.localNames.indices.compactMap { index in value(index, objects).map { (code.localNames[index], $0) } }
    }

    private func value(_ index: Int, _ objects: PythonObjects) -> UInt64? {
        guard index < slots.count, slots[index] != 0 else { return nil }
        let isCell = index < code.localKinds.count && code.localKinds[index] & 0xc0 != 0
        guard isCell, objects.type(of: slots[index])?.fullName == "cell" else { return slots[index] }
        // PyCellObject: ob_ref 16.
        return objects.word(slots[index] &+ 16).flatMap { $0 == 0 ? nil : $0 }
    }

    /// Whether the function is the named one of the named library file, such as `Condition.wait` of threading.py.
    func isLibrary(_ file: String, _ function: String) -> Bool {
        code.isLibrary && code.name == function && code.file.hasSuffix("/" + file)
    }
}
