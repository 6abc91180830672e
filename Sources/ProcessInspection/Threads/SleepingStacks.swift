internal import Evidence

/// Stacks of threads that sleep, read while they sleep: nothing is stopped. Only those whose stack tells all that a stop would
/// show; a system call that the C library makes from within a larger function has put the caller's registers there.
final class SleepingStacks {
    struct Look: Sendable {
        var copy: ThreadCopy
        var walk: StackUnwinder.Walk
    }

    private let sleepers: Tracer.Sleepers
    private let walker: StackWalker

    init(tracer: Tracer, walker: StackWalker) {
        sleepers = Tracer.Sleepers(of: tracer)
        self.walker = walker
    }

    /// nil for one that has to be stopped.
    func look(at record: ThreadRecord) -> Look? {
        guard record.state == "S", let copy = sleepers.copy(tid: record.tid), let walk = walker.walk(copy),
            walk.incomplete == nil, walk.showsRegisters
        else { return nil }
        return Look(copy: copy, walk: walk)
    }
}
