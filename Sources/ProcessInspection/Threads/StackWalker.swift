/// Walks copied stacks of one process, async callers and all. Not safe to share between threads.
final class StackWalker {
    private let limit: Int
    private let unwinder: StackUnwinder
    private let asynchronous: AsyncCallers

    /// - Parameter limit: frames of one thread.
    init(target: CaptureTarget, modules: ModuleTable, limit: Int) {
        self.limit = limit
        unwinder = StackUnwinder(pid: target.proc.livingThread() ?? target.pid, modules: modules)
        asynchronous = AsyncCallers(memory: target.memory, modules: modules)
    }

    func walk(_ copy: ThreadCopy) -> StackUnwinder.Walk? {
        guard copy.known != 0 else { return nil }
        var walk = unwinder.walk(copy, limit: limit)
        if let found = asynchronous.callers(of: copy, addresses: walk.addresses, stackPointers: walk.stackPointers) {
            walk.insert(found.resumed, above: found.frame)
        }
        return walk
    }
}
