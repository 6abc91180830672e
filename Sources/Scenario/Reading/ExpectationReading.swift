internal import Evidence

extension PlanReader {
    /// Diagnosis' verdicts, by name: this target does not import it.
    static let outcomes = ["hang", "slow", "advancing", "idle", "failed", "completed", "unknown"]

    func expectations(_ top: MapReader) -> [String: Expectation] {
        guard let node = top.required("expect", hint: "State each variant's outcome, such as `hanging: { outcome: hang }`."),
            let map = MapReader(node, what: "`expect`", keys: nil, problems: problems)
        else { return [:] }
        var result: [String: Expectation] = [:]
        let overrides = top.node["variants"]?.entries?.map(\.key) ?? []
        for entry in map.node.entries ?? [] {
            checkName(entry.key, what: "variant", at: entry.position)
            let known = Self.defaultVariants + overrides
            if !known.contains(entry.key) {
                problems.reportUnknown(at: entry.position, "variant", entry.key, known: known)
            }
            result[entry.key] = expectation(entry.value, variant: entry.key)
        }
        if result.isEmpty, problems.isEmpty {
            problems.report(.missingKey, at: node.position, "`expect` states no outcome", hint: "Add `hanging: { outcome: hang }`.")
        }
        return result
    }

    private func expectation(_ node: YamlNode, variant: String) -> Expectation? {
        guard let map = MapReader(
            node, what: "an expectation", keys: ["outcome", "root", "contributing", "without", "within"], problems: problems)
        else { return nil }
        guard let outcome = map.requiredText("outcome", hint: "One of \(Self.outcomes.joined(separator: ", ")).") else { return nil }
        if !Self.outcomes.contains(outcome) {
            problems.reportUnknown(at: map.node["outcome"]!.position, "outcome", outcome, known: Self.outcomes)
        }
        let root = map.text("root")
        if let root, let node = map.node["root"] {
            checkCause(root, at: node.position)
            if outcome == "completed" || outcome == "idle" || outcome == "advancing" {
                problems.report(
                    .conflict, at: node.position, "a run that is \(outcome) has no root cause",
                    hint: "Name it under `contributing`, or expect another outcome.")
            }
        }
        let contributing = causes(map.node["contributing"], what: "`contributing`")
        let without = causes(map.node["without"], what: "`without`", allowsAll: true)
        for cause in without where contributing.contains(cause) || cause == root {
            problems.report(
                .conflict, at: map.node["without"]!.position, "`\(cause)` is both asked for and ruled out", hint: "Remove it from one of them.")
        }
        return Expectation(outcome: outcome, root: root, contributing: contributing, without: without, within_s: map.seconds("within"))
    }

    private func causes(_ node: YamlNode?, what: String, allowsAll: Bool = false) -> [String] {
        guard let node, let names = MapReader.texts(node, what: what, problems) else { return [] }
        for name in names where !(allowsAll && name.text == "*") { checkCause(name.text, at: name.position) }
        return names.map(\.text)
    }

    private func checkCause(_ name: String, at position: Position) {
        guard Cause(rawValue: name) == nil else { return }
        let near = suggestion(for: name, among: Cause.allCases.map(\.rawValue), what: "cause")
        problems.report(
            .unknownName, at: position, "unknown cause `\(clipped(name, to: 64))`",
            hint: near?.hasPrefix("Did") == true ? near : "`hangscope causes` lists them.")
    }
}
