package import Evidence

/// The environment a process was started with: names and digests; values only when asked for.
package struct EnvironmentCollector: Collector {
    /// The same for all recordings that are to be compared.
    package var salt: String
    package var showsValues: Bool

    package init(salt: String, showsValues: Bool) {
        self.salt = salt
        self.showsValues = showsValues
    }

    package func collect(from target: CaptureTarget, deadline: ContinuousClock.Instant) -> Observed<[EnvironmentEntry]> {
        let strings: [String]
        do throws(ProcFSError) { strings = try target.proc.environment() } catch { return .unavailable(reason: "\(error)") }
        let entries = strings.prefix(10_000).compactMap { string -> EnvironmentEntry? in
            guard let equals = string.firstIndex(of: "="), equals != string.startIndex else { return nil }
            let value = String(string[string.index(after: equals)...])
            return EnvironmentEntry(
                pid: target.pid, name: String(string[..<equals]), value: showsValues ? value : nil,
                valueLength: value.utf8.count, digest: Digest.short(value, salt: salt))
        }
        return .complete(entries.sorted { $0.name < $1.name })
    }
}
