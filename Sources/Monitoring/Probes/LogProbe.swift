package import Evidence
internal import Synchronization

/// The last line of the subject's output that matches a pattern: its first group, or all of the match.
package final class LogProbe: Probe {
    package let name: String
    private nonisolated(unsafe) let pattern: Regex<AnyRegexOutput>
    private let last = Mutex<JSONValue?>(nil)

    /// - Throws: when the pattern does not compile.
    package init(name: String, pattern: String) throws {
        self.name = name
        self.pattern = try Regex(pattern)
    }

    /// Looks at a line; the reading when it matches.
    package func see(_ line: String) -> JSONValue? {
        guard let match = try? pattern.firstMatch(in: String(line.prefix(4096))) else { return nil }
        let text = (match.output.count > 1 ? match.output[1].substring : nil) ?? match.output[0].substring ?? ""
        let value = Double(text).map(JSONValue.double) ?? .string(String(text))
        last.withLock { $0 = value }
        return value
    }

    package func read() async -> ProbeReading { last.withLock { $0 }.map(ProbeReading.value) ?? .failed("no line matched yet") }
}
