/// Why the settings cannot be used, where, and what to do about it.
package struct SettingsError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        case usage, unreadable, malformed, unknownKey = "unknown-key", unknownDefect = "unknown-defect"
        case badValue = "bad-value", conflict
    }

    package var code: Code
    package var what: String
    /// The source and the key or argument, such as `settings: config.analysis.timeout`.
    package var place: String
    package var remedy: String

    package init(_ code: Code, _ what: String, at place: String, remedy: String) {
        self.code = code
        self.what = what
        self.place = place
        self.remedy = remedy
    }

    package var description: String { "\(place): \(what)\n  \(remedy)" }
}

/// The nearest of some known names to a mistyped one, for "did you mean".
enum Suggestion {
    static func nearest(to name: String, among names: [String]) -> String? {
        let best = names.map { ($0, distance(name, $0)) }.min { $0.1 < $1.1 }
        guard let best, best.1 <= max(2, name.count / 3) else { return nil }
        return best.0
    }

    /// A remedy that names the nearest known name, or all of them.
    static func remedy(for name: String, among names: [String]) -> String {
        if let near = nearest(to: name, among: names) { return "did you mean \"\(near)\"?" }
        return "known are: \(names.sorted().joined(separator: ", "))"
    }

    /// Levenshtein distance, over at most 64 characters of each.
    private static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.prefix(64)), b = Array(right.prefix(64))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
