package import Evidence

/// What a probe read.
package enum ProbeReading: Sendable, Hashable {
    case value(JSONValue)
    case rows([[String: JSONValue]])
    /// Why it could not be read, such as "database is locked".
    case failed(String)
}

/// Reads something of the subject from outside, again and again.
package protocol Probe: Sendable {
    var name: String { get }
    /// Never throws; what goes wrong is a reading. May be abandoned at its deadline.
    func read() async -> ProbeReading
}

/// Reads a probe at intervals; one that hangs costs its own readings only.
package struct ProbeRunner: Sendable {
    private let probe: any Probe
    private let interval: Duration
    private let deadline: Duration

    package init(_ probe: any Probe, interval: Duration, deadline: Duration = .seconds(2)) {
        self.probe = probe
        self.interval = max(interval, .milliseconds(10))
        self.deadline = deadline
    }

    /// Runs until cancelled.
    package func run(_ onReading: @Sendable (ProbeReading) -> Void) async {
        while !Task.isCancelled {
            onReading(await readOnce())
            try? await Task.sleep(for: interval)
        }
    }

    /// One reading, within the deadline. A read that does not come back is left to itself.
    package func readOnce() async -> ProbeReading {
        let answer = Once()
        Task { [probe] in answer.settle(await probe.read()) }
        let timer = Task { [deadline] in
            try await Task.sleep(for: deadline)
            answer.settle(.failed("no answer within \(deadline)"))
        }
        defer { timer.cancel() }
        return await answer.value()
    }
}
