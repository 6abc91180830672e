internal import Evidence
internal import ProcessInspection

/// Who reads what comes on a connection, one message after the other, looks up in a dictionary who waits for each, and has found nobody for the last.
struct MissedAnswers {
    let uses: CodeUses
    private var objects: PythonObjects { uses.objects }
    private static let frameLimit = 4
    /// From a lookup's first instruction to where its result is put.
    private static let lookup = 24

    /// - Parameter frames: of the reader, innermost first.
    /// - Returns: what lies in the dictionary that it looked in.
    func waiting(_ frames: [PythonFrame]) -> Set<UInt64> {
        frames.drop(while: \.code.isOfLibrary).prefix(while: { !$0.code.isOfLibrary }).prefix(Self.frameLimit).reduce(into: []) { $0.formUnion(waiting($1)) }
    }

    private func waiting(_ frame: PythonFrame) -> Set<UInt64> {
        let text = CodeRows(frame.code, uses)
        var found: Set<UInt64> = []
        for variable in frame.code.localNames.indices where variable < frame.slots.count && text.isPlain(variable) && objects.type(of: frame.slots[variable])?.fullName == "NoneType" {
            let stores = text.rows.indices.filter { text.stores($0, variable) }
            let looked = stores.map { values(lookedUpBefore: $0, text, frame) }
            guard !stores.isEmpty, looked.allSatisfy({ !$0.isEmpty }), isEachTime(stores.map { text.rows[$0].unit }, frame) else { continue }
            looked.forEach { found.formUnion($0) }
        }
        return found
    }

    /// Whether it comes to one of these instructions between any two messages.
    private func isEachTime(_ units: [Int], _ frame: PythonFrame) -> Bool {
        let code = uses.instructions(of: frame.code)
        let handling = uses.opcodes.handling
        guard let standing = code.lastIndex(where: { $0.unit <= frame.offset }) else { return false }
        var flow = uses.flow(code)
        let isAwait = handling.awaits.contains(code[standing].opcode) || standing + 1 < code.count && code[standing + 1].opcode == handling.again
        guard let first = isAwait ? code[standing...].firstIndex(where: { $0.opcode == handling.again }).map({ [$0 + 1] }) : flow.successors[standing],
            flow.reached(from: first).contains(standing)
        else { return false }
        for row in code.indices where units.contains(code[row].unit) { flow.successors[row] = [] }
        return !flow.reached(from: first).contains(standing)
    }

    /// What lies in the dictionary out of which a `pop` or `get` took what is put into a variable here; nothing where it is no such.
    private func values(lookedUpBefore store: Int, _ text: CodeRows, _ frame: PythonFrame) -> Set<UInt64> {
        guard store > 0, uses.opcodes.calls.contains(text.rows[store - 1].opcode) else { return [] }
        let line = text.code.lines.line(at: text.rows[store].unit)
        let methods = (max(1, store - Self.lookup)..<store).filter { row in
            text.attribute(row).map { $0 == "pop" || $0 == "get" } == true && text.code.lines.line(at: text.rows[row].unit) == line
        }
        return methods.filter { isNamed(text, $0 + 1, frame) }.flatMap { dictionaries(text, $0 - 1, frame) }.reduce(into: []) { $0.formUnion(values(of: $1)) }
    }

    /// Whether what was looked up is known, and is something: of news that answer nothing the number is None.
    private func isNamed(_ text: CodeRows, _ row: Int, _ frame: PythonFrame) -> Bool {
        guard row + 2 < text.rows.count, let variable = text.variable(row), variable < frame.slots.count, case let value = frame.slots[variable], value != 0 else { return false }
        func isEnd(_ row: Int) -> Bool { [uses.opcodes.constants, uses.opcodes.precalls, uses.opcodes.calls].contains { $0.contains(text.rows[row].opcode) } }
        func item(_ row: Int) -> UInt64? { text.constant(row).flatMap(objects.string).flatMap { objects.item(named: $0, of: value) } }
        let isDictionary = objects.type(of: value)?.isDictionary == true
        let key: UInt64? =
            switch text.attribute(row + 1) {
            case "get"? where isDictionary: item(row + 2)
            case let name?: objects.attribute(name, of: value)
            // Its item of a name, or it itself.
            case nil: isDictionary ? item(row + 1) : isEnd(row + 1) ? value : nil
            }
        return key.flatMap(objects.type(of:)).map { $0.fullName != "NoneType" } ?? false
    }

    /// The dictionaries that an instruction may load.
    private func dictionaries(_ text: CodeRows, _ row: Int, _ frame: PythonFrame) -> [UInt64] {
        let loaded =
            if let name = text.attribute(row) {
                frame.locals(objects).prefix(64).compactMap { objects.attribute(name, of: $0.value) }
            } else if let name = text.global(row) {
                objects.entries(of: frame.globals).filter { $0.name == name }.map(\.value)
            } else {
                text.anyVariable(row).flatMap { frame.local($0, objects) }.map { [$0] } ?? []
            }
        return loaded.filter { objects.type(of: $0)?.isDictionary == true }
    }

    /// Alone, or with what else is kept of a question.
    private func values(of dictionary: UInt64) -> [UInt64] {
        objects.pairs(of: dictionary).prefix(4096).flatMap { pair in objects.type(of: pair.value)?.isTuple == true ? objects.tuple(pair.value) : [pair.value] }
    }
}

extension PythonProcess {
    private static let readerLimit = 16

    /// Says of a wait that only the reader of a connection could end that its last message was for nobody who waits.
    func noteMissedAnswers(
        _ threads: inout [Int32: InspectedRuntime.Thread], _ tasks: inout [TaskRecord], _ units: [Liveness.Unit], _ coroutines: Set<UInt64>, _ records: [Int32: ThreadRecord]
    ) {
        guard let opcodes = Opcodes.known(states.runtime.version.minor) else { return }
        let missed = MissedAnswers(uses: CodeUses(objects: objects, opcodes: opcodes))
        let rows = Dictionary(tasks.indices.map { (tasks[$0].id, $0) }, uniquingKeysWith: { first, _ in first })
        let waits = units.filter { unit in unit.wait.map { [.future, .event].contains($0.kind) && $0.timeout_s == nil && $0.rest == nil && $0.object != 0 } == true }
        guard !waits.isEmpty else { return }
        for (row, reader) in units.enumerated().filter({ $0.element.wait == nil }).prefix(Self.readerLimit) {
            guard let descriptor = descriptor(reader.key, rows.mapValues { tasks[$0] }, records), case let kept = missed.waiting(reader.frames), !kept.isEmpty,
                case let own = waits.filter({ !kept.isDisjoint(with: $0.targets) }), !own.isEmpty
            else { continue }
            var others = units
            others[row].wait = ManagedWait(kind: .housekeeping, object: 0, typeName: "", knownFrom: "")
            (others[row].targets, others[row].units) = ([], [])
            let chain = reader.frames.map { $0.address &- objects.layout.generatorFrame }
            guard let left = Liveness(process: self, units: others, coroutines: coroutines.union(chain))?.dead.map(\.key) else { continue }
            for unit in own where left.contains(unit.key) {
                switch unit.key {
                case .thread(let tid): threads[tid]?.wait?.missedOn = descriptor
                case .task(let id): rows[id].map { tasks[$0].managedWait?.missedOn = descriptor }
                }
            }
        }
    }

    /// The one connection that it reads from.
    private func descriptor(_ key: Liveness.Unit.Key, _ tasks: [UInt64: TaskRecord], _ records: [Int32: ThreadRecord]) -> Int32? {
        switch key {
        case .task(let id): return tasks[id].flatMap { $0.managedWait?.kind == .read ? $0.managedWait?.descriptor : nil }
        case .thread(let tid):
            guard let read = records[tid]?.wait?.descriptors, read.count == 1, read[0].operation != .write else { return nil }
            return read[0].fd
        }
    }
}
