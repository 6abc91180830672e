/// Holds every byte back for a while; order is kept whatever the jitter.
struct LatencyStream: StreamFault {
    /// Bytes on the way before the sender is pressed back: what a long fat line would hold.
    static let mostHeld = 8 << 20

    private let by_s: Double
    private let jitter_s: Double
    private var random: SplitMix64
    private var line: [(due: Double, bytes: [UInt8])] = []
    private(set) var heldBytes = 0

    /// `by_s` and `jitter_s` are real seconds; the delay is uniform in by +- jitter, never below 0.
    init(by_s: Double, jitter_s: Double, seed: UInt64) {
        self.by_s = by_s
        self.jitter_s = jitter_s
        random = SplitMix64(state: seed)
    }

    /// When the first bytes go on.
    var firstDue: Double? { line.first?.due }
    var wantsBytes: Bool { heldBytes < Self.mostHeld }

    mutating func take(_ bytes: [UInt8], at now: Double) {
        if bytes.isEmpty { return }
        let delay = jitter_s > 0 ? by_s + Double.random(in: -jitter_s...jitter_s, using: &random) : by_s
        line.append((max(now + max(0, delay), line.last?.due ?? 0), bytes))
        heldBytes += bytes.count
    }

    mutating func next(at now: Double) -> StreamStep {
        guard let first = line.first else { return .rest }
        if now < first.due { return .wait(until: first.due) }
        let ready = line.prefix { $0.due <= now }
        line.removeFirst(ready.count)
        let bytes = ready.flatMap(\.bytes)
        heldBytes -= bytes.count
        return .pass(bytes)
    }

    mutating func giveBack() -> [UInt8] {
        defer { (line, heldBytes) = ([], 0) }
        return line.flatMap(\.bytes)
    }
}
