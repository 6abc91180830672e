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
    ]

    private static func load(_ latch: Latch) async { await latch.wait() }
}
