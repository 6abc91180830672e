internal import Evidence

extension PlanReader {
    static let probeSources = ["http", "log", "file", "sqlite"]

    func probes(_ node: YamlNode?, scope: ReferenceScope) -> [ProbePlan] {
        guard let node, !node.isNull else { return [] }
        guard let list = node.sequence else {
            problems.report(.wrongType, at: node.position, "`probes` must be a list, found \(node.kindInWords)", hint: "Begin each probe with `- `.")
            return []
        }
        return list.compactMap { probe($0, scope: scope) }
    }

    private func probe(_ node: YamlNode, scope: ReferenceScope) -> ProbePlan? {
        guard let map = MapReader(node, what: "a probe", keys: ["name", "means", "every"] + Self.probeSources, problems: problems),
            let kind = map.choice(of: Self.probeSources)
        else { return nil }
        let name = map.requiredText("name")
        guard let means = map.required("means", hint: "One of \((["store"] + Event.Sense.words).joined(separator: ", ")).") else { return nil }
        let sense = sense(means, besides: ["store"])
        guard let source = source(kind, scope: scope), let name else { return nil }
        return ProbePlan(name: name, source: source, sense: sense, every_s: map.seconds("every") ?? 1)
    }

    private func source(_ kind: YamlNode.Entry, scope: ReferenceScope) -> ProbePlan.Source? {
        func checked(_ node: YamlNode?, what: String) -> String? {
            guard let node, let text = MapReader.text(node, what: what, problems) else { return nil }
            scope.check(text, at: node.position, problems)
            return text
        }
        switch kind.key {
        case "log":
            checkPattern(kind.value)
            return kind.value.scalar.map { .log(pattern: $0) }
        case "file": return checked(kind.value, what: "`file`").map { .file(path: $0) }
        case "http":
            guard let map = MapReader(kind.value, what: "`http`", keys: ["path", "pointer"], problems: problems) else { return nil }
            let pointer = map.text("pointer")
            if let pointer, !pointer.isEmpty, !pointer.hasPrefix("/") {
                problems.report(
                    .badValue, at: map.node["pointer"]!.position, "a JSON pointer begins with `/` (RFC 6901)", hint: "Did you mean `/\(pointer.replacing(".", with: "/"))`?")
            }
            return checked(map.required("path"), what: "`path`").map { .http(path: $0, pointer: pointer) }
        default:
            guard let map = MapReader(kind.value, what: "`sqlite`", keys: ["database", "query"], problems: problems) else { return nil }
            let query = map.requiredText("query")
            if let query, let node = map.node["query"] {
                let first = query.drop(while: \.isWhitespace).prefix(while: \.isLetter).uppercased()
                if first != "SELECT" && first != "WITH" {
                    problems.report(.badValue, at: node.position, "a probe only reads: the query must be a SELECT", hint: "Write `SELECT ... FROM ...`.")
                }
            }
            guard let database = checked(map.required("database"), what: "`database`"), let query else { return nil }
            return .sqlite(database: database, query: query)
        }
    }
}
