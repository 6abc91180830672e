/// A map with known keys, read key by key; what is wrong is reported where it stands.
struct MapReader {
    let node: YamlNode
    /// What it is, for messages, such as "a workload step".
    let what: String
    let problems: Problems
    /// A key was not known, and has been reported.
    private(set) var hasUnknownKeys = false

    /// nil when it is no map. Unknown keys are reported at once; `keys` nil takes any.
    init?(_ node: YamlNode, what: String, keys: [String]?, problems: Problems) {
        guard let entries = node.entries else {
            problems.report(
                .wrongType, at: node.position, "\(what) must be a map, found \(node.kindInWords)",
                hint: keys.map { "Its keys are \($0.map { "`\($0)`" }.joined(separator: ", "))." })
            return nil
        }
        self.node = node
        self.what = what
        self.problems = problems
        if let keys {
            for entry in entries where !keys.contains(entry.key) {
                problems.report(
                    .unknownKey, at: entry.position, "unknown key `\(clipped(entry.key, to: 64))` in \(what)",
                    hint: suggestion(for: entry.key, among: keys, what: "key"))
                hasUnknownKeys = true
            }
        }
    }

    func has(_ key: String) -> Bool { node[key] != nil }

    func required(_ key: String, hint: String? = nil) -> YamlNode? {
        if let value = node[key] { return value }
        problems.report(.missingKey, at: node.position, "\(what) lacks `\(key)`", hint: hint)
        return nil
    }

    func text(_ key: String) -> String? { node[key].flatMap { Self.text($0, what: "`\(key)`", problems) } }

    func requiredText(_ key: String, hint: String? = nil) -> String? {
        required(key, hint: hint).flatMap { Self.text($0, what: "`\(key)`", problems) }
    }

    func seconds(_ key: String) -> Double? { node[key].flatMap { Self.seconds($0, problems) } }

    func requiredSeconds(_ key: String) -> Double? {
        required(key, hint: "Write a duration, such as `\(key): 60s`.").flatMap { Self.seconds($0, problems) }
    }

    func texts(_ key: String) -> [String]? { node[key].flatMap { Self.texts($0, what: "`\(key)`", problems)?.map(\.text) } }

    /// One of several keys that exclude each other; reports none and more than one.
    func choice(of keys: [String]) -> YamlNode.Entry? {
        let given = (node.entries ?? []).filter { keys.contains($0.key) }
        let list = keys.map { "`\($0)`" }.joined(separator: ", ")
        // An unknown key was most likely meant to be the one that lacks.
        if given.isEmpty, !hasUnknownKeys {
            problems.report(.missingKey, at: node.position, "\(what) does not say what it is", hint: "Give one of \(list).")
        }
        for extra in given.dropFirst() {
            problems.report(
                .conflict, at: extra.position, "`\(extra.key)` cannot stand beside `\(given[0].key)` in \(what)",
                hint: "Give one of \(list).")
        }
        return given.first
    }

    // MARK: Single values

    static func text(_ node: YamlNode, what: String, _ problems: Problems) -> String? {
        guard let text = node.scalar, !node.isNull else {
            problems.report(.wrongType, at: node.position, "\(what) must be text, found \(node.kindInWords)", hint: nil)
            return nil
        }
        guard !text.unicodeScalars.contains("\0") else {
            problems.report(.badValue, at: node.position, "\(what) holds a NUL character", hint: "Remove it: no argument, path or header can hold one.")
            return nil
        }
        return text
    }

    static func seconds(_ node: YamlNode, _ problems: Problems) -> Double? {
        guard let text = text(node, what: "a duration", problems) else { return nil }
        do {
            return try DurationText.seconds(text)
        } catch {
            problems.report(.badValue, at: node.position, error.message, hint: error.hint)
            return nil
        }
    }

    /// A list of texts, or one text standing for a list of one.
    static func texts(_ node: YamlNode, what: String, _ problems: Problems) -> [(text: String, position: Position)]? {
        if node.isNull { return [] }
        guard let nodes = node.sequence else { return text(node, what: what, problems).map { [($0, node.position)] } }
        return nodes.compactMap { element in text(element, what: "each of \(what)", problems).map { ($0, element.position) } }
    }

    static func number(_ node: YamlNode, what: String, in range: ClosedRange<Double>, _ problems: Problems) -> Double? {
        guard let text = text(node, what: what, problems) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            problems.report(
                .badValue, at: node.position, "\(what) must be a number from \(shown(range.lowerBound)) to \(shown(range.upperBound)), found `\(clipped(text, to: 40))`",
                hint: nil)
            return nil
        }
        return number
    }

    static func integer(_ node: YamlNode, what: String, in range: ClosedRange<Int>, _ problems: Problems) -> Int? {
        guard let text = text(node, what: what, problems) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            problems.report(
                .badValue, at: node.position, "\(what) must be a whole number from \(range.lowerBound) to \(range.upperBound), found `\(clipped(text, to: 40))`",
                hint: nil)
            return nil
        }
        return number
    }

    private static func shown(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
    }
}
