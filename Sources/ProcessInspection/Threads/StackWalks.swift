internal import Dispatch
internal import Synchronization

/// Unwinds the stacks of one process on a thread of its own, while further ones are being copied.
final class StackWalks: Sendable {
    /// Touched on the queue only.
    private final class Walker: @unchecked Sendable {
        let limit: Int
        let unwinder: StackUnwinder
        let asynchronous: AsyncCallers
        var walks: [Int32: StackUnwinder.Walk] = [:]

        init(target: CaptureTarget, modules: ModuleTable, limit: Int) {
            self.limit = limit
            unwinder = StackUnwinder(pid: target.proc.livingThread() ?? target.pid, modules: modules)
            asynchronous = AsyncCallers(memory: target.memory, modules: modules)
        }

        func walk(_ copy: ThreadCopy) {
            guard copy.known != 0 else { return }
            var walk = unwinder.walk(copy, limit: limit)
            if let found = asynchronous.callers(of: copy, addresses: walk.addresses, stackPointers: walk.stackPointers) {
                walk.insert(found.resumed, above: found.frame)
            }
            walks[copy.tid] = walk
        }
    }

    /// Few enough to wake the queue seldom.
    private static let atOnce = 64

    private let queue = DispatchQueue(label: "stack walks")
    private let walker: Walker
    private let aside: Aside
    private let waiting = Mutex<[ThreadCopy]>([])

    /// - Parameter limit: frames of one thread.
    init(target: CaptureTarget, modules: ModuleTable, limit: Int, aside: Aside) {
        walker = Walker(target: target, modules: modules, limit: limit)
        self.aside = aside
    }

    func add(_ copies: [ThreadCopy]) {
        let some = waiting.withLock { waiting in
            waiting += copies
            defer { if waiting.count >= Self.atOnce { waiting = [] } }
            return waiting.count >= Self.atOnce ? waiting : []
        }
        guard !some.isEmpty else { return }
        queue.async { [walker, aside] in aside.run { for copy in some { walker.walk(copy) } } }
    }

    /// Of all that were added, by tid; waits for them.
    func all() -> [Int32: StackUnwinder.Walk] {
        let rest = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        return queue.sync {
            for copy in rest { walker.walk(copy) }
            return walker.walks
        }
    }
}
