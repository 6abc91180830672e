internal import Evidence

/// A loop that looks again and again, asleep in between, at what nobody is left to change, and a function of the program that was to change it.
struct PollLoop {
    let process: PythonProcess
    let uses: CodeUses
    let thread: PythonThread
    private var objects: PythonObjects { process.objects }

    private static let frameLimit = 16
    /// Pauses longer than this are no polling.
    private static let longest_s = 60.0
    /// Libraries that bring nothing in from outside.
    private static let modules: Set<String> = ["time", "sys", "logging", "threading", "queue", "math", "builtins"]
    /// Calls that change nothing, and depend on nothing from outside.
    static let calls: Set<String> = [
        "time", "sleep", "print", "len", "all", "any", "sys", "stderr", "stdout", "write", "flush", "is_set", "isSet", "empty", "full", "qsize", "done", "keys", "values",
        "items", "min", "max", "sum", "log", "info", "debug", "warning", "error", "logger", "logging", "str", "int", "repr", "format", "sorted", "list", "set", "threading", "queue",
    ]

    /// - Parameters:
    ///   - asked_s: how long it sleeps in between.
    ///   - others: all who go on but this thread.
    func wait(asked_s: Double, besides others: Liveness) -> ManagedWait? {
        let own = thread.frames.filter { !$0.code.isLibrary }.prefix(Self.frameLimit)
        guard asked_s <= Self.longest_s, let frame = thread.frames.first, !frame.code.isLibrary, let use = uses.loopAround(frame), use.stored.isEmpty, !use.writesItems,
            use.nested.isEmpty, own.dropFirst().allSatisfy({ !uses.isEndless($0.code) }), let (names, values) = looks(frame, use), !names.isEmpty,
            others.leaveAlone(names, values), let (ender, end) = ender(names, own).map({ ($0, "was to change that, is run by nobody any more") })
                ?? joiner(names, others).map({ ($0, "is to change that, waits for the end of this thread first") })
        else { return nil }
        let shown = names.sorted().prefix(2).map { "`\($0)`" }.joined(separator: ", ")
        var wait = ManagedWait(
            kind: .condition, object: frame.code.address, typeName: "a change of \(shown), at which it looks again and again",
            knownFrom: "the instructions of its loop; `\(ender.name)` (\(ender.baseName)), which \(end)")
        wait.timeout_s = asked_s
        wait.releasers = .complete([])
        return wait
    }

    /// The names that the loop looks at, and the objects behind them; nil where any of them is not understood.
    private func looks(_ frame: PythonFrame, _ use: CodeUse) -> (names: Set<String>, values: Set<UInt64>)? {
        var names: Set<String> = []
        var values: Set<UInt64> = []
        let globals = objects.entries(of: frame.globals)
        for name in use.globals {
            guard let value = globals.first(where: { $0.name == name })?.value else {
                guard Self.calls.contains(name) else { return nil }
                continue
            }
            if let type = objects.type(of: value), type.fullName == "module" || type.fullName == "builtin_function_or_method" || type.lineage.contains("type") {
                guard Self.modules.contains(name) || Self.calls.contains(name) else { return nil }
                continue
            }
            guard note(value, use, &names, &values, 2) else { return nil }
            names.insert(name)
        }
        let locals = frame.namespace == 0 ? frame.locals(objects) : []
        for local in locals.prefix(64) {
            // A value that does not change in the loop, and of no meaning to it: what is not understood is not looked at, unless by an attribute.
            guard note(local.value, use, &names, &values, 2) else { return nil }
            if objects.isChangeable(local.value), objects.type(of: local.value).map({ $0.isDictionary || $0.isList || $0.name == "deque" || $0.fullName == "set" }) == true { names.insert(local.name) }
        }
        for name in use.attributes where !Self.calls.contains(name) && !names.contains(name) { return nil }
        return (names, values)
    }

    /// An object that the loop has hold of, and those of its attributes that it loads.
    private func note(_ value: UInt64, _ use: CodeUse, _ names: inout Set<String>, _ values: inout Set<UInt64>, _ depth: Int) -> Bool {
        guard let type = objects.type(of: value) else { return false }
        if type.isInteger || type.isString || ["NoneType", "float", "bytes"].contains(type.fullName) { return true }
        if type.isTuple || LibraryWait.enders(type) != nil || type.isList || type.isDictionary || type.name == "deque" || type.fullName == "set" {
            values.insert(value)
            return true
        }
        // An object of the program's, written in Python.
        guard depth > 0, type.isHeapType, type.lineage.count <= 2, type.hasManagedDictionary || type.dictionaryOffset > 0 else { return false }
        values.insert(value)
        for attribute in objects.attributes(of: value) where use.attributes.contains(attribute.name) {
            guard note(attribute.value, use, &names, &values, depth - 1) else { return false }
            names.insert(attribute.name)
        }
        return true
    }

    /// The function of a thread that waits for the end of this one, and changes it only then.
    private func joiner(_ names: Set<String>, _ others: Liveness) -> PythonCode? {
        for unit in others.dead where unit.wait?.kind == .threadEnd && unit.units == [.thread(thread.tid)] {
            for frame in unit.frames.prefix(Self.frameLimit) where !frame.code.isLibrary && !uses.remaining(of: frame).stored.isDisjoint(with: names) { return frame.code }
        }
        return nil
    }

    /// The function of the program that was to change it: one that the thread's own code, up to where it stands, has started.
    private func ender(_ names: Set<String>, _ frames: ArraySlice<PythonFrame>) -> PythonCode? {
        let reach = Reach(process: process, uses: uses, barred: [], isStrict: true)
        for frame in frames {
            reach.add(uses.executed(by: frame), globals: frame.globals, namespace: frame.namespace)
            for local in frame.locals(objects) { reach.add(object: local.value) }
        }
        reach.run()
        guard !reach.isUncertain, !reach.loaded.contains("atexit") else { return nil }
        let running = Set(frames.map(\.code.address))
        for (address, use) in reach.program where !running.contains(address) {
            guard let code = PythonCode(address, objects), !code.name.hasSuffix("__init__") else { continue }
            let loaded = use.globals.union(use.attributes).union(code.localNames)
            let changes = use.writesItems || !use.attributes.isDisjoint(with: Reach.changers)
            if !use.stored.isDisjoint(with: names) || changes && !loaded.isDisjoint(with: names) { return code }
        }
        return nil
    }
}
