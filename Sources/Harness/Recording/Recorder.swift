internal import Archive
internal import Evidence
internal import FoundationEssentials
internal import Synchronization

/// Takes records from many queues and writes them, in the order they came, one after the other.
final class Recorder: Sendable {
    /// Records that may wait for the disk; beyond that, log lines are dropped and counted.
    static let mostWaiting = 50_000

    private enum Record: Sendable {
        case event(Event)
        case sample(Sample)
        case store(StoreRecord)
    }

    let writer: RunWriter
    private let records: AsyncStream<Record>.Continuation
    private let waiting = Mutex((count: 0, dropped: 0))
    private let pump: Task<Void, Never>

    init(directory: String) throws {
        let writer = try RunWriter(directory: directory)
        let (stream, continuation) = AsyncStream.makeStream(of: Record.self)
        self.writer = writer
        records = continuation
        let taken = Taken()
        pump = Task {
            for await record in stream {
                taken.mark()
                // A failure is kept by the writer and told at the end; the run goes on.
                switch record {
                case .event(let event): try? await writer.append(event)
                case .sample(let sample): try? await writer.append(sample)
                case .store(let record): try? await writer.append(record)
                }
            }
        }
        self.taken = taken
    }

    private let taken: Taken
    private final class Taken: Sendable {
        private let total = Mutex(0)
        func mark() { total.withLock { $0 += 1 } }
        var count: Int { total.withLock { $0 } }
    }

    func record(_ event: Event) {
        let taken = taken.count
        let isAdmitted = waiting.withLock { waiting in
            if event.kind == .log, waiting.count - taken > Self.mostWaiting {
                waiting.dropped += 1
                return false
            }
            waiting.count += 1
            return true
        }
        if isAdmitted { records.yield(.event(event)) }
    }

    func record(_ sample: Sample) {
        waiting.withLock { $0.count += 1 }
        records.yield(.sample(sample))
    }

    func record(_ record: StoreRecord) {
        waiting.withLock { $0.count += 1 }
        records.yield(.store(record))
    }

    /// Writes what waits; then what is wrong with the record, if anything.
    func close() async -> [Unobserved] {
        records.finish()
        await pump.value
        await writer.sync()
        var unobserved: [Unobserved] = []
        let dropped = waiting.withLock { $0.dropped }
        if dropped > 0 { unobserved.append(Unobserved(what: "\(dropped) log lines of the subject", why: "it wrote faster than they could be recorded; subject.log has them")) }
        if let failure = await writer.failure { unobserved.append(Unobserved(what: "some records", why: failure.description)) }
        return unobserved
    }
}
