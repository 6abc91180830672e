internal import Dispatch
internal import Synchronization

/// Unwinds the stacks of one process on a thread of its own, while further ones are being copied.
final class StackWalks: Sendable {
    /// Touched on the queue only.
    private final class Results: @unchecked Sendable {
        let walker: StackWalker
        var walks: [Int32: StackUnwinder.Walk] = [:]

        init(_ walker: StackWalker) { self.walker = walker }

        func walk(_ copy: ThreadCopy) { walks[copy.tid] = walker.walk(copy) }
    }

    /// Few enough to wake the queue seldom.
    private static let atOnce = 64

    private let queue = DispatchQueue(label: "stack walks")
    private let results: Results
    private let aside: Aside
    private let waiting = Mutex<[ThreadCopy]>([])

    init(_ walker: StackWalker, aside: Aside) {
        results = Results(walker)
        self.aside = aside
    }

    func add(_ copies: [ThreadCopy]) {
        let some = waiting.withLock { waiting in
            waiting += copies
            defer { if waiting.count >= Self.atOnce { waiting = [] } }
            return waiting.count >= Self.atOnce ? waiting : []
        }
        guard !some.isEmpty else { return }
        queue.async { [results, aside] in aside.run { for copy in some { results.walk(copy) } } }
    }

    /// Of all that were added, by tid; waits for them.
    func all() -> [Int32: StackUnwinder.Walk] {
        let rest = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        return queue.sync {
            for copy in rest { results.walk(copy) }
            return results.walks
        }
    }
}
