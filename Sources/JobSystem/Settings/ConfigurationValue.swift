/// A value as it stands in the settings document.
enum ConfigurationValue: Sendable, Equatable, Decodable {
    case string(String), number(Double), bool(Bool)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    var text: String {
        switch self {
        case .string(let value): value
        case .number(let value): value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
        case .bool(let value): "\(value)"
        }
    }
}

extension Duration {
    /// Reads `300s`, `500ms`, `1.5m`, `2h`: a number and a unit; nil for anything else, for negative
    /// times and for more than a year.
    package init?(settingText text: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), number.isFinite, number >= 0,
                number * factor <= 365 * 86_400
            else { continue }
            self = .milliseconds(Int64((number * factor * 1000).rounded()))
            return
        }
        return nil
    }

    /// The shortest text that `init(settingText:)` reads back, such as `5m` or `1500ms`.
    package var settingText: String {
        let milliseconds = Int64((seconds * 1000).rounded())
        if milliseconds % 1000 != 0 { return "\(milliseconds)ms" }
        return "\(milliseconds / 1000)s"
    }
}
