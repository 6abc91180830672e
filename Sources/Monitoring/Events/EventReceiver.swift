package import Evidence
package import Processes
internal import Synchronization

/// Receives what a subject writes on a pipe: each line as an event, in order, on one queue.
package final class EventReceiver: Sendable {
    /// Longest line taken whole.
    package static let maximumLine = 65_536

    /// Set when the subject's side is closed by everyone who held it.
    package var ended: Latch<Void> { reader.ended }
    private let reader: PipeReader

    /// - Parameters:
    ///   - decoder: shared with whoever else makes events of this run.
    ///   - onBytes: what came, as it came (for the log).
    ///   - onEvent: each line's event, and its text.
    package init(
        _ descriptor: OwnedDescriptor, decoder: EventNumbering, clock: ScenarioClock,
        onBytes: @escaping @Sendable (ArraySlice<UInt8>) -> Void,
        onEvent: @escaping @Sendable (_ event: Event, _ line: String) -> Void
    ) {
        let splitter = Mutex(LineSplitter(maximumLine: Self.maximumLine))
        reader = PipeReader(descriptor) { bytes in
            onBytes(bytes)
            let now = clock.now().monotonic_s
            for line in splitter.withLock({ $0.append(bytes) }) {
                if let event = decoder.event(from: line, received_s: now) { onEvent(event, line.text) }
            }
        }
    }

    package func cancel() { reader.cancel() }
}

/// One decoder and its counters, shared by all sources of a run's events.
package final class EventNumbering: Sendable {
    private let decoder: Mutex<EventDecoder>

    package init(clock: ScenarioClock, words: EventWords = EventWords()) { decoder = Mutex(EventDecoder(clock: clock, words: words)) }

    package func event(from line: LineSplitter.Line, received_s: Double) -> Event? {
        decoder.withLock { $0.event(from: line, received_s: received_s) }
    }

    package func numbered(_ event: Event) -> Event { decoder.withLock { $0.numbered(event) } }
}
