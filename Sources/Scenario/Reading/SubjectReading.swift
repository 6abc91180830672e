extension PlanReader {
    func subject(_ node: YamlNode, scope: ReferenceScope) -> SubjectPlan? {
        let keys = ["job-system", "command", "environment", "working-directory", "ready"]
        guard let map = MapReader(node, what: "`subject`", keys: keys, problems: problems),
            let kind = map.choice(of: ["job-system", "command"])
        else { return nil }
        if kind.key == "command" { return command(kind.value, map, scope: scope) }
        for key in ["environment", "working-directory", "ready"] where map.has(key) {
            problems.report(
                .conflict, at: map.node[key]!.position, "`\(key)` belongs to a command, not to the job system",
                hint: "Use `config` and `defects`.")
        }
        return jobSystem(kind.value, scope: scope)
    }

    private func jobSystem(_ node: YamlNode, scope: ReferenceScope) -> SubjectPlan? {
        if node.isNull { return .jobSystem(config: [:], defects: []) }
        guard let map = MapReader(node, what: "`job-system`", keys: ["config", "defects"], problems: problems) else { return nil }
        let config = map.node["config"].map { node in
            options(
                node, of: "the job system", noun: "configuration key",
                known: vocabulary.isPermissive || vocabulary.config.isEmpty ? nil : vocabulary.config, scope: scope)
        }
        let known = vocabulary.defects.map(\.name)
        let defects = map.node["defects"].flatMap { MapReader.texts($0, what: "`defects`", problems) } ?? []
        for defect in defects where !vocabulary.isPermissive && !known.isEmpty && !known.contains(defect.text) {
            problems.reportUnknown(at: defect.position, "defect", defect.text, known: known)
        }
        return .jobSystem(config: config ?? [:], defects: defects.map(\.text))
    }

    private func command(_ node: YamlNode, _ map: MapReader, scope: ReferenceScope) -> SubjectPlan? {
        guard let arguments = MapReader.texts(node, what: "`command`", problems) else { return nil }
        if arguments.isEmpty || arguments[0].text.isEmpty {
            problems.report(.badValue, at: node.position, "the command is empty", hint: "Write it as a list: `command: [\"./service\", \"--port\", \"${port.http}\"]`.")
        } else if node.sequence == nil, arguments[0].text.contains(" ") {
            problems.report(
                .wrongType, at: node.position, "a command with arguments must be a list",
                hint: "Write `command: [\(arguments[0].text.split(separator: " ").map { "\"\($0)\"" }.joined(separator: ", "))]`; no shell is used.")
        }
        for argument in arguments { scope.check(argument.text, at: argument.position, problems) }
        var environment: [String: String] = [:]
        if let node = map.node["environment"], !node.isNull, let entries = MapReader(node, what: "`environment`", keys: nil, problems: problems)?.node.entries {
            for entry in entries {
                if entry.key.isEmpty || entry.key.contains("=") {
                    problems.report(.badValue, at: entry.position, "`\(clipped(entry.key, to: 64))` cannot name an environment variable", hint: nil)
                }
                // An empty value is a value here.
                let value = entry.value.isNull ? "" : MapReader.text(entry.value, what: "`\(entry.key)`", problems)
                guard let value else { continue }
                scope.check(value, at: entry.value.position, problems)
                environment[entry.key] = value
            }
        }
        var directory: String?
        if let node = map.node["working-directory"], let path = map.text("working-directory") {
            do {
                directory = try folder.resolve(path)
            } catch {
                problems.report(.badPath, at: node.position, error.message, hint: error.hint)
            }
        }
        return .command(
            CommandPlan(
                arguments: arguments.map(\.text), environment: environment, workingDirectory: directory, ready: ready(map.node["ready"], scope: scope)))
    }

    private func ready(_ node: YamlNode?, scope: ReferenceScope) -> ReadyPlan? {
        guard let node, let map = MapReader(node, what: "`ready`", keys: ["log", "get", "port", "file", "within"], problems: problems),
            map.choice(of: ["log", "get", "port", "file"]) != nil
        else { return nil }
        for key in ["get", "port", "file"] {
            if let text = map.text(key) { scope.check(text, at: map.node[key]!.position, problems) }
        }
        if let node = map.node["log"] { checkPattern(node) }
        return ReadyPlan(
            logPattern: map.text("log"), httpGet: map.text("get"), port: map.text("port"), file: map.text("file"),
            within_s: map.seconds("within") ?? 10)
    }

    /// A regular expression must compile now, not when the run is under way.
    func checkPattern(_ node: YamlNode) {
        guard let pattern = MapReader.text(node, what: "a pattern", problems) else { return }
        guard pattern.utf8.count <= 1024 else {
            problems.report(.badValue, at: node.position, "the pattern is longer than 1024 bytes", hint: nil)
            return
        }
        do {
            _ = try Regex(pattern)
        } catch {
            problems.report(.badValue, at: node.position, "the pattern does not compile: \(clipped("\(error)", to: 120))", hint: "Escape special characters with `\\`.")
        }
    }
}
