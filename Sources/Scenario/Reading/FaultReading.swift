extension PlanReader {
    func faults(_ node: YamlNode?, scope: ReferenceScope, serviceKinds: [String: String]) -> [FaultPlan] {
        guard let node, !node.isNull else { return [] }
        guard let list = node.sequence else {
            problems.report(.wrongType, at: node.position, "`faults` must be a list, found \(node.kindInWords)", hint: "Begin each fault with `- `.")
            return []
        }
        var ids: Set<String> = []
        return list.compactMap { node in
            guard let fault = fault(node, scope: scope, serviceKinds: serviceKinds) else { return nil }
            if !ids.insert(fault.id).inserted {
                problems.report(
                    .conflict, at: node["id"]?.position ?? node.position, "a second fault is called `\(fault.id)`", hint: "Give each an `id` of its own.")
            }
            return fault
        }
    }

    private func fault(_ node: YamlNode, scope: ReferenceScope, serviceKinds: [String: String]) -> FaultPlan? {
        let own = ["id", "when", "for"]
        let known = vocabulary.faults.map(\.name)
        let keys = vocabulary.isPermissive ? nil : own + known
        guard let map = MapReader(node, what: "a fault", keys: keys, problems: problems) else { return nil }
        let candidates = vocabulary.isPermissive ? (node.entries ?? []).map(\.key).filter { !own.contains($0) } : known
        guard let kind = map.choice(of: candidates.isEmpty ? ["stall"] : candidates) else { return nil }
        let word = vocabulary.faults.first { $0.name == kind.key }
        let options = options(
            kind.value, of: "`\(kind.key)`", noun: "option", known: vocabulary.isPermissive ? nil : word?.options,
            takesAny: word?.takesAnyOption ?? false, scope: scope, serviceKinds: serviceKinds)
        let id = map.text("id") ?? kind.key
        if let node = map.node["id"] { checkName(id, what: "fault", at: node.position) }
        guard let when = map.node["when"].map({ trigger($0, scope: scope) }) ?? .start else { return nil }
        return FaultPlan(id: id, when: when, for_s: map.seconds("for"), kind: kind.key, options: options)
    }

    private func trigger(_ node: YamlNode, scope: ReferenceScope) -> FaultPlan.Trigger? {
        if node.scalar == "start" { return .start }
        if let text = node.scalar {
            problems.report(
                .wrongType, at: node.position, "unknown moment `\(clipped(text, to: 64))`",
                hint: "Write `start`, `{ at: 20s }`, `{ event: NAME }` or `{ progress: 70 }`.")
            return nil
        }
        guard let map = MapReader(node, what: "`when`", keys: ["at", "event", "ordinal", "progress"], problems: problems),
            let kind = map.choice(of: ["at", "event", "progress"])
        else { return nil }
        if kind.key != "event", let ordinal = map.node["ordinal"] {
            problems.report(.conflict, at: ordinal.position, "`ordinal` belongs to `event`", hint: nil)
        }
        switch kind.key {
        case "at": return MapReader.seconds(kind.value, problems).map { .at(seconds: $0) }
        case "progress": return MapReader.number(kind.value, what: "`progress`", in: 0...100, problems).map { .progress($0) }
        default:
            guard let name = event(kind.value, scope: scope) else { return nil }
            let ordinal = map.node["ordinal"].flatMap { MapReader.integer($0, what: "`ordinal`", in: 1...1_000_000, problems) }
            return .event(name: name, ordinal: ordinal ?? 1)
        }
    }

    /// The name of an event; a known one where the vocabulary lists those of the job system.
    func event(_ node: YamlNode, scope: ReferenceScope) -> String? {
        guard let name = MapReader.text(node, what: "an event", problems) else { return nil }
        let known = vocabulary.events.map(\.name)
        if !vocabulary.isPermissive, !known.isEmpty, !known.contains(name), scope.isJobSystem {
            problems.reportUnknown(at: node.position, "event", name, known: known)
        }
        return name
    }
}
