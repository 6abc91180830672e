extension YamlNode {
    /// This node with another laid over it: maps are merged key by key, everything else is replaced.
    ///
    /// Where a map says by one of its keys what kind of thing it is (`command` or
    /// `job-system`), another kind replaces it instead of joining it.
    func merged(with other: YamlNode, path: [String] = []) -> YamlNode {
        guard case .mapping(let mine) = content, case .mapping(let theirs) = other.content else { return other }
        if Self.isTagged(path), let kind = theirs.first?.key, !mine.contains(where: { $0.key == kind }) { return other }
        var entries = mine
        for entry in theirs {
            if let index = entries.firstIndex(where: { $0.key == entry.key }) {
                entries[index] = Entry(
                    key: entry.key, position: entry.position,
                    value: entries[index].value.merged(with: entry.value, path: path + [entry.key]))
            } else {
                entries.append(entry)
            }
        }
        return YamlNode(position: other.position, content: .mapping(entries))
    }

    /// Without the value at this path, where there is one.
    func removing(_ path: ArraySlice<String>) -> YamlNode {
        guard let key = path.first, case .mapping(var entries) = content,
            let index = entries.firstIndex(where: { $0.key == key })
        else { return self }
        if path.count == 1 {
            entries.remove(at: index)
        } else {
            entries[index].value = entries[index].value.removing(path.dropFirst())
        }
        return YamlNode(position: position, content: .mapping(entries))
    }

    private static func isTagged(_ path: [String]) -> Bool {
        path == ["subject"] || (path.count == 2 && path[0] == "services")
    }
}
