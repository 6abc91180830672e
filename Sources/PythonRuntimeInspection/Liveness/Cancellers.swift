internal import Evidence

/// Whether somebody who goes on may cancel tasks of asyncio, or end the program: by the timers of their loop, and by the names that the program's code loads.
struct Cancellers {
    private let process: PythonProcess
    private let uses: CodeUses
    private var objects: PythonObjects { process.objects }

    private static let sleep = "_set_result_unless_cancelled"
    private static let ends: Set<String> = ["eval", "exec", "all_tasks", "exit", "_exit", "quit", "kill", "abort", "SystemExit", "KeyboardInterrupt"]
    private static let scopeLimit = 2000
    private static let codeLimit = 10_000

    /// nil where the instructions of this version are not known.
    init?(process: PythonProcess) {
        guard let opcodes = Opcodes.known(process.states.runtime.version.minor) else { return nil }
        self.process = process
        uses = CodeUses(objects: process.objects, opcodes: opcodes)
    }

    /// - Parameter held: tasks that nobody else lets go on.
    func mayCancel(_ held: Set<UInt64>, _ records: [TaskRecord], _ tasks: [AsyncTask]) -> Bool {
        guard process.loops.allSatisfy({ hasOnlySleepers($0.address) }) else { return true }
        let held = behind(held, records, tasks)
        var frames = tasks.filter { !held.contains($0.address) }.flatMap(\.frames)
        let idle = Set(process.pools.pools.filter(\.items.isEmpty).flatMap(\.workers)).subtracting(process.pools.runner.values)
        for thread in process.threads where !idle.contains(thread.tid) && !process.loops.contains(where: { $0.tid == thread.tid }) {
            // What a thread is about to run of which nothing is under way is not known.
            guard thread.frames.contains(where: { !$0.code.isOfLibrary }) else { return true }
            frames += thread.frames
        }
        return mayCancel(frames.filter { !$0.code.isOfLibrary })
    }

    /// Whether the loop's timers do no more than end sleeps.
    private func hasOnlySleepers(_ loop: UInt64) -> Bool {
        guard let scheduled = objects.attribute("_scheduled", of: loop) else { return false }
        return objects.list(scheduled).allSatisfy { handle in
            if objects.attribute("_cancelled", of: handle).map(objects.isTrue) == true { return true }
            // PyFunctionObject: func_code 48.
            return objects.attribute("_callback", of: handle).flatMap { objects.word($0 &+ 48) }.flatMap { PythonCode($0, objects) }.map { $0.isLibrary && $0.name == Self.sleep } ?? false
        }
    }

    /// Those tasks, and all that go on only after one of them.
    private func behind(_ held: Set<UInt64>, _ records: [TaskRecord], _ tasks: [AsyncTask]) -> Set<UInt64> {
        var held = held
        // asyncio.wait may be content with the first.
        let isPatient = Set(tasks.filter { $0.frames.first?.local("fs", objects) == nil }.map(\.address))
        while true {
            let more = records.filter { record in
                guard !held.contains(record.id) else { return false }
                return record.wait?.task.map(held.contains) == true || record.wait?.kind == .group && isPatient.contains(record.id) && !held.isDisjoint(with: record.children)
            }
            if more.isEmpty { return held }
            held.formUnion(more.map(\.id))
        }
    }

    // MARK: Names

    /// Whether what the frames can still come to loads a name by which tasks are cancelled. Of the program's functions all count whose name is loaded.
    private func mayCancel(_ frames: [PythonFrame]) -> Bool {
        var names: Set<String> = []
        var codes: Set<UInt64> = []
        var scopes: [UInt64] = []
        var known: Set<UInt64> = []
        func scope(_ dictionary: UInt64) { if dictionary != 0, known.insert(dictionary).inserted { scopes.append(dictionary) } }
        func add(_ use: CodeUse) {
            var open = [use]
            while let use = open.popLast() {
                names.formUnion(use.globals.union(use.attributes).union(use.globals.contains("getattr") ? use.texts : []))
                for code in use.nested where codes.count < Self.codeLimit && codes.insert(code).inserted { uses.all(of: code).map { open.append($0) } }
            }
        }
        for frame in frames {
            add(uses.remaining(of: frame))
            scope(frame.globals)
            // tp_dict 264.
            for local in frame.locals(objects) {
                guard let type = objects.type(of: local.value), type.isHeapType else { continue }
                objects.word(type.address &+ 264).map(scope)
            }
        }
        var (count, next) = (-1, 0)
        while count != names.count + codes.count + scopes.count {
            count = names.count + codes.count + scopes.count
            guard scopes.count < Self.scopeLimit, codes.count < Self.codeLimit, names.allSatisfy({ !$0.lowercased().contains("cancel") && !Self.ends.contains($0) }) else { return true }
            next = 0
            while next < min(scopes.count, Self.scopeLimit) {
                for entry in objects.entries(of: scopes[next]) { visit(entry, names, &codes, scope, add) }
                next += 1
            }
        }
        return false
    }

    private func visit(_ entry: (name: String, value: UInt64), _ names: Set<String>, _ codes: inout Set<UInt64>, _ scope: (UInt64) -> Void, _ add: (CodeUse) -> Void) {
        guard let type = objects.type(of: entry.value) else { return }
        // What is wrapped up for a class lies at 16 in each.
        let isWrapped = ["property", "staticmethod", "classmethod"].contains(type.fullName)
        let function = isWrapped ? objects.word(entry.value &+ 16) ?? 0 : entry.value
        if names.contains(entry.name), isWrapped || type.fullName == "function", objects.type(of: function)?.fullName == "function" {
            // func_globals 16, func_code 48.
            guard let code = objects.word(function &+ 48), let read = PythonCode(code, objects), !read.isOfLibrary, codes.insert(code).inserted else { return }
            uses.all(of: code).map(add)
            objects.word(function &+ 16).map(scope)
        } else if type.lineage.contains("type"), let own = objects.type(at: entry.value), own.isHeapType {
            objects.word(entry.value &+ 264).map(scope)
        } else if type.fullName == "module", let file = objects.attribute("__file__", of: entry.value).flatMap(objects.string), !file.contains("/lib/python3"), !file.contains("-packages/") {
            objects.word(entry.value &+ 16).map(scope)
        }
    }
}
