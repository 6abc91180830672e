package import Evidence

/// The JSON Schema (draft 2020-12) of scenario files, for editors, from the same vocabulary that validates them.
package struct ScenarioSchema: Sendable {
    let vocabulary: Vocabulary

    package init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    package var document: JSONValue {
        [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Hangscope scenario",
            "type": "object",
            "required": ["schema", "name", "title", "subject", "expect"],
            "additionalProperties": false,
            "properties": .object(parts.merging(heading) { first, _ in first }),
            "$defs": .object(definitions),
        ]
    }

    // MARK: Parts

    private var heading: [String: JSONValue] {
        [
            "schema": ["const": 1],
            "name": described(["type": "string", "pattern": "^[a-z0-9_][a-z0-9_-]{0,63}$"], "The file's name."),
            "title": described(["type": "string"], "What is seen, in a line."),
            "case": described(["type": "string"], "Field cases it stands for."),
            "tags": reference("texts"),
            "time": object(["scale": described(["type": "number", "minimum": 0.001, "maximum": 1000], "Scenario seconds in one real second.")], required: ["scale"]),
            "expect": described(["type": "object", "minProperties": 1, "additionalProperties": reference("expectation")], "Each variant's outcome."),
            "variants": described(
                ["type": "object", "additionalProperties": ["anyOf": [object(parts), ["type": "null"]]]], "What a variant has otherwise: maps are merged, lists replaced."),
        ]
    }

    /// What a variant may override.
    private var parts: [String: JSONValue] {
        [
            "subject": reference("subject"),
            "services": described(["type": ["object", "null"], "additionalProperties": reference("service")], "Processes the subject talks to."),
            "workload": list(reference("step")),
            "faults": list(reference("fault")),
            "watchdog": list(reference("rule")),
            "probes": list(reference("probe")),
            "words": words,
            "requires": list(["enum": .array(Capability.all.map { .string($0.name) })]),
        ]
    }

    private var definitions: [String: JSONValue] {
        [
            "duration": described(["type": "string", "pattern": "^[0-9.]+(ms|s|m|h)$"], "Such as 500ms, 20s, 5m, 1h."),
            "texts": ["anyOf": [["type": "array", "items": reference("value")], ["type": "string"]]],
            "value": ["type": ["string", "number", "boolean"]],
            "cause": ["enum": .array(Cause.allCases.map { .string($0.rawValue) })],
            "expectation": object(
                [
                    "outcome": ["enum": .array(PlanReader.outcomes.map { .string($0) })], "root": reference("cause"),
                    "contributing": oneOrMany(reference("cause")), "without": oneOrMany(["anyOf": [reference("cause"), ["const": "*"]]]),
                    "within": reference("duration"),
                ], required: ["outcome"]),
            "subject": subject,
            "service": exclusive(
                own: [:], choices: vocabulary.services.map { ($0.name, options($0)) }),
            "step": step,
            "fault": fault,
            "rule": rule,
            "probe": exclusive(
                own: ["name": ["type": "string"], "means": ["enum": .array([.string("store")] + Self.meanings)], "every": reference("duration")],
                choices: [
                    ("http", object(["path": ["type": "string"], "pointer": ["type": "string"]], required: ["path"])), ("log", ["type": "string"]),
                    ("file", ["type": "string"]), ("sqlite", object(["database": ["type": "string"], "query": ["type": "string"]], required: ["database", "query"])),
                ], required: ["name", "means"]),
        ]
    }

    private static let meanings = Event.Sense.words.map(JSONValue.string)

    private var words: JSONValue {
        let members = Dictionary(uniqueKeysWithValues: EventWords.canonical.keys.map { ($0, ["type": "string"] as JSONValue) })
        return described(
            object([
                "members": described(object(members), "What the program calls the members of its JSON lines."),
                "means": described(["type": "object", "additionalProperties": ["enum": .array(Self.meanings)]], "What its events mean, by their name."),
                "statuses": described(object(["ended": reference("texts"), "failed": reference("texts")]), "Statuses that end a job."),
            ]), "The program's own words.")
    }

    private var subject: JSONValue {
        let defects: JSONValue = vocabulary.isPermissive || vocabulary.defects.isEmpty ? reference("texts") : oneOrMany(names(vocabulary.defects))
        let config: JSONValue = vocabulary.isPermissive || vocabulary.config.isEmpty
            ? ["type": "object"] : object(Dictionary(uniqueKeysWithValues: vocabulary.config.map { ($0.name, value($0)) }))
        let system = object(["config": config, "defects": defects])
        return exclusive(
            own: [
                "environment": ["type": ["object", "null"], "additionalProperties": ["type": ["string", "number", "boolean", "null"]]],
                "working-directory": ["type": "string"],
                "ready": exclusive(
                    own: ["within": reference("duration")],
                    choices: ["log", "get", "port", "file"].map { ($0, ["type": ["string", "integer"]]) }),
            ],
            choices: [
                ("job-system", described(["anyOf": [system, ["type": "null"]]], "The reference job system.")),
                ("command", described(reference("texts"), "Any command, as a list; no shell is used.")),
            ])
    }

    private var step: JSONValue {
        let wait = object(
            [
                "get": ["type": "string"], "until": ["type": "object", "minProperties": 1], "failure": ["type": ["object", "null"]],
                "every": reference("duration"), "within": reference("duration"),
            ], required: ["get", "until", "within"])
        let exit: JSONValue = ["anyOf": [reference("duration"), object(["within": reference("duration")], required: ["within"])]]
        return exclusive(
            own: ["body": true, "save": ["type": "string"], "status": ["type": "integer", "minimum": 100, "maximum": 599]],
            choices: PlanReader.methods.map { ($0, ["type": "string"]) } + [("await", wait), ("pause", reference("duration")), ("exit", exit)])
    }

    private var fault: JSONValue {
        let event: JSONValue = vocabulary.events.isEmpty ? ["type": "string"] : ["anyOf": [names(vocabulary.events), ["type": "string"]]]
        let when: JSONValue = [
            "oneOf": [
                ["const": "start"], object(["at": reference("duration")], required: ["at"]),
                object(["event": event, "ordinal": ["type": "integer", "minimum": 1]], required: ["event"]),
                object(["progress": ["type": "number", "minimum": 0, "maximum": 100]], required: ["progress"]),
            ]
        ]
        let own = ["id": ["type": "string"] as JSONValue, "when": when, "for": reference("duration")]
        if vocabulary.isPermissive { return ["type": "object", "properties": .object(own)] }
        return exclusive(own: own, choices: vocabulary.faults.map { ($0.name, options($0)) })
    }

    private var rule: JSONValue {
        func timed(_ more: [String: JSONValue], required: [JSONValue] = []) -> JSONValue {
            object(more.merging(["for": reference("duration")]) { first, _ in first }, required: .array(required + ["for"]))
        }
        return exclusive(
            own: [:],
            choices: [
                ("no-work", ["anyOf": [reference("duration"), timed(["of": ["type": "string"]])]]),
                ("no-event", timed(["name": ["type": "string"]], required: ["name"])), ("deadline", reference("duration")),
                ("busy-loop", ["anyOf": [reference("duration"), timed([:])]]),
            ])
    }

    // MARK: Building

    private func options(_ kind: Vocabulary.Kind) -> JSONValue {
        let properties = Dictionary(kind.options.map { ($0.name, value($0)) }, uniquingKeysWith: { first, _ in first })
        let required = kind.options.filter(\.isRequired).map { JSONValue.string($0.name) }
        let schema: JSONValue = [
            "type": required.isEmpty ? ["object", "null"] : "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": .bool(kind.takesAnyOption),
        ]
        return described(schema, kind.doc)
    }

    private func value(_ option: Vocabulary.Option) -> JSONValue {
        var schema: JSONValue
        switch option.kind {
        case .text, .service: schema = reference("value")
        case .integer: schema = ["type": "integer", "minimum": 0]
        case .number: schema = ["type": "number", "exclusiveMinimum": 0]
        case .boolean: schema = ["type": "boolean"]
        case .duration: schema = reference("duration")
        case .bytes: schema = ["type": ["integer", "string"]]
        case .choice(let choices): schema = ["enum": .array(choices.map { .string($0) })]
        case .list: schema = reference("texts")
        }
        if option.allowsNone { schema = ["anyOf": [schema, ["const": "none"]]] }
        let doc = option.doc + (option.defaultValue.map { " Default: \($0)." } ?? "")
        return described(schema, doc)
    }

    private func names(_ names: [Vocabulary.Name]) -> JSONValue {
        ["oneOf": .array(names.map { ["const": .string($0.name), "description": .string($0.doc)] })]
    }

    /// Own keys beside exactly one of the choices.
    private func exclusive(own: [String: JSONValue], choices: [(String, JSONValue)], required: [JSONValue] = []) -> JSONValue {
        let properties = own.merging(choices) { first, _ in first }
        return [
            "type": "object", "properties": .object(properties), "additionalProperties": false, "required": .array(required),
            "oneOf": .array(choices.map { ["required": [.string($0.0)]] }),
        ]
    }

    private func object(_ properties: [String: JSONValue], required: JSONValue = []) -> JSONValue {
        ["type": "object", "properties": .object(properties), "required": required, "additionalProperties": false]
    }

    private func list(_ items: JSONValue) -> JSONValue { ["type": ["array", "null"], "items": items] }
    private func oneOrMany(_ item: JSONValue) -> JSONValue { ["anyOf": [["type": "array", "items": item], item]] }
    private func reference(_ name: String) -> JSONValue { ["$ref": .string("#/$defs/\(name)")] }

    private func described(_ schema: JSONValue, _ doc: String) -> JSONValue {
        guard case .object(var members) = schema, !doc.isEmpty else { return schema }
        members["description"] = .string(doc)
        return .object(members)
    }
}
