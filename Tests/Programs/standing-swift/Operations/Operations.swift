import Dispatch
import Foundation

extension Exhibit {
    /// Threads in the middle of an operation, beside a thread that merely ticks; and twins that look alike and are healthy.
    static let operations: [String: Exhibit] = [
        "permits-lost": Exhibit(summary: "a limiter whose permits were not given back, while a clock ticks") { _ in
            Roll.expect(2)
            Thread.detachNewThread { Clock.tick() }
            let limiter = Limiter(2)
            for _ in 0..<4 { Thread.detachNewThread { limiter.load { Roll.answer("loader") } } }
            await waitForNobody()
        },
        "permits-turns": Exhibit(summary: "healthy: a limiter whose only permit is used step by step, while others wait for it") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let limiter = Limiter(1)
            for _ in 0..<3 { Thread.detachNewThread { limiter.load { inSteps { Roll.answer("loader") } } } }
            await waitForNobody()
        },
        "queue-behind": Exhibit(summary: "a block of a serial queue waits for a later block of that queue, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let cache = DispatchQueue(label: "cache")
            cache.async { refresh(cache) }
            await waitForNobody()
        },
        "queue-mailbox": Exhibit(summary: "healthy: a consumer has a serial queue for itself and waits for mail, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let mailbox = Mailbox()
            DispatchQueue(label: "mail").async { mailbox.consume() }
            Cabinet.shared.keep(mailbox)
            await waitForNobody()
        },
        "group-unleft": Exhibit(summary: "a group that was not left on the way out of an error, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            Thread.detachNewThread { loadAll { part, done in if part > 0 { done() } } }
            await waitForNobody()
        },
        "group-steps": Exhibit(summary: "healthy: a group whose work goes on step by step in its own time") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            Thread.detachNewThread { loadAll { part, done in Thread.detachNewThread { inSteps {}; done() } } }
            await waitForNobody()
        },
        "operations-nested": Exhibit(summary: "operations wait for operations of their own queue, which is full of them, while a clock ticks") { _ in
            Roll.expect(2)
            Thread.detachNewThread { Clock.tick() }
            let queue = OperationQueue()
            queue.maxConcurrentOperationCount = 2
            for _ in 0..<4 { queue.addOperation { render(on: queue) { usleep(1000) } } }
            await waitForNobody()
        },
        "operations-two-queues": Exhibit(summary: "healthy: operations wait for those of another queue, which go on step by step") { _ in
            Roll.expect(2)
            Thread.detachNewThread { Clock.tick() }
            let (pages, parts) = (OperationQueue(), OperationQueue())
            pages.maxConcurrentOperationCount = 2
            for _ in 0..<2 { pages.addOperation { render(on: parts) { inSteps {} } } }
            await waitForNobody()
        },
    ]
}

/// Never far from its own clock.
enum Clock {
    static func tick() { while true { usleep(100_000) } }
}

/// Work that goes on for long, a little at a time.
@inline(never)
func inSteps(_ begun: () -> Void) {
    begun()
    for step in 0..<1_000_000 { usleep(50_000 + UInt32(step % 2)) }
}

final class Limiter: Sendable {
    private let permits: DispatchSemaphore
    init(_ count: Int) { permits = DispatchSemaphore(value: count) }

    /// Does not give its permit back.
    @inline(never)
    func load(_ body: () -> Void) {
        permits.wait()
        body()
    }
}

@inline(never)
func refresh(_ queue: DispatchQueue) {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    Roll.answer("refresher")
    done.wait()
}

final class Mailbox: Sendable {
    private let mail = DispatchSemaphore(value: 0)

    @inline(never)
    func consume() {
        Roll.answer("consumer")
        while true {
            mail.wait()
            usleep(1000)
        }
    }
}

@inline(never)
func loadAll(_ load: (_ part: Int, _ done: @escaping @Sendable () -> Void) -> Void) {
    let parts = DispatchGroup()
    for part in 0..<3 {
        parts.enter()
        load(part) { parts.leave() }
    }
    Roll.answer("loader")
    parts.wait()
}

@inline(never)
func render(on queue: OperationQueue, _ part: @escaping @Sendable () -> Void) {
    Roll.answer("renderer")
    queue.addOperations([BlockOperation(block: part)], waitUntilFinished: true)
}
