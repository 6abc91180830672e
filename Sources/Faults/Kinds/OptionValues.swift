/// Options given as text, read by their descriptions.
package struct OptionValues: Sendable {
    private let values: [String: String]
    private let descriptions: [String: OptionDescription]

    /// Throws for options that are unknown, missing, or not what their description wants.
    package init(_ values: [String: String], of descriptions: [OptionDescription], what: String) throws {
        self.values = values
        self.descriptions = Dictionary(descriptions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for name in values.keys.sorted() where self.descriptions[name] == nil {
            let known = descriptions.map(\.name).joined(separator: ", ")
            throw FaultError(
                code: "bad-option", message: "\(what) has no option \"\(name)\"",
                remedy: known.isEmpty ? "It takes no options." : "Its options are \(known).")
        }
        for description in descriptions {
            if let value = values[description.name] {
                guard Self.accepts(description.kind, value) else {
                    throw FaultError.badOption(description.name, value, wanted: description.wanted)
                }
            } else if description.required {
                throw FaultError(
                    code: "bad-option", message: "\(what) needs option \"\(description.name)\"",
                    remedy: "Give \(description.wanted).")
            }
        }
    }

    package func string(_ name: String) throws -> String? { given(name) }
    package func integer(_ name: String) throws -> Int? { given(name).flatMap { Int($0) } }
    package func number(_ name: String) throws -> Double? { given(name).flatMap { Double($0) } }
    package func seconds(_ name: String) throws -> Double? { given(name).flatMap(Self.parseSeconds) }
    package func bytes(_ name: String) throws -> Int? { given(name).flatMap(Self.parseBytes) }

    private func given(_ name: String) -> String? { values[name] ?? descriptions[name]?.default }

    private static func accepts(_ kind: OptionDescription.Kind, _ value: String) -> Bool {
        switch kind {
        case .integer: Int(value).map { $0 >= 0 } ?? false
        case .number: Double(value).map { $0.isFinite && $0 > 0 } ?? false
        case .seconds: parseSeconds(value) != nil
        case .bytes: parseBytes(value) != nil
        case .string, .service: !value.isEmpty
        case .word(let words): words.contains(value)
        }
    }

    /// "30s", "250ms", "5m", "1h" or a bare number of seconds; nil for anything else.
    package static func parseSeconds(_ text: String) -> Double? {
        parse(text, units: [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)])
    }

    /// "4096", "64KB" (1000 bytes each), "1MiB" (1024 twice); nil for anything else.
    package static func parseBytes(_ text: String) -> Int? {
        let units: [(String, Double)] = [
            ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("KB", 1000), ("MB", 1_000_000), ("GB", 1e9),
            ("B", 1), ("", 1),
        ]
        return parse(text, units: units).flatMap { $0 < 1e15 ? Int($0) : nil }
    }

    private static func parse(_ text: String, units: [(suffix: String, factor: Double)]) -> Double? {
        for unit in units where text.hasSuffix(unit.suffix) {
            let digits = text.dropLast(unit.suffix.count)
            guard let first = digits.first, first.isNumber, digits.allSatisfy({ $0.isNumber || $0 == "." }),
                let value = Double(digits)
            else { continue }
            return value * unit.factor
        }
        return nil
    }
}
