/// One key of the configuration: its name, type and meaning, and how its value is stored.
struct ConfigurationKey: Sendable {
    var name: String
    /// `duration`, `integer`, `string`, `url`, or the allowed words joined by `|`.
    var type: String
    var doc: String
    /// The default as it would be written.
    var defaultText: String
    /// Nil when stored; otherwise what the value should have been.
    var store: @Sendable (ConfigurationValue, inout Configuration) -> String?

    static func duration(
        _ name: String, _ path: WritableKeyPath<Configuration, Duration> & Sendable,
        atLeast least: Duration = .milliseconds(1), _ doc: String
    ) -> Self {
        Self(
            name: name, type: "duration", doc: doc, defaultText: Configuration()[keyPath: path].settingText
        ) { value, configuration in
            guard case .string(let text) = value, let duration = Duration(settingText: text), duration >= least
            else { return "a duration of at least \(least.settingText), such as \"300s\", \"500ms\" or \"10m\"" }
            configuration[keyPath: path] = duration
            return nil
        }
    }

    static func integer(
        _ name: String, _ path: WritableKeyPath<Configuration, Int> & Sendable, _ range: ClosedRange<Int>, _ doc: String
    ) -> Self {
        Self(
            name: name, type: "integer", doc: doc, defaultText: "\(Configuration()[keyPath: path])"
        ) { value, configuration in
            guard let number = Int(value.text), range.contains(number)
            else { return "an integer from \(range.lowerBound) to \(range.upperBound)" }
            configuration[keyPath: path] = number
            return nil
        }
    }

    static func string(
        _ name: String, _ path: WritableKeyPath<Configuration, String> & Sendable, _ doc: String,
        defaultText: String? = nil
    ) -> Self {
        Self(
            name: name, type: "string", doc: doc, defaultText: defaultText ?? Configuration()[keyPath: path]
        ) { value, configuration in
            guard case .string(let text) = value, !text.isEmpty else { return "a text that is not empty" }
            configuration[keyPath: path] = text
            return nil
        }
    }

    static func url(
        _ name: String, _ path: WritableKeyPath<Configuration, String> & Sendable, _ doc: String
    ) -> Self {
        var key = string(name, path, doc)
        key.type = "url"
        key.store = { value, configuration in
            guard let address = EndpointAddress(baseURL: value.text) else { return "a URL such as http://127.0.0.1:9002" }
            configuration[keyPath: path] = address.baseURL
            return nil
        }
        return key
    }

    static func word<Word: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, _ path: WritableKeyPath<Configuration, Word> & Sendable, _ doc: String
    ) -> Self where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue)
        return Self(
            name: name, type: words.joined(separator: "|"), doc: doc,
            defaultText: Configuration()[keyPath: path].rawValue
        ) { value, configuration in
            guard let word = Word(rawValue: value.text) else { return "one of \(words.joined(separator: ", "))" }
            configuration[keyPath: path] = word
            return nil
        }
    }

    /// A word of which `none` means that there is none.
    static func optionalWord<Word: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, _ path: WritableKeyPath<Configuration, Word?> & Sendable, _ doc: String
    ) -> Self where Word.RawValue == String {
        let words = ["none"] + Word.allCases.map(\.rawValue)
        return Self(
            name: name, type: words.joined(separator: "|"), doc: doc, defaultText: "none"
        ) { value, configuration in
            guard words.contains(value.text) else { return "one of \(words.joined(separator: ", "))" }
            configuration[keyPath: path] = Word(rawValue: value.text)
            return nil
        }
    }
}
