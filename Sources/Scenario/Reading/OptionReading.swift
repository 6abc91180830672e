/// Options and configuration: names and values against the vocabulary, handed on as texts.
extension PlanReader {
    /// - Parameter options: what is known; nil takes any name and any value.
    func options(
        _ node: YamlNode, of what: String, noun: String, known options: [Vocabulary.Option]?, takesAny: Bool = false, scope: ReferenceScope,
        serviceKinds: [String: String] = [:]
    ) -> [String: String] {
        if node.isNull { return missing(options ?? [], given: [], at: node.position, what: what) }
        guard let entries = node.entries else {
            problems.report(.wrongType, at: node.position, "\(what) must be a map, found \(node.kindInWords)", hint: nil)
            return [:]
        }
        var values: [String: String] = [:]
        for entry in entries {
            let option = options?.first { $0.name == entry.key }
            if options != nil, option == nil, !takesAny {
                problems.report(
                    .unknownKey, at: entry.position, "unknown \(noun) `\(clipped(entry.key, to: 64))` of \(what)",
                    hint: suggestion(for: entry.key, among: options!.map(\.name), what: noun))
                continue
            }
            guard let value = optionText(entry) else { continue }
            scope.check(value, at: entry.value.position, problems)
            if let option, !value.contains("${") { check(value, of: option, at: entry.value.position, serviceKinds: serviceKinds) }
            if option == nil, entry.key == "service" {
                check(value, of: .init(name: "service", kind: .service(kinds: [])), at: entry.value.position, serviceKinds: serviceKinds)
            }
            values[entry.key] = value
        }
        _ = missing(options ?? [], given: entries.map(\.key), at: node.position, what: what)
        return values
    }

    private func missing(_ options: [Vocabulary.Option], given: [String], at position: Position, what: String) -> [String: String] {
        for option in options where option.isRequired && !given.contains(option.name) {
            problems.report(
                .missingKey, at: position, "\(what) lacks `\(option.name)`", hint: option.doc.isEmpty ? nil : "`\(option.name)`: \(option.doc)")
        }
        return [:]
    }

    private func optionText(_ entry: YamlNode.Entry) -> String? {
        if entry.value.sequence != nil {
            return MapReader.texts(entry.value, what: "`\(entry.key)`", problems)?.map(\.text).joined(separator: ",")
        }
        return MapReader.text(entry.value, what: "`\(entry.key)`", problems)
    }

    private static func isAmount(_ text: String) -> Bool {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        return Double(digits) != nil && ["", "B", "KB", "MB", "GB", "KiB", "MiB", "GiB"].contains(text[digits.endIndex...])
    }

    private func check(_ value: String, of option: Vocabulary.Option, at position: Position, serviceKinds: [String: String]) {
        if option.allowsNone && value == "none" { return }
        func refuse(_ expected: String, hint: String?) {
            problems.report(.badValue, at: position, "`\(option.name)` must be \(expected), found `\(clipped(value, to: 40))`", hint: hint)
        }
        switch option.kind {
        case .text, .list: break
        case .integer: if Int(value).map({ $0 >= 0 }) != true { refuse("a whole number, 0 or more", hint: nil) }
        case .number: if Double(value).map({ $0.isFinite && $0 > 0 }) != true { refuse("a number above 0", hint: nil) }
        case .bytes: if !Self.isAmount(value) { refuse("an amount", hint: "Write it such as 4096, 64KB or 1MiB.") }
        case .boolean:
            if value != "true" && value != "false" {
                let yes = ["yes", "on", "1", "True", "TRUE"].contains(value), no = ["no", "off", "0", "False", "FALSE"].contains(value)
                refuse("true or false", hint: yes || no ? "Did you mean `\(yes)`?" : nil)
            }
        case .duration:
            do {
                _ = try DurationText.seconds(value)
            } catch {
                problems.report(.badValue, at: position, "`\(option.name)`: \(error.message)", hint: error.hint)
            }
        case .choice(let choices):
            if !choices.contains(value) {
                refuse("one of its choices", hint: suggestion(for: value, among: choices, what: "choice"))
            }
        case .service(let kinds):
            guard let kind = serviceKinds[value] else {
                problems.reportUnknown(at: position, "service", value, known: Array(serviceKinds.keys))
                return
            }
            if !kinds.isEmpty && !kinds.contains(kind) {
                let fitting = serviceKinds.filter { kinds.contains($0.value) }.keys.sorted()
                problems.report(
                    .conflict, at: position, "service `\(value)` is a \(kind); this needs a \(kinds.joined(separator: " or "))",
                    hint: fitting.isEmpty
                        ? "Add one under `services`, such as `\(value)-wire: { \(kinds[0]): ... }`."
                        : "Fitting services: \(fitting.map { "`\($0)`" }.joined(separator: ", ")).")
            }
        }
    }
}
