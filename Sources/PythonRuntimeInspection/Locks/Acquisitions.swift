internal import ProcessInspection

/// Locks that a function has taken by `lock.acquire()` and not released, as far as its instructions tell in the order in
/// which they stand.
struct Acquisitions {
    let objects: PythonObjects
    let opcodes: Opcodes
    private static let unitLimit = 1 << 16

    struct Acquisition {
        var lock: UInt64
        /// Code unit of the instruction.
        var offset: Int
    }

    /// What an instruction loads.
    private indirect enum Source {
        case global(Int), fast(Int), name(Int)
        case attribute(Source, Int)
    }

    func held(by frame: PythonFrame) -> [Acquisition] {
        // PyCodeObject: co_names 32.
        let names = objects.word(frame.code.address &+ 32).map { objects.tuple($0).map { objects.string($0) ?? "" } } ?? []
        guard names.contains("acquire"), frame.offset > 0, frame.offset <= Self.unitLimit,
            let code = try? objects.memory.bytes(at: frame.code.start, upTo: frame.offset * 2)
        else { return [] }
        var held: [Acquisition] = []
        var source: Source?
        var unit = 0
        var extended = 0
        while unit * 2 + 1 < code.count {
            let opcode = code[unit * 2]
            let argument = extended << 8 | Int(code[unit * 2 + 1])
            extended = 0
            let kind = opcodes.kind(opcode)
            switch kind {
            case .extended: extended = argument & 0xffff
            case .global: source = .global(argument >> 1)
            case .fast, .deref: source = .fast(argument)
            case .pair: source = .fast(argument & 15)
            case .name: source = .name(argument)
            case .attribute where !opcodes.attributesAreShifted || argument & 1 == 0:
                source = source.map { .attribute($0, opcodes.attributesAreShifted ? argument >> 1 : argument) }
            case .attribute, .method:
                let index = opcodes.attributesAreShifted ? argument >> 1 : argument
                if let source, names.indices.contains(index) { note(names[index], source, unit, frame, names, &held) }
                source = nil
            case .store, .other: source = nil
            }
            unit += 1 + opcodes.cacheUnits(opcode)
        }
        return held
    }

    private func note(_ method: String, _ source: Source, _ unit: Int, _ frame: PythonFrame, _ names: [String], _ held: inout [Acquisition]) {
        guard method == "acquire" || method == "release", let object = value(source, frame, names), let lock = LockObject(object, objects), lock.isLocked,
            !lock.isReentrant
        else { return }
        if method == "acquire" {
            held.append(Acquisition(lock: object, offset: unit))
        } else if let last = held.lastIndex(where: { $0.lock == object }) {
            held.remove(at: last)
        }
    }

    private func value(_ source: Source, _ frame: PythonFrame, _ names: [String]) -> UInt64? {
        switch source {
        case .fast(let index):
            guard frame.code.localNames.indices.contains(index) else { return nil }
            return frame.local(frame.code.localNames[index], objects)
        case .global(let index): return names.indices.contains(index) ? objects.item(named: names[index], of: frame.globals) : nil
        case .name(let index):
            guard names.indices.contains(index) else { return nil }
            return objects.item(named: names[index], of: frame.namespace == 0 ? frame.globals : frame.namespace) ?? objects.item(named: names[index], of: frame.globals)
        case .attribute(let base, let index):
            guard names.indices.contains(index), let owner = value(base, frame, names) else { return nil }
            return objects.attribute(names[index], of: owner)
        }
    }
}
