/// Names of attributes that code loads, and the values that wait for theirs to be among them.
struct LoadedNames {
    private var names: Set<String> = []
    private var parts: Set<String> = []
    private var waiting: [String: [UInt64]] = [:]

    /// - Returns: the values whose names are loaded from now on.
    mutating func add(_ use: CodeUse) -> [UInt64] {
        var freed: [UInt64] = []
        for name in use.attributes where names.insert(name).inserted { freed += waiting.removeValue(forKey: name) ?? [] }
        for part in use.parts where parts.insert(part).inserted {
            for name in waiting.keys where name.hasPrefix(part) { freed += waiting.removeValue(forKey: name) ?? [] }
        }
        return freed
    }

    /// Whether code loads the name; else the value waits.
    mutating func offer(_ name: String, _ value: UInt64) -> Bool {
        if names.contains(name) || parts.contains(where: { name.hasPrefix($0) }) { return true }
        waiting[name, default: []].append(value)
        return false
    }
}
