package import Evidence
internal import Synchronization

/// The last line of the subject's output that matches a pattern: its first group, or all of the match.
///
/// A group called `job` says which job the line is about.
package final class LogProbe: Probe {
    package let name: String
    private nonisolated(unsafe) let pattern: Regex<AnyRegexOutput>
    private let last = Mutex<JSONValue?>(nil)

    /// - Throws: when the pattern does not compile.
    package init(name: String, pattern: String) throws {
        self.name = name
        self.pattern = try Regex(pattern)
    }

    /// Looks at a line; the reading when it matches, and the job.
    package func see(_ line: String) -> (value: JSONValue, job: String?)? {
        guard let match = try? pattern.firstMatch(in: String(line.prefix(4096))) else { return nil }
        let groups = match.output.dropFirst()
        let text = groups.first { $0.name != "job" }?.substring ?? match.output[0].substring ?? ""
        let value = Double(text).map(JSONValue.double) ?? .string(String(text))
        last.withLock { $0 = value }
        return (value, groups.first { $0.name == "job" }?.substring.map { String($0.prefix(EventDecoder.maximumName)) })
    }

    package func read() async -> ProbeReading { last.withLock { $0 }.map(ProbeReading.value) ?? .failed("no line matched yet") }
}
