internal import Evidence
internal import ProcessInspection

/// The named async backtraces of many tasks: each address is named once, and tasks at the same place share their frames.
struct Backtraces {
    /// One backtrace with its names, and what they tell.
    struct Named {
        var frames: Observed<[Frame]>
        /// The wait that a library's function among the innermost frames stands for.
        var libraryWait: TaskWait.Kind?
        /// The outermost frames are the entry of an asynchronous main.
        var isMain = false

        init(_ frames: Observed<[Frame]>) {
            self.frames = frames
            libraryWait = LibraryWait.kind(of: frames.elements)
            // The compiler's name for it.
            isMain = frames.elements.suffix(4).contains { ($0.symbol ?? $0.function)?.hasPrefix("async_Main") == true }
        }
    }
    private(set) var named: [Named] = []

    init(_ tasks: [RawTask], reader: AsyncBacktraceReader, symbolizer: (any Symbolizer)?) {
        let traces = tasks.map { $0.isComplete ? nil : reader.backtrace(of: $0) }
        var distinct: [AsyncBacktrace: Named?] = [:]
        for trace in traces { if let trace { distinct[trace] = .some(nil) } }
        let addresses = Set(distinct.keys.flatMap { trace in trace.addresses.map { CodeAddress($0, trace.form == .entry ? .exact : .asyncResume) } })
        let ordered = Array(addresses)
        var names: [CodeAddress: [Frame]] = [:]
        if let symbolizer {
            for (address, frames) in zip(ordered, symbolizer.frames(for: ordered)) { names[address] = frames }
        }
        for trace in distinct.keys { distinct[trace] = Named(Self.name(trace, names)) }
        let completed = Named(.unavailable(reason: "completed"))
        let running = Named(.unavailable(reason: "runs: its thread's stack shows where"))
        let unreadable = Named(.unavailable(reason: "its async frames could not be read"))
        named.reserveCapacity(tasks.count)
        for (task, trace) in zip(tasks, traces) {
            if let trace, let known = distinct[trace], let known {
                named.append(known)
            } else {
                named.append(task.isComplete ? completed : task.isRunning ? running : unreadable)
            }
        }
    }

    /// Parts of the runtime between a wait and the waiter that are not exported as variables: TaskGroup.cpp, Task.cpp.
    private static func isRuntimeAdapter(_ frame: Frame) -> Bool {
        guard let function = frame.function else { return false }
        return function.hasPrefix("task_group_wait_resume_adapter") || function.hasPrefix("completeTask")
    }

    private static func name(_ trace: AsyncBacktrace, _ names: [CodeAddress: [Frame]]) -> Observed<[Frame]> {
        let frames = trace.addresses.flatMap { address -> [Frame] in
            var frames = names[CodeAddress(address, trace.form == .entry ? .exact : .asyncResume)] ?? [Frame(programCounter: address)]
            for index in frames.indices { frames[index].isAsync = true }
            return frames
        }
        .filter { !isRuntimeAdapter($0) }
        return trace.isComplete ? .complete(frames) : .partial(frames, reason: "outer frames could not be read")
    }
}
