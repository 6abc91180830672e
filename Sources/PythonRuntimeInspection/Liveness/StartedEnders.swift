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
            if !held.isDisjoint(with: use.globals.union(use.attributes).union(code.localNames)) { return code }
        }
        return nil
    }

    /// What the program calls the object: its global, local or attribute.
    private func names(of object: UInt64, _ frames: ArraySlice<PythonFrame>) -> Set<String> {
        var names: Set<String> = []
        for frame in frames {
            var entries = objects.entries(of: frame.globals)
            let locals = frame.locals(objects)
            entries += locals.map { (name: $0.name, value: $0.value) }
            for local in locals.prefix(64) { entries += objects.attributes(of: local.value).prefix(256).map { (name: $0.name, value: $0.value) } }
            for entry in entries where entry.value == object { names.insert(entry.name) }
        }
        return names
    }
}
