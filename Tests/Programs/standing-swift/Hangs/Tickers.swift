import Foundation

/// Counts down to nought, and lets one task go on then.
private actor Latch {
    private(set) var count: Int
    private var waiter: CheckedContinuation<Void, Never>?

    init(_ count: Int) { self.count = count }

    func countDown() {
        count -= 1
        guard count == 0 else { return }
        waiter?.resume()
        waiter = nil
    }

    func wait() async {
        if count > 0 { await withCheckedContinuation { waiter = $0 } }
    }
}

/// Is asked by whoever ticks, by way of its class: many classes of the libraries have methods at the same place.
actor Barber {
    private var waiting: [CheckedContinuation<Void, Never>] = []

    var count: Int { waiting.count }

    func queue() async { await withCheckedContinuation { waiting.append($0) } }

    func serve() {
        for customer in waiting { customer.resume() }
        waiting = []
    }
}

/// Who waits for which row.
private final class Rows: @unchecked Sendable {
    private let lock = NSLock()
    private var waiting: [Int: CheckedContinuation<Int, Never>] = [:]

    var count: Int { lock.withLock { waiting.count } }

    func row(_ number: Int) async -> Int { await withCheckedContinuation { row in lock.withLock { waiting[number] = row } } }

    func deliver(_ number: Int) { lock.withLock { waiting.removeValue(forKey: number) }?.resume(returning: number) }
}

/// Is waited for by a thread, beside a timer of Dispatch.
final class Reply: Sendable {
    private let arrived = DispatchSemaphore(value: 0)

    func wait(beside handler: @escaping @Sendable (DispatchSemaphore) -> Void) {
        let timer = Exhibit.ticking { [arrived] in handler(arrived) }
        arrived.wait()
        timer.cancel()
    }
}

extension Exhibit {
    /// What nobody brings to an end, beside a task that looks at it again and again.
    static let tickers: [String: Exhibit] = [
        "latch-short": Exhibit(summary: "a latch that one of three loaders did not count down; a task reads its count all the time") { _ in
            Roll.expect(1)
            let latch = Latch(3)
            for _ in 0..<2 { await latch.countDown() }
            let reader = Task.detached { while await latch.count > 0 { try? await Task.sleep(for: .milliseconds(200)) } }
            Roll.answer("waiter")
            await load(latch)
            reader.cancel()
        },
        "latch-counted": Exhibit(summary: "healthy: a latch that a task counts down, rarely") { _ in
            Roll.expect(1)
            let latch = Latch(1000)
            let counter = Task.detached {
                while await latch.count > 0 {
                    try? await Task.sleep(for: .milliseconds(200))
                    if Int.random(in: 0..<100) == 0 { await latch.countDown() }
                }
            }
            Roll.answer("waiter")
            await load(latch)
            counter.cancel()
        },
        "desk-asked": Exhibit(summary: "somebody at a desk where nobody serves; a task asks again and again how many there are") { _ in
            Roll.expect(1)
            let barber = Barber()
            let reader = Task.detached { while await barber.count < 9 { try? await Task.sleep(for: .milliseconds(20)) } }
            Roll.answer("waiter")
            await visit(barber)
            reader.cancel()
        },
        "desk-served": Exhibit(summary: "healthy: a desk where a task serves, rarely") { _ in
            Roll.expect(1)
            let barber = Barber()
            let clerk = Task.detached {
                while await barber.count < 9 {
                    try? await Task.sleep(for: .milliseconds(20))
                    if Int.random(in: 0..<100_000) == 0 { await barber.serve() }
                }
            }
            Roll.answer("waiter")
            await visit(barber)
            clerk.cancel()
        },
        "timer-counts": Exhibit(summary: "a row that nobody delivers; a timer of Dispatch counts those who wait") { _ in
            Roll.expect(1)
            let rows = Rows()
            let timer = ticking { _ = rows.count }
            Roll.answer("waiter")
            await fetch(rows)
            timer.cancel()
        },
        "timer-delivers": Exhibit(summary: "healthy: a row that a timer of Dispatch delivers, rarely") { _ in
            Roll.expect(1)
            let rows = Rows()
            let timer = ticking { if Int.random(in: 0..<100_000) == 0 { rows.deliver(7) } }
            Roll.answer("waiter")
            await fetch(rows)
            timer.cancel()
        },
    ]

    fileprivate static func ticking(_ handler: @escaping @Sendable () -> Void) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "statistics"))
        timer.schedule(deadline: .now(), repeating: .milliseconds(200))
        timer.setEventHandler(handler: handler)
        timer.resume()
        return timer
    }

    private static func fetch(_ rows: Rows) async { _ = await rows.row(7) }

    private static func visit(_ barber: Barber) async { await barber.queue() }

    private static func load(_ latch: Latch) async { await latch.wait() }
}
