internal import Evidence
internal import FoundationEssentials

extension PlanReader {
    static let methods = ["get", "post", "put", "patch", "delete"]
    /// How often a client polls where nothing else is said: every 2 s, as in the field cases.
    static let pollInterval_s = 2.0

    func workload(_ node: YamlNode?, scope: inout ReferenceScope) -> [WorkloadStep] {
        guard let node, !node.isNull else { return [] }
        guard let steps = node.sequence else {
            problems.report(.wrongType, at: node.position, "`workload` must be a list of steps, found \(node.kindInWords)", hint: "Begin each step with `- `.")
            return []
        }
        return steps.compactMap { step($0, scope: &scope) }
    }

    private func step(_ node: YamlNode, scope: inout ReferenceScope) -> WorkloadStep? {
        let kinds = Self.methods + ["await", "pause", "exit"]
        guard let map = MapReader(node, what: "a workload step", keys: kinds + ["body", "save", "status"], problems: problems),
            let kind = map.choice(of: kinds)
        else { return nil }
        if !Self.methods.contains(kind.key) {
            for key in ["body", "save", "status"] where map.has(key) {
                problems.report(.conflict, at: map.node[key]!.position, "`\(key)` belongs to a request, not to `\(kind.key)`", hint: nil)
            }
        }
        switch kind.key {
        case "await": return awaiting(kind.value, scope: scope)
        case "pause": return MapReader.seconds(kind.value, problems).map { .pause(seconds: $0) }
        case "exit":
            if kind.value.scalar != nil { return MapReader.seconds(kind.value, problems).map { .exit(within_s: $0) } }
            guard let exit = MapReader(kind.value, what: "`exit`", keys: ["within"], problems: problems) else { return nil }
            return exit.requiredSeconds("within").map { .exit(within_s: $0) }
        default: return request(kind, map, scope: &scope)
        }
    }

    private func request(_ kind: YamlNode.Entry, _ map: MapReader, scope: inout ReferenceScope) -> WorkloadStep? {
        let path = path(kind.value, scope: scope)
        let body = map.node["body"].flatMap { BodyReader(folder: folder, problems: problems, scope: scope).body($0) }
        let status = map.node["status"].flatMap { MapReader.integer($0, what: "`status`", in: 100...599, problems) }
        let save = map.text("save")
        if let save, let node = map.node["save"] {
            checkName(save, what: "saved answer's", at: node.position)
            if scope.services.contains(save) || ["port", "database", "folder", "run", "subject"].contains(save) {
                problems.report(.conflict, at: node.position, "`${\(save)}` means something else already", hint: "Choose another name.")
            }
            scope.saved.append(save)
        }
        guard let path else { return nil }
        return .request(method: kind.key.uppercased(), path: path, body: body, save: save, expectStatus: status)
    }

    private func awaiting(_ node: YamlNode, scope: ReferenceScope) -> WorkloadStep? {
        guard let map = MapReader(node, what: "`await`", keys: ["get", "until", "failure", "every", "within"], problems: problems) else { return nil }
        let path = map.required("get", hint: "Name the path to poll.").flatMap { self.path($0, scope: scope) }
        var until: [String: String] = [:]
        if let node = map.required("until", hint: "Such as `until: { status: COMPLETED }`."),
            let entries = MapReader(node, what: "`until`", keys: nil, problems: problems)?.node.entries
        {
            for entry in entries { until[entry.key] = MapReader.text(entry.value, what: "`\(entry.key)`", problems) }
            if entries.isEmpty { problems.report(.missingKey, at: node.position, "`until` waits for nothing", hint: "Such as `until: { status: COMPLETED }`.") }
        }
        var failure: [String: [String]] = [:]
        if let node = map.node["failure"], !node.isNull {
            for entry in MapReader(node, what: "`failure`", keys: nil, problems: problems)?.node.entries ?? [] {
                failure[entry.key] = MapReader.texts(entry.value, what: "`\(entry.key)`", problems)?.map(\.text)
            }
        } else if map.node["failure"] == nil {
            failure = Self.usualFailures(of: until)
        }
        let within = map.requiredSeconds("within")
        guard let path, let within else { return nil }
        return .await(path: path, until: until, failure: failure, every_s: map.seconds("every") ?? Self.pollInterval_s, within_s: within)
    }

    /// A job that has failed will not complete: the usual words for that, in the case of the word awaited.
    static func usualFailures(of until: [String: String]) -> [String: [String]] {
        var failure: [String: [String]] = [:]
        for (pointer, awaited) in until where ["status", "state"].contains(pointer.split(whereSeparator: { $0 == "." || $0 == "/" }).last.map(String.init)) {
            let words = ["FAILED", "ERROR", "TIMEOUT", "CANCELLED"].map { awaited == awaited.lowercased() ? $0.lowercased() : $0 }
            failure[pointer] = words.filter { $0 != awaited }
        }
        return failure
    }

    private func path(_ node: YamlNode, scope: ReferenceScope) -> String? {
        guard let path = MapReader.text(node, what: "a path", problems) else { return nil }
        scope.check(path, at: node.position, problems)
        if !path.hasPrefix("/") && !path.hasPrefix("http://") && !path.hasPrefix("${") {
            problems.report(.badValue, at: node.position, "the path `\(clipped(path, to: 64))` must begin with `/`", hint: "Did you mean `/\(clipped(path, to: 64))`?")
        }
        if path.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }) {
            problems.report(.badValue, at: node.position, "the path holds a space or control character", hint: "Write `%20` for a space.")
        }
        return path
    }
}

/// The body of a request: a map becomes JSON, a text is sent as it is, "@path" is a file's text.
struct BodyReader {
    let folder: ScenarioFolder
    let problems: Problems
    let scope: ReferenceScope

    func body(_ node: YamlNode) -> String? {
        if let text = node.scalar { return self.text(text, at: node.position) }
        guard let data = try? EvidenceCoding.encoder(pretty: false).encode(json(node)) else {
            problems.report(.badValue, at: node.position, "the body cannot be written as JSON", hint: nil)
            return nil
        }
        return String(decoding: data, as: UTF8.self)
    }

    private func json(_ node: YamlNode) -> JSONValue {
        switch node.content {
        case .sequence(let nodes): return .array(nodes.map(json))
        case .mapping(let entries):
            return .object(Dictionary(entries.map { ($0.key, json($0.value)) }, uniquingKeysWith: { first, _ in first }))
        case .scalar(let text, let isPlain):
            if node.isNull { return .null }
            if isPlain {
                if text == "true" || text == "false" { return .bool(text == "true") }
                if let number = Int64(text) { return .int(number) }
                if let number = Double(text), number.isFinite, text.first.map({ $0.isNumber || "+-.".contains($0) }) == true { return .double(number) }
            }
            return .string(self.text(text, at: node.position) ?? "")
        }
    }

    /// `@path` is the file's text, `@@...` a text that begins with `@`.
    private func text(_ text: String, at position: Position) -> String? {
        scope.check(text, at: position, problems)
        if text.hasPrefix("@@") { return String(text.dropFirst()) }
        guard text.hasPrefix("@") else { return text }
        do {
            return try folder.text(of: String(text.dropFirst()))
        } catch {
            problems.report(.badPath, at: position, error.message, hint: error.hint)
            return nil
        }
    }
}
