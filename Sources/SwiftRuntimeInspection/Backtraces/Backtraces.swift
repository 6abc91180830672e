internal import Evidence
internal import ProcessInspection

/// The named async backtraces of many tasks: each address is named once, and tasks at the same place share their frames.
struct Backtraces {
    private(set) var frames: [Observed<[Frame]>] = []

    init(_ tasks: [RawTask], reader: AsyncBacktraceReader, symbolizer: (any Symbolizer)?) {
        let traces = tasks.map { $0.isComplete ? nil : reader.backtrace(of: $0) }
        var distinct: [AsyncBacktrace: Observed<[Frame]>] = [:]
        for trace in traces { if let trace { distinct[trace] = .unavailable(reason: "not named") } }
        let addresses = Set(distinct.keys.flatMap { trace in trace.addresses.map { CodeAddress($0, trace.form == .entry ? .exact : .asyncResume) } })
        let ordered = Array(addresses)
        var names: [CodeAddress: [Frame]] = [:]
        if let symbolizer {
            for (address, frames) in zip(ordered, symbolizer.frames(for: ordered)) { names[address] = frames }
        }
        for trace in distinct.keys { distinct[trace] = Self.name(trace, names) }
        frames.reserveCapacity(tasks.count)
        for (task, trace) in zip(tasks, traces) {
            if let trace, let named = distinct[trace] {
                frames.append(named)
            } else if task.isComplete {
                frames.append(.unavailable(reason: "completed"))
            } else if task.isRunning {
                frames.append(.unavailable(reason: "runs: its thread's stack shows where"))
            } else {
                frames.append(.unavailable(reason: "its async frames could not be read"))
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
