import Dispatch
import Foundation
import Glibc

extension Exhibit {
    /// Threads that wait for what they have handed to others, beside threads that go on and have nothing to do with that.
    static let handed: [String: Exhibit] = [
        "letter-dropped": Exhibit(summary: "the office puts a letter away, and what was to tell of its end with it; another sender goes on") { _ in
            Roll.expect(1)
            let office = Office { _ in }
            begin(senders: office)
            await waitForNobody()
        },
        "letters-uncounted": Exhibit(summary: "the same of a group that is to be left for each letter") { _ in
            Roll.expect(1)
            let office = Office { _ in }
            Thread.detachNewThread { sendAll(["b", "late a"], by: office) }
            Thread.detachNewThread { while true { send("a", by: office) {} } }
            await waitForNobody()
        },
        "letter-kept": Exhibit(summary: "healthy: the office keeps a letter for hours, and tells of its end then") { _ in
            Roll.expect(1)
            let office = Office { done in DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(3 * 3600), execute: done) }
            begin(senders: office)
            await waitForNobody()
        },
        "letter-in-pile": Exhibit(summary: "healthy: the office keeps a letter until somebody asks for it") { _ in
            Roll.expect(1)
            let pile = Pile()
            let office = Office { pile.put($0) }
            begin(senders: office)
            Thread.detachNewThread { while true { usleep(100_000); if Int.random(in: 0..<100_000) == 0 { pile.clear() } } }
            await waitForNobody()
        },
    ]

    private static func begin(senders office: Office) {
        Thread.detachNewThread { send("late a", by: office) { Roll.answer("sender") } }
        Thread.detachNewThread { while true { send("a", by: office) {} } }
    }
}

/// Sends letters from a queue of its own, and tells when each is sent.
private final class Office: Sendable {
    private let queue = DispatchQueue(label: "office")
    private let putAway: @Sendable (@escaping @Sendable () -> Void) -> Void

    init(putAway: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void) { self.putAway = putAway }

    func post(_ letter: String, then done: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + .milliseconds(50)) { [putAway] in letter.hasPrefix("late") ? putAway(done) : done() }
    }
}

private final class Pile: @unchecked Sendable {
    private let lock = NSLock()
    private var letters: [@Sendable () -> Void] = []

    func put(_ letter: @escaping @Sendable () -> Void) { lock.withLock { letters.append(letter) } }

    func clear() { lock.withLock { letters.forEach { $0() } } }
}

@inline(never)
private func send(_ letter: String, by office: Office, _ begun: () -> Void) {
    let sent = DispatchSemaphore(value: 0)
    office.post(letter) { sent.signal() }
    begun()
    sent.wait()
}

@inline(never)
private func sendAll(_ letters: [String], by office: Office) {
    let open = DispatchGroup()
    for letter in letters {
        open.enter()
        office.post(letter) { open.leave() }
    }
    Roll.answer("sender")
    open.wait()
}

private final class Tide: @unchecked Sendable {
    private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

    init(parties: UInt32) { pthread_barrier_init(barrier, nil, parties) }

    func turn() { _ = pthread_barrier_wait(barrier) }
}

/// Has a thread, which knows it.
final class Gauge: @unchecked Sendable {
    private let tide: Tide
    private(set) var level = 0
    private var thread: Thread?

    private init(at tide: Tide) { self.tide = tide }

    /// Three gauges meet at a barrier for four, while the thread that has them looks at them again and again.
    @inline(never)
    static func meet(and look: ([Gauge]) -> Void) {
        let tide = Tide(parties: 4)
        let gauges = (0..<4).map { _ in Gauge(at: tide) }
        gauges.prefix(3).forEach { $0.start() }
        while true {
            usleep(100_000)
            look(gauges)
        }
    }

    func start() {
        let thread = Thread { [self] in measure() }
        self.thread = thread
        thread.start()
    }

    private func measure() {
        while level < 1_000_000 {
            tide.turn()
            level += 1
        }
    }
}
