internal import Dispatch

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

    private let queue = DispatchQueue(label: "stack walks")
    private let walker: Walker

    /// - Parameter limit: frames of one thread.
    init(target: CaptureTarget, modules: ModuleTable, limit: Int) {
        walker = Walker(target: target, modules: modules, limit: limit)
    }

    func add(_ copies: [ThreadCopy]) {
        queue.async { [walker] in for copy in copies { walker.walk(copy) } }
    }

    /// Of all that were added, by tid; waits for them.
    func all() -> [Int32: StackUnwinder.Walk] { queue.sync { walker.walks } }
}
