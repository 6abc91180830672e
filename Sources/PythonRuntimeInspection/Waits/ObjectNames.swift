/// What a program calls an object: the variable or attribute that refers to it, as seen from a frame.
struct ObjectNames {
    let objects: PythonObjects
    private static let depth = 4

    /// The name in the innermost frame of the program that has one.
    func name(of object: UInt64, from frames: [PythonFrame]) -> String? {
        for frame in frames.lazy.filter({ !$0.code.isLibrary }).prefix(Self.depth) {
            if let name = name(of: object, in: frame) { return name }
        }
        return nil
    }

    /// A global is called the same everywhere, an attribute of `self` nearly so, a local only here.
    private func name(of object: UInt64, in frame: PythonFrame) -> String? {
        if let global = objects.entries(of: frame.globals).first(where: { $0.value == object }) { return global.name }
        let locals = frame.namespace == 0 ? frame.locals(objects) : objects.entries(of: frame.namespace)
        if let this = locals.first(where: { $0.name == "self" }), let found = attribute(object, of: this.value) { return "self.\(found)" }
        if let local = locals.first(where: { $0.value == object }) { return local.name }
        for local in locals.prefix(64) {
            if let found = attribute(object, of: local.value) { return "\(local.name).\(found)" }
        }
        return nil
    }

    private func attribute(_ object: UInt64, of owner: UInt64) -> String? {
        objects.attributes(of: owner).prefix(256).first { $0.value == object }?.name
    }
}
