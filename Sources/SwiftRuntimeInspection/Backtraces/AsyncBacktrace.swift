internal import ProcessInspection

/// What the addresses of a task's async frames are, which stand innermost first, before they have names.
struct AsyncBacktrace: Hashable {
    enum Form: Hashable {
        /// Resume functions: where each caller goes on.
        case resumePoints
        /// Not started: the function that it will begin with.
        case entry
    }
    var form: Form
    var isComplete: Bool
}

/// Walks async contexts: {parent context +0, function that resumes the parent +8} (AsyncContext, Task.h).
struct AsyncBacktraceReader {
    private let memory: any MemoryReader
    private let runtime: ConcurrencyRuntime
    private let code: CodeRanges
    private let constants: CodeRanges
    /// Two at most: quicker to compare than to hash.
    private let waitAdapters: [UInt64]
    private let maximumFrames: Int

    init(memory: any MemoryReader, runtime: ConcurrencyRuntime, mappings: [MemoryMapping], maximumFrames: Int = 256) {
        self.memory = memory
        self.runtime = runtime
        code = CodeRanges(mappings)
        constants = CodeRanges(constantsIn: mappings)
        waitAdapters = Array(runtime.waitAdapters)
        self.maximumFrames = maximumFrames
    }

    /// Fills `frames` afresh; nil when the task's memory makes no sense as one.
    func read(_ task: RawTask, into frames: inout [UInt64]) -> AsyncBacktrace? {
        frames.removeAll(keepingCapacity: true)
        if task.isRunning { return running(task, into: &frames) }
        if task.resumeFunction == runtime.futureAdapter || task.resumeFunction == runtime.nonFutureAdapter {
            return entry(of: task, into: &frames)
        }
        if !waitAdapters.contains(task.resumeFunction) { frames.append(task.resumeFunction) }
        var context = task.resumeContext
        // A continuation's own context resumes the same function in its parent: one frame, not two.
        if let (parent, resume) = memory.pair(context), resume == task.resumeFunction, parent != 0, parent != context { context = parent }
        let isComplete = walk(from: context, into: &frames)
        return isComplete == nil && frames.isEmpty ? nil : AsyncBacktrace(form: .resumePoints, isComplete: isComplete ?? false)
    }

    /// The context's prefix {entry function, closure context, error result} lies before it
    /// (FutureAsyncContextPrefix in Task.cpp).
    private func entry(of task: RawTask, into frames: inout [UInt64]) -> AsyncBacktrace? {
        guard let (function, closure) = memory.pair(task.resumeContext &- 24), isCode(function) else { return nil }
        frames.append(function)
        // The entry is often a thunk; its closure's context {metadata, refcount, captured ...} then holds what it calls.
        var next = closure
        for _ in 0..<Self.maximumThunks {
            guard let (called, context) = asyncFunction(capturedBy: next) else { break }
            frames.append(called)
            next = context
        }
        return AsyncBacktrace(form: .entry, isComplete: true)
    }

    private static let maximumThunks = 4

    /// A captured function value: {async function pointer, its context}. The pointer leads to constant data {relative address of the
    /// function i32, size of its context u32} (AsyncFunctionPointer, include/swift/ABI/Executor.h).
    private func asyncFunction(capturedBy context: UInt64) -> (function: UInt64, context: UInt64)? {
        guard context > 4096, context & 7 == 0 else { return nil }
        for offset in stride(from: UInt64(16), to: 48, by: 8) {
            guard let (pointer, inner) = memory.pair(context &+ offset) else { return nil }
            guard constants.contains(pointer), let function = memory.relative(pointer), isCode(function), let size = memory.half(pointer &+ 4),
                size >= 16, size < 1 << 20
            else { continue }
            return (function, inner)
        }
        return nil
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
            if !waitAdapters.contains(resume) { frames.append(resume) }
            context = parent
        }
        return false
    }

    /// A running task has left its resume function; its live contexts are in its allocator, the newest first:
    /// the first allocation that walks to the end as a context is it (StackAllocator.h: header of 16 bytes, link at +0).
    private func running(_ task: RawTask, into frames: inout [UInt64]) -> AsyncBacktrace? {
        var allocation = task.lastAllocation
        for _ in 0..<maximumFrames {
            guard allocation != 0, allocation & 7 == 0 else { return nil }
            frames.removeAll(keepingCapacity: true)
            if walk(from: allocation &+ 16, into: &frames) == true { return AsyncBacktrace(form: .resumePoints, isComplete: true) }
            guard let (previous, _) = memory.pair(allocation), previous & ~7 != allocation else { return nil }
            allocation = previous & ~7
        }
        return nil
    }

    private func isCode(_ address: UInt64) -> Bool { code.contains(address) }
}
