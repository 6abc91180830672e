/// Numbers as people read them, always with their unit. Total: NaN and infinities are words.
package enum Units {
    /// "120 ms", "1.2 s", "41 s", "5 min 20 s", "2 h 3 min".
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "an unknown time" }
        if seconds < 0 { return "-" + duration(-seconds) }
        if seconds < 0.0005 { return seconds == 0 ? "0 s" : "under 1 ms" }
        if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
        if seconds < 9.95 { return "\(fixed(seconds, 1)) s" }
        if seconds < 120 { return "\(Int(seconds.rounded())) s" }
        guard seconds < 1e12 else { return "\(fixed(seconds, 0)) s" }
        let total = Int(seconds.rounded())
        if total < 7200 { return total % 60 == 0 ? "\(total / 60) min" : "\(total / 60) min \(total % 60) s" }
        return total % 3600 < 60 ? "\(total / 3600) h" : "\(total / 3600) h \(total % 3600 / 60) min"
    }

    /// "0.2 ms", "3.1 ms", "120 ms".
    package static func milliseconds(_ value: Double) -> String {
        guard value.isFinite else { return "unknown" }
        return value < 100 ? "\(fixed(value, 1)) ms" : duration(value / 1000)
    }

    package static func bytes(_ value: Double) -> String {
        guard value.isFinite else { return "unknown" }
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
        var amount = value
        var unit = 0
        while abs(amount) >= 1024, unit < units.count - 1 {
            amount /= 1024
            unit += 1
        }
        return "\(fixed(amount, unit > 0 && abs(amount) < 10 ? 1 : 0)) \(units[unit])"
    }

    package static func bytes(_ value: some BinaryInteger) -> String { bytes(Double(value)) }

    /// Digits grouped by three: "100 000".
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        guard digits.count > 4 else { return String(value) }
        var out = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { out += "\u{202F}" }
            out.append(digit)
        }
        return value < 0 ? "-" + out : out
    }

    /// "1 thread", "3 threads".
    package static func count(_ value: Int, _ noun: String) -> String {
        "\(count(value)) " + (value == 1 ? noun : noun == "child" ? "children" : noun + (noun.hasSuffix("s") ? "es" : "s"))
    }

    /// With so many decimals, at most 6; beyond 15 digits as the language prints it.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "not a number" : value < 0 ? "-infinite" : "infinite" }
        guard abs(value) < 1e12 else { return "\(value)" }
        let decimals = min(max(decimals, 0), 6)
        var power = 1.0
        for _ in 0..<decimals { power *= 10 }
        let scaled = Int64((abs(value) * power).rounded())
        let whole = scaled / Int64(power)
        let sign = value < 0 && scaled != 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let rest = String(scaled % Int64(power))
        return "\(sign)\(whole).\(String(repeating: "0", count: decimals - rest.count))\(rest)"
    }

    /// A whole or short number without needless decimals: "12", "0.5".
    package static func plain(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return fixed(value, 0) }
        return value == value.rounded() ? fixed(value, 0) : fixed(value, abs(value) < 10 ? 2 : 1)
    }

    /// "2026-11-21 03:14:51 UTC", by days-to-civil arithmetic of the Gregorian calendar.
    package static func date(_ wall_s: Double) -> String {
        guard wall_s.isFinite, wall_s >= 0, wall_s < 253_402_300_800 else { return "at an unknown date" }
        let seconds = Int(wall_s)
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let clock = seconds % 86_400
        return "\(year)-\(two(month))-\(two(dayOfYear - (153 * shifted + 2) / 5 + 1)) \(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60)) UTC"
    }
}
