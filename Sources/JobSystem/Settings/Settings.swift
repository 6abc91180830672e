internal import FoundationEssentials

/// Everything the server is started with: configuration, defects, and the clock's scale.
package struct Settings: Sendable, Equatable {
    package var configuration = Configuration()
    package var defects: Defects = []
    /// Clock seconds in one real second.
    package var clockScale = 1.0

    package init() {}

    /// The largest settings document that is read.
    static let maximumBytes = 1 << 20

    /// Reads a settings document: `{"config": {...}, "defects": [...], "clock": {"scale": 60}}`.
    ///
    /// Each part may be missing. Unknown names are refused with the nearest known one.
    package init(json: [UInt8], source: String = "settings") throws {
        self.init()
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(json))
        } catch let error as DecodingError {
            throw SettingsError(
                .malformed, "not a settings document: \(Self.text(error))", at: source,
                remedy: "expected is {\"config\": {KEY: VALUE}, \"defects\": [NAME], \"clock\": {\"scale\": 1}}")
        }
        for key in document.unknownKeys {
            throw SettingsError(
                .unknownKey, "unknown key \"\(key)\"", at: source,
                remedy: Suggestion.remedy(for: key, among: Document.Key.allCases.map(\.rawValue)))
        }
        for (name, value) in (document.config ?? [:]).sorted(by: { $0.key < $1.key }) {
            try configuration.set(name, to: value, source: source)
        }
        for name in document.defects ?? [] {
            guard let defect = Defect(rawValue: name) else {
                throw SettingsError(
                    .unknownDefect, "unknown defect \"\(name)\"", at: "\(source): defects",
                    remedy: Suggestion.remedy(for: name, among: Defect.allCases.map(\.rawValue)))
            }
            defects.insert(defect)
        }
        if let scale = document.clock?.scale {
            guard scale.isFinite, scale > 0, scale <= 10_000 else {
                throw SettingsError(
                    .badValue, "a clock cannot run at scale \(scale)", at: "\(source): clock.scale",
                    remedy: "give the clock seconds in one real second, over 0 and at most 10000")
            }
            clockScale = scale
        }
        try configuration.validate(defects: defects)
    }

    private static func text(_ error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context): context.debugDescription
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
            (context.codingPath.map(\.stringValue).joined(separator: ".") + ": " + context.debugDescription)
        @unknown default: "\(error)"
        }
    }
}

extension Configuration {
    /// Stores one value under its dotted name.
    mutating func set(_ name: String, to value: ConfigurationValue, source: String) throws {
        guard let key = ConfigurationKey.all.first(where: { $0.name == name }) else {
            throw SettingsError(
                .unknownKey, "unknown key \"\(name)\"", at: "\(source): config",
                remedy: Suggestion.remedy(for: name, among: ConfigurationKey.all.map(\.name)))
        }
        if let expected = key.store(value, &self) {
            throw SettingsError(
                .badValue, "\"\(value.text)\" is not a value for it", at: "\(source): config.\(name)",
                remedy: "give \(expected)")
        }
    }
}

/// The settings document as it is written.
private struct Document: Decodable {
    enum Key: String, CodingKey, CaseIterable { case config, defects, clock }
    struct Clock: Decodable { var scale: Double? }
    struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    var config: [String: ConfigurationValue]?
    var defects: [String]?
    var clock: Clock?
    var unknownKeys: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        config = try container.decodeIfPresent([String: ConfigurationValue].self, forKey: .config)
        defects = try container.decodeIfPresent([String].self, forKey: .defects)
        clock = try container.decodeIfPresent(Clock.self, forKey: .clock)
        unknownKeys = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
            .filter { Key(rawValue: $0) == nil }.sorted()
    }
}
