internal import ProcessInspection

/// The addresses of a task's async frames, innermost first, before they have names.
struct AsyncBacktrace: Hashable {
    enum Form: Hashable {
        /// Resume functions: where each caller goes on.
        case resumePoints
        /// Not started: the function that it will begin with.
        case entry
    }
    var form: Form
    var addresses: [UInt64]
    var isComplete: Bool
}

/// Walks async contexts: {parent context +0, function that resumes the parent +8} (AsyncContext, Task.h).
struct AsyncBacktraceReader {
    private let memory: any MemoryReader
    private let runtime: ConcurrencyRuntime
    private let code: CodeRanges
    private let maximumFrames: Int

    init(memory: any MemoryReader, runtime: ConcurrencyRuntime, mappings: [MemoryMapping], maximumFrames: Int = 256) {
        self.memory = memory
        self.runtime = runtime
        code = CodeRanges(mappings)
        self.maximumFrames = maximumFrames
    }

    /// Nil when the task's memory makes no sense as one.
    func backtrace(of task: RawTask) -> AsyncBacktrace? {
        if task.isRunning { return running(task) }
        if task.resumeFunction == runtime.futureAdapter || task.resumeFunction == runtime.nonFutureAdapter {
            return entry(of: task)
        }
        var frames: [UInt64] = []
        if !runtime.waitAdapters.contains(task.resumeFunction) { frames.append(task.resumeFunction) }
        var context = task.resumeContext
        // A continuation's own context resumes the same function in its parent: one frame, not two.
        if let (parent, resume) = memory.pair(context), resume == task.resumeFunction, parent != 0, parent != context { context = parent }
        guard let isComplete = walk(from: context, into: &frames) else {
            return frames.isEmpty ? nil : AsyncBacktrace(form: .resumePoints, addresses: frames, isComplete: false)
        }
        return AsyncBacktrace(form: .resumePoints, addresses: frames, isComplete: isComplete)
    }

    /// The context's prefix {entry function, closure context, error result} lies before it
    /// (FutureAsyncContextPrefix in Task.cpp).
    private func entry(of task: RawTask) -> AsyncBacktrace? {
        guard let (function, _) = memory.pair(task.resumeContext &- 24), isCode(function) else { return nil }
        return AsyncBacktrace(form: .entry, addresses: [function], isComplete: true)
    }

    /// Appends the callers' resume functions. The outermost one, whose context has no parent, is the
    /// runtime's own completeTask and is left out.
    ///
    /// - Returns: whether the end was reached; nil when a context is no context.
    private func walk(from context: UInt64, into frames: inout [UInt64]) -> Bool? {
        var context = context
        while frames.count < maximumFrames {
            guard context != 0, context & 7 == 0, let (parent, resume) = memory.pair(context), isCode(resume) else { return nil }
            if parent == 0 { return true }
            if parent == context { return nil }
            if !runtime.waitAdapters.contains(resume) { frames.append(resume) }
            context = parent
        }
        return false
    }

    /// A running task has left its resume function; its live contexts are in its allocator, the newest first:
    /// the first allocation that walks to the end as a context is it (StackAllocator.h: header of 16 bytes, link at +0).
    private func running(_ task: RawTask) -> AsyncBacktrace? {
        var allocation = task.lastAllocation
        for _ in 0..<maximumFrames {
            guard allocation != 0, allocation & 7 == 0 else { return nil }
            var frames: [UInt64] = []
            if let isComplete = walk(from: allocation &+ 16, into: &frames), isComplete {
                return AsyncBacktrace(form: .resumePoints, addresses: frames, isComplete: true)
            }
            guard let (previous, _) = memory.pair(allocation), previous & ~7 != allocation else { return nil }
            allocation = previous & ~7
        }
        return nil
    }

    private func isCode(_ address: UInt64) -> Bool { code.contains(address) }
}
