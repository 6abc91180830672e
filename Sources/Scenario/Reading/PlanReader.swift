internal import Evidence

/// Reads one scenario: the parts that all variants share here, the others in its extensions.
struct PlanReader {
    let vocabulary: Vocabulary
    let problems: Problems
    let folder: ScenarioFolder

    static let topKeys = [
        "schema", "name", "title", "case", "tags", "subject", "services", "workload", "faults", "watchdog", "probes", "words", "time", "expect",
        "variants", "requires",
    ]
    static let defaultVariants = ["hanging", "working", "fixed"]
    /// More would be another scenario.
    static let variantLimit = 16

    func plan(_ root: YamlNode) -> Plan? {
        guard let top = MapReader(root, what: "a scenario", keys: Self.topKeys, problems: problems) else { return nil }
        if let node = top.required("schema", hint: "Begin with `schema: 1`."),
            let version = MapReader.integer(node, what: "`schema`", in: 0...1_000_000, problems), version != 1
        {
            problems.report(.badValue, at: node.position, "schema \(version) is not known", hint: "This version reads schema 1.")
        }
        let name = top.requiredText("name", hint: "Give it the file's name.") ?? ""
        if let node = top.node["name"], !name.isEmpty { checkName(name, what: "scenario", at: node.position) }
        let title = top.requiredText("title", hint: "Say in a line what is seen.") ?? ""
        let isCommand = root["subject"]?["command"] != nil
        let scale = timeScale(top, isCommand: isCommand)
        let expectations = expectations(top)
        let variants = self.variants(root, top, expectations)
        guard problems.isEmpty else { return nil }
        return Plan(
            name: name, title: title, fieldCase: top.text("case"), tags: top.texts("tags") ?? [], timeScale: scale,
            folder: folder.path ?? "", variants: variants)
    }

    /// Names become folders, options and attributes: letters, digits and hyphens.
    func checkName(_ name: String, what: String, at position: Position) {
        let isGood = name.utf8.count <= 64 && !name.hasPrefix("-")
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F }
        if !isGood {
            problems.report(
                .badValue, at: position, "`\(clipped(name, to: 64))` is not a good \(what) name",
                hint: "Use at most 64 lower-case letters, digits, `-` and `_`.")
        }
    }

    private func timeScale(_ top: MapReader, isCommand: Bool) -> Double {
        guard let node = top.node["time"], let time = MapReader(node, what: "`time`", keys: ["scale"], problems: problems),
            let scaleNode = time.required("scale"),
            let scale = MapReader.number(scaleNode, what: "`scale`", in: 0.001...1000, problems)
        else { return 1 }
        if isCommand && scale != 1 {
            problems.report(
                .conflict, at: scaleNode.position, "a command runs in real time; its time cannot be scaled by \(scale)",
                hint: "Remove `time`; only the reference job system takes the scenario's clock.")
        }
        return scale
    }

    // MARK: Variants

    private func variants(_ root: YamlNode, _ top: MapReader, _ expectations: [String: Expectation]) -> [Variant] {
        var overrides: [String: YamlNode] = [:]
        if let node = top.node["variants"], !node.isNull,
            let map = MapReader(node, what: "`variants`", keys: nil, problems: problems)
        {
            for entry in map.node.entries ?? [] {
                checkName(entry.key, what: "variant", at: entry.position)
                overrides[entry.key] = entry.value
                _ = entry.value.isNull
                    ? nil : MapReader(entry.value, what: "a variant", keys: Self.variantKeys, problems: problems)
                if expectations[entry.key] == nil, top.node["expect"]?[entry.key] == nil {
                    problems.report(
                        .missingKey, at: entry.position, "variant `\(clipped(entry.key, to: 64))` states no outcome",
                        hint: "Add it under `expect`, such as `\(clipped(entry.key, to: 64)): { outcome: completed }`.")
                }
            }
        }
        let names = Self.defaultVariants.filter { expectations[$0] != nil }
            + expectations.keys.filter { !Self.defaultVariants.contains($0) }.sorted()
        if names.count > Self.variantLimit {
            problems.report(
                .size, at: root.position, "\(names.count) variants; at most \(Self.variantLimit) are read", hint: "Split the scenario.")
            return []
        }
        // What no variant uses is checked all the same.
        if !names.contains("hanging") {
            _ = variant("hanging", root: root, override: nil, expectation: Expectation(outcome: "unknown"))
        }
        return names.compactMap { name in
            variant(name, root: root, override: overrides[name], expectation: expectations[name]!)
        }
    }

    static let variantKeys = ["subject", "services", "workload", "faults", "watchdog", "probes", "words", "requires"]

    private func variant(_ name: String, root: YamlNode, override: YamlNode?, expectation: Expectation) -> Variant? {
        var node = root
        if name == "working" { node = node.removing(["faults"]) }
        if name == "working" || name == "fixed" { node = node.removing(["subject", "job-system", "defects"]) }
        if let override, override.entries != nil { node = node.merged(with: override) }

        let services = self.services(node["services"])
        let kinds = Dictionary(services.map { ($0.name, $0.kind.name) }, uniquingKeysWith: { first, _ in first })
        var scope = ReferenceScope(services: services.map(\.name))
        guard let subjectNode = node["subject"] else {
            problems.report(
                .missingKey, at: root.position, "the scenario lacks `subject`",
                hint: "Give `subject: { command: [...] }` or `subject: { job-system: }`.")
            return nil
        }
        scope.isJobSystem = subjectNode["job-system"] != nil
        let subject = self.subject(subjectNode, scope: scope)
        let workload = self.workload(node["workload"], scope: &scope)
        let faults = self.faults(node["faults"], scope: scope, serviceKinds: kinds)
        let requires = self.requires(node["requires"]) + faults.flatMap { fault in
            vocabulary.faults.first { $0.name == fault.kind }?.requires ?? []
        }
        guard let subject else { return nil }
        return Variant(
            name: name, subject: subject, services: services, workload: workload, faults: faults,
            watchdog: watchdog(node["watchdog"], scope: scope), probes: probes(node["probes"], scope: scope), words: words(node["words"]),
            expectation: expectation, requires: Set(requires).sorted())
    }

    private func requires(_ node: YamlNode?) -> [String] {
        guard let node, let names = MapReader.texts(node, what: "`requires`", problems) else { return [] }
        let known = Capability.all.map(\.name)
        for name in names where !known.contains(name.text) {
            problems.reportUnknown(at: name.position, "capability", name.text, known: known)
        }
        return names.map(\.text)
    }
}
