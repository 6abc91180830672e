extension ServicePlan.Kind {
    /// As it is written in scenarios and named in the vocabulary.
    package var name: String {
        switch self {
        case .modelServer: "model-server"
        case .proxy: "proxy"
        }
    }
}

extension PlanReader {
    func services(_ node: YamlNode?) -> [ServicePlan] {
        guard let node, !node.isNull, let map = MapReader(node, what: "`services`", keys: nil, problems: problems) else { return [] }
        let entries = map.node.entries ?? []
        let names = entries.map(\.key)
        var services: [ServicePlan] = []
        for entry in entries {
            checkName(entry.key, what: "service", at: entry.position)
            if ["port", "database", "folder", "run", "subject"].contains(entry.key) {
                problems.report(
                    .conflict, at: entry.position, "a service cannot be called `\(entry.key)`", hint: "`${\(entry.key)...}` means something else.")
            }
            guard let service = MapReader(entry.value, what: "service `\(clipped(entry.key, to: 64))`", keys: vocabulary.services.map(\.name), problems: problems),
                let kind = service.choice(of: vocabulary.services.map(\.name)),
                let known = vocabulary.services.first(where: { $0.name == kind.key })
            else { continue }
            let values = options(
                kind.value, of: "`\(kind.key)`", noun: "option", known: vocabulary.isPermissive && kind.key != "proxy" ? nil : known.options,
                takesAny: known.takesAnyOption, scope: ReferenceScope(services: names))
            if kind.key == "proxy" {
                let upstream = values["upstream"] ?? ""
                if let node = kind.value["upstream"] { checkUpstream(upstream, of: entry.key, names: names, at: node.position) }
                services.append(ServicePlan(name: entry.key, kind: .proxy(upstream: upstream)))
            } else {
                services.append(ServicePlan(name: entry.key, kind: .modelServer(options: values)))
            }
        }
        checkCircles(services, entries)
        return services
    }

    private func checkUpstream(_ upstream: String, of name: String, names: [String], at position: Position) {
        if names.contains(upstream) || upstream.contains("${") { return }
        let parts = upstream.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, !parts[0].isEmpty, let port = Int(parts[1]), (1...65535).contains(port) { return }
        problems.report(
            .unknownName, at: position, "`\(clipped(upstream, to: 64))` is neither a service nor host:port",
            hint: suggestion(for: upstream, among: names.filter { $0 != name }, what: "service"))
    }

    /// A proxy before itself, however many steps round, would never start.
    private func checkCircles(_ services: [ServicePlan], _ entries: [YamlNode.Entry]) {
        var upstream: [String: String] = [:]
        for service in services {
            if case .proxy(let next) = service.kind { upstream[service.name] = next }
        }
        for entry in entries {
            var seen: Set<String> = [entry.key]
            var current = entry.key
            while let next = upstream[current] {
                if !seen.insert(next).inserted {
                    if next == entry.key {
                        problems.report(
                            .conflict, at: entry.position, "proxy `\(entry.key)` leads back to itself", hint: "Let one of them name the real service.")
                    }
                    break
                }
                current = next
            }
        }
    }
}
