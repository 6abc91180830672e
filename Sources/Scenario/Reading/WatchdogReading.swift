extension PlanReader {
    static let rules = ["no-work", "no-event", "deadline", "busy-loop"]

    func watchdog(_ node: YamlNode?, scope: ReferenceScope) -> [WatchdogPlan] {
        guard let node, !node.isNull else { return [] }
        guard let list = node.sequence else {
            problems.report(.wrongType, at: node.position, "`watchdog` must be a list of rules, found \(node.kindInWords)", hint: "Begin each rule with `- `.")
            return []
        }
        return list.compactMap { rule($0, scope: scope) }
    }

    private func rule(_ node: YamlNode, scope: ReferenceScope) -> WatchdogPlan? {
        guard let map = MapReader(node, what: "a watchdog rule", keys: Self.rules, problems: problems),
            let kind = map.choice(of: Self.rules)
        else { return nil }
        switch kind.key {
        case "deadline": return MapReader.seconds(kind.value, problems).map { .deadline(seconds: $0) }
        case "busy-loop": return duration(of: kind, keys: ["for"])?.for_s.map { .busyLoop(for_s: $0) }
        case "no-work":
            guard let (map, seconds) = duration(of: kind, keys: ["of", "for"]) else { return nil }
            let of = map?.text("of")
            return seconds.map { .noWork(of: of, for_s: $0) }
        default:
            guard let (map, seconds) = duration(of: kind, keys: ["name", "for"]) else { return nil }
            guard let map else {
                problems.report(.wrongType, at: kind.value.position, "`no-event` needs a name", hint: "Write `no-event: { name: NAME, for: 60s }`.")
                return nil
            }
            guard let node = map.required("name"), let name = event(node, scope: scope), let seconds else { return nil }
            return .noEvent(name: name, for_s: seconds)
        }
    }

    /// `rule: 60s`, or `rule: { for: 60s, ... }`.
    private func duration(of kind: YamlNode.Entry, keys: [String]) -> (map: MapReader?, for_s: Double?)? {
        if kind.value.scalar != nil { return (nil, MapReader.seconds(kind.value, problems)) }
        guard let map = MapReader(kind.value, what: "`\(kind.key)`", keys: keys, problems: problems) else { return nil }
        return (map, map.requiredSeconds("for"))
    }
}
