internal import Processes

/// The first of several answers.
struct Once: Sendable {
    private let latch = Latch<ProbeReading>()

    func settle(_ reading: ProbeReading) { latch.set(reading) }
    func value() async -> ProbeReading { await latch.wait() ?? .failed("cancelled") }
}
