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
            // A limit that stays armed though what it limits is over.
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(30 * 86_400)) {}
            await waitForNobody()
        },
        "queue-mailbox": Exhibit(summary: "healthy: a consumer has a serial queue for itself and waits for mail that comes once in a while, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let mailbox = Mailbox()
            DispatchQueue(label: "mail").async { mailbox.consume() }
            Thread.detachNewThread {
                while true {
                    Thread.sleep(forTimeInterval: 12)
                    mailbox.deliver()
                }
            }
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
        "group-behind": Exhibit(summary: "a block of a serial queue waits for a group, whose workers wait for that queue, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let ledger = DispatchQueue(label: "ledger")
            Thread.detachNewThread { ledger.sync { loadAll { part, done in Thread.detachNewThread { ledger.sync { _ = part }; done() } } } }
            await waitForNobody()
        },
        "group-gathered": Exhibit(summary: "a group whose workers wait at a meeting to which one more would have to come, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let meeting = Meeting(of: 4)
            Thread.detachNewThread { loadAll { _, done in Thread.detachNewThread { meeting.come(); done() } } }
            Cabinet.shared.keep(meeting)
            await waitForNobody()
        },
        "group-told": Exhibit(summary: "healthy: a group whose workers wait for news that somebody asleep brings once in a while") { _ in
            Roll.expect(1)
            let news = Meeting(of: 40)
            Thread.detachNewThread { loadAll { _, done in Thread.detachNewThread { news.come(); done() } } }
            Thread.detachNewThread {
                while true {
                    Thread.sleep(forTimeInterval: 12)
                    Thread.detachNewThread { news.come() }
                }
            }
            await waitForNobody()
        },
        "group-rounds": Exhibit(summary: "healthy: a group whose workers meet again and again, in their own time") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let meeting = Meeting(of: 3)
            Thread.detachNewThread { loadAll { part, done in Thread.detachNewThread { inSteps(before: { meeting.come() }, slowly: part == 0); done() } } }
            Cabinet.shared.keep(meeting)
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

/// The same between meetings; whoever is slow keeps the others waiting.
@inline(never)
func inSteps(before meet: () -> Void, slowly: Bool) {
    for _ in 0..<1_000_000 {
        usleep(slowly ? 300_000 : 1000)
        meet()
    }
}

/// Whoever comes waits for the rest.
final class Meeting: @unchecked Sendable {
    private let size: Int
    private let changed = NSCondition()
    private var present = 0
    private var round = 0

    init(of size: Int) { self.size = size }

    @inline(never)
    func come() {
        changed.lock()
        defer { changed.unlock() }
        let mine = round
        present += 1
        if present == size {
            present = 0
            round += 1
            changed.broadcast()
        }
        while mine == round { changed.wait() }
    }
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

    func deliver() { mail.signal() }
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
