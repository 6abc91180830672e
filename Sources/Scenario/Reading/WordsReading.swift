internal import Evidence

extension PlanReader {
    /// More names than a program has kinds of lines.
    private static let mostWords = 1000

    /// `words: { members: {OURS: THEIRS}, means: {EVENT: WORD}, statuses: { ended: [...], failed: [...] } }`.
    func words(_ node: YamlNode?) -> EventWords {
        guard let node, !node.isNull, let map = MapReader(node, what: "`words`", keys: ["members", "means", "statuses"], problems: problems) else { return EventWords() }
        var words = EventWords()
        for entry in entries(map.node["members"], what: "`members`") {
            let known = EventWords.canonical.keys.sorted()
            if !known.contains(entry.key) { problems.reportUnknown(at: entry.position, "member", entry.key, known: known) }
            words.members[entry.key] = MapReader.text(entry.value, what: "`\(clipped(entry.key, to: 64))`", problems)
        }
        for entry in entries(map.node["means"], what: "`means`") {
            words.means[entry.key] = sense(entry.value)
        }
        if let node = map.node["statuses"], let map = MapReader(node, what: "`statuses`", keys: ["ended", "failed"], problems: problems) {
            words.statuses = StatusWords(well: map.texts("ended") ?? [], badly: map.texts("failed") ?? [])
        }
        return words
    }

    /// One of `Event.Sense.words`.
    func sense(_ node: YamlNode, besides more: [String] = []) -> Event.Sense? {
        guard let word = MapReader.text(node, what: "a meaning", problems), !more.contains(word) else { return nil }
        if let sense = Event.Sense(word: word) { return sense }
        problems.reportUnknown(at: node.position, "meaning", word, known: more + Event.Sense.words)
        return nil
    }

    private func entries(_ node: YamlNode?, what: String) -> [YamlNode.Entry] {
        guard let node, !node.isNull, let entries = MapReader(node, what: what, keys: nil, problems: problems)?.node.entries else { return [] }
        if entries.count > Self.mostWords {
            problems.report(.size, at: node.position, "\(what) has \(entries.count) entries; at most \(Self.mostWords) are read", hint: nil)
        }
        return Array(entries.prefix(Self.mostWords))
    }
}
