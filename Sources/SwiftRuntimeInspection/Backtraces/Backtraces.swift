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
        /// Where the innermost function of the program's own goes on; nil in its main function.
        var ownPlace: UInt64?

        init(_ frames: Observed<[Frame]>) {
            self.frames = frames
            libraryWait = LibraryWait.kind(of: frames.elements)
            // The compiler's name for it.
            isMain = frames.elements.suffix(4).contains { frame in
                // By itself, or within the thunk that the optimizer made of it: a name is mangled behind its length.
                (frame.symbol ?? frame.function).map { $0.hasPrefix("async_Main") || $0.contains("10async_Main") } == true
            }
            if let own = frames.elements.first(where: \.isOfProgram), !own.isOfMain { ownPlace = own.programCounter }
        }
    }
    private let distinct: [Named]
    /// By task, the place in `distinct`.
    private let places: [Int]

    /// Of the task with this index.
    subscript(task: Int) -> Named { distinct[places[task]] }

    init(_ tasks: [RawTask], reader: AsyncBacktraceReader, symbolizer: (any Symbolizer)?) {
        // Those without frames come first.
        let completed = 0
        let running = 1
        let unreadable = 2
        let beyond = 3
        var named = [
            "completed", "runs: its thread's stack shows where", "its async frames could not be read", "there are too many different ones",
        ].map { Named(.unavailable(reason: $0)) }
        let reasons = named.count
        var traces = DistinctTraces()
        var frames: [UInt64] = []
        places = tasks.map { task in
            if task.isComplete { return completed }
            guard let kind = reader.read(task, into: &frames) else { return task.isRunning ? running : unreadable }
            return traces.index(of: frames, kind).map { reasons + $0 } ?? beyond
        }
        let names = Self.names(traces, symbolizer)
        for index in traces.indices { named.append(Named(Self.name(traces, index, names))) }
        distinct = named
    }

    private static func address(_ address: UInt64, _ kind: AsyncBacktrace) -> CodeAddress {
        CodeAddress(address, kind.form == .entry ? .exact : .asyncResume)
    }

    private static func names(_ traces: DistinctTraces, _ symbolizer: (any Symbolizer)?) -> [CodeAddress: [Frame]] {
        guard let symbolizer else { return [:] }
        var addresses: Set<CodeAddress> = []
        for index in traces.indices { for address in traces.frames(index) { addresses.insert(Self.address(address, traces.kind(index))) } }
        let ordered = Array(addresses)
        return Dictionary(zip(ordered, symbolizer.frames(for: ordered)), uniquingKeysWith: { first, _ in first })
    }

    /// Parts of the runtime between a wait and the waiter that are not exported as variables: TaskGroup.cpp, Task.cpp.
    private static func isRuntimeAdapter(_ frame: Frame) -> Bool {
        guard let function = frame.function else { return false }
        return function.hasPrefix("task_group_wait_resume_adapter") || function.hasPrefix("completeTask")
    }

    private static func name(_ traces: DistinctTraces, _ index: Int, _ names: [CodeAddress: [Frame]]) -> Observed<[Frame]> {
        let kind = traces.kind(index)
        let frames = traces.frames(index).flatMap { address -> [Frame] in
            var frames = names[Self.address(address, kind)] ?? [Frame(programCounter: address)]
            for index in frames.indices { frames[index].isAsync = true }
            return frames
        }
        .filter { !isRuntimeAdapter($0) }
        if kind.form == .entry {
            // What it begins with: the first that is no thunk, of those that call each other.
            let begins = frames.first { $0.function != nil && !TaskWords.isGenerated($0) } ?? frames.first
            return .complete(begins.map { [$0] } ?? [])
        }
        return kind.isComplete ? .complete(frames) : .partial(frames, reason: "outer frames could not be read")
    }
}
