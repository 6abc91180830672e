internal import Evidence

/// The function of the program that was meant to end a wait: what a thread's own code, up to where it stands, has started can come to it.
///
/// An event that nobody ever sets keeps a program alive; one whose setter was on its way, and that nobody leads to any more, was lost.
struct StartedEnders {
    let process: PythonProcess
    let uses: CodeUses
    private var objects: PythonObjects { process.objects }
    private static let frameLimit = 16

    /// Methods that end a wait for such an object.
    private static func methods(_ kind: ManagedWait.Kind) -> Set<String> {
        switch kind {
        case .event: ["set"]
        case .future: ["set_result", "set_exception"]
        default: []
        }
    }

    /// - Parameter frames: of the thread that waits.
    func ender(of wait: ManagedWait, _ frames: [PythonFrame]) -> PythonCode? {
        let own = frames.filter { !$0.code.isLibrary }.prefix(Self.frameLimit)
        let held = names(of: wait.object, own)
        guard !held.isEmpty else { return nil }
        let reach = Reach(process: process, uses: uses, barred: [], isStrict: true)
        for frame in own {
            reach.add(uses.executed(by: frame), globals: frame.globals, namespace: frame.namespace)
            for local in frame.locals(objects) where local.value != wait.object { reach.add(object: local.value) }
        }
        reach.run()
        // What is to run when the program ends, ends it by nothing of its own.
        guard !reach.isUncertain, !reach.loaded.contains("atexit") else { return nil }
        for (address, use) in reach.program where !use.attributes.isDisjoint(with: Self.methods(wait.kind)) {
            guard let code = PythonCode(address, objects) else { continue }
            if !held.isDisjoint(with: use.globals.union(use.attributes).union(code.localNames).union(use.texts)) { return code }
        }
        return nil
    }

    /// What the program calls the object, or the container that it lies in: a global, local, attribute or key.
    private func names(of object: UInt64, _ frames: ArraySlice<PythonFrame>) -> Set<String> {
        var names: Set<String> = []
        var steps = Self.stepLimit
        for frame in frames {
            let locals = frame.locals(objects).prefix(64).map { (name: $0.name, value: $0.value) }
            let entries = objects.entries(of: frame.globals) + locals + locals.flatMap { objects.attributes(of: $0.value).prefix(256) }
            for entry in entries where entry.value == object || holds(entry.value, object, &names, 2, &steps) { names.insert(entry.name) }
        }
        return names.subtracting(["self"])
    }

    private static let stepLimit = 20_000

    /// Whether the object lies in a container, or in one that lies in it; the keys are added to the names.
    private func holds(_ container: UInt64, _ object: UInt64, _ names: inout Set<String>, _ depth: Int, _ steps: inout Int) -> Bool {
        guard depth > 0, steps > 0, let type = objects.type(of: container) else { return false }
        steps -= 1
        var found = false
        func look(_ value: UInt64, _ key: UInt64?) {
            guard steps > 0 else { return }
            steps -= 1
            guard value == object || holds(value, object, &names, depth - 1, &steps) else { return }
            found = true
            if let key, objects.type(of: key)?.isString == true, let name = objects.string(key) { names.insert(name) }
        }
        if type.isDictionary { for pair in objects.pairs(of: container) { look(pair.value, pair.key) } }
        if type.isList { for value in objects.list(container) { look(value, nil) } }
        if type.isTuple { for value in objects.tuple(container) { look(value, nil) } }
        if type.name == "deque" { for value in objects.deque(container) { look(value, nil) } }
        return found
    }
}
