/// Durations as people write them in scenarios: `500ms`, `20s`, `5m`, `1h`.
package enum DurationText {
    /// A week: longer than any run, far from what a Double or a timer could not hold.
    package static let limit_s = 7.0 * 24 * 3600

    /// Why a text is not a duration.
    package struct Refusal: Error, Sendable, Hashable {
        package var message: String
        package var hint: String
    }

    /// Seconds; a bare number is refused, since nobody can tell seconds from milliseconds in it.
    package static func seconds(_ text: String) throws(Refusal) -> Double {
        let usage = "Write a number with its unit: 500ms, 20s, 5m, 1h."
        guard text.utf8.count <= 32 else { throw Refusal(message: "not a duration", hint: usage) }
        if let number = Double(text), number.isFinite {
            throw Refusal(message: "the duration `\(text)` has no unit", hint: "Did you mean `\(text)s` or `\(text)ms`?")
        }
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text[digits.endIndex...]
        guard let number = Double(digits), number.isFinite else {
            throw Refusal(message: "`\(clipped(text, to: 32))` is not a duration", hint: usage)
        }
        let scale: Double
        switch unit {
        case "ms": scale = 0.001
        case "s": scale = 1
        case "m": scale = 60
        case "h": scale = 3600
        case "sec", "secs", "second", "seconds": throw Refusal(message: "unknown unit `\(unit)`", hint: "Did you mean `\(digits)s`?")
        case "min", "mins", "minute", "minutes": throw Refusal(message: "unknown unit `\(unit)`", hint: "Did you mean `\(digits)m`?")
        default: throw Refusal(message: "`\(clipped(text, to: 32))` is not a duration", hint: usage)
        }
        let total = number * scale
        guard total <= limit_s else { throw Refusal(message: "`\(text)` is longer than 7 days", hint: usage) }
        return total
    }
}
