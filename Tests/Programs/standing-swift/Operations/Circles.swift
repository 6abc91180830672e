import Dispatch
import Foundation

extension Exhibit {
    /// Threads that wait for work which needs what they have themselves, beside a thread that ticks and writes; and twins that get on.
    static let circles: [String: Exhibit] = [
        "members-nested": Exhibit(summary: "both members of a pool are with reports that wait for their details, which need a member each; a clock ticks") { _ in
            await report(members: 2)
        },
        "members-enough": Exhibit(summary: "healthy: a pool with a member more than there are reports, whose details are read one after the other") { _ in
            await report(members: 3)
        },
        "operation-behind": Exhibit(summary: "a block of a serial queue waits for an operation that asks that queue") { _ in
            await book(asking: DispatchQueue(label: "ledger"), on: nil)
        },
        "operation-beside": Exhibit(summary: "healthy: a block of a serial queue waits for an operation that asks another queue, in steps") { _ in
            await book(asking: DispatchQueue(label: "ledger"), on: DispatchQueue(label: "archive"))
        },
    ]
}

/// A pool of connections.
private final class MemberPool: Sendable {
    private let free: DispatchSemaphore
    init(_ count: Int) { free = DispatchSemaphore(value: count) }

    @inline(never)
    func withConnection(_ body: () -> Void) {
        free.wait()
        body()
        free.signal()
    }
}

private func report(members: Int) async {
    Roll.expect(2)
    let pool = MemberPool(members)
    let details = DispatchQueue(label: "details", attributes: .concurrent)
    let start = Meeting(of: 2)
    for _ in 0..<2 {
        Thread.detachNewThread {
            pool.withConnection {
                start.come()
                gather(pool, details)
            }
        }
    }
    Thread.detachNewThread { while true { usleep(100_000); Journal.write("tick") } }
    await waitForNobody()
}

@inline(never)
private func gather(_ pool: MemberPool, _ details: DispatchQueue) {
    let parts = DispatchGroup()
    for _ in 0..<3 { details.async(group: parts) { pool.withConnection { inSteps {} } } }
    Roll.answer("report")
    parts.wait()
}

private func book(asking ledger: DispatchQueue, on other: DispatchQueue?) async {
    Roll.expect(1)
    Thread.detachNewThread { Clock.tick() }
    let queue = OperationQueue()
    ledger.async { render(on: queue) { (other ?? ledger).sync { inSteps {} } } }
    await waitForNobody()
}

/// Writes lines where everybody may.
enum Journal {
    static let lock = NSLock()
    static let order = DispatchQueue(label: "journal")
    nonisolated(unsafe) static var lines = 0

    static func write(_ line: String) {
        order.sync { lock.withLock { lines += line.count } }
    }
}
