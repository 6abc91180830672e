internal import Evidence

/// One process within a capture, through its stages: look, gather, explain.
struct ProcessCapture {
    let target: CaptureTarget
    let role: ProcessRole
    let mode: StopMode
    var record: Observed<ProcessRecord>
    var modules: ModuleTable
    var moduleRecords: [ModuleRecord] = []
    var symbolizer: ProcessSymbolizer
    var reader: ThreadReader
    private let hasTasks: Bool
    private let managedRuntimes: [ManagedRuntimeHook]
    var observation = ThreadReader.Observation()
    var threads: ThreadReader.Result?
    var descriptors: Observed<[Descriptor]> = .unavailable(reason: "not captured")
    var forest: InspectedTasks?
    /// Tasks of other languages than Swift.
    var managedTasks: [TaskRecord] = []
    var unobserved: [Unobserved] = []

    /// Opens the modules; touches no thread.
    init(
        target: CaptureTarget, role: ProcessRole, because: String?, mode: StopMode, options: CaptureOptions,
        clocks: ClockReading, images: ModuleImageCache, deadline: ContinuousClock.Instant
    ) {
        self.target = target
        self.role = role
        self.mode = mode
        record = ProcessCollector(role: role, because: because).collect(from: target, deadline: deadline)
        let living = target.proc.livingThread() ?? target.pid
        var maps: [MemoryMapping] = []
        do throws(ProcFSError) { maps = try ProcDirectory(pid: target.pid, tid: living).maps() } catch {
            unobserved.append(Unobserved(what: "modules of process \(target.pid)", why: "\(error)"))
        }
        modules = ModuleTable(pid: target.pid, maps: maps, memory: target.memory, cache: images)
        symbolizer = ProcessSymbolizer(modules: modules, generated: GeneratedNames(target.proc))
        reader = ThreadReader(
            target: target, modules: modules, symbolizer: symbolizer, mode: mode, clocks: clocks, limits: options.limits)
        reader.halt = options.halt
        reader.looksForLoops = options.looksForLoops
        hasTasks = options.taskForest?.isPresent(target, modules) ?? false
        managedRuntimes = options.managedRuntimes.filter { [modules] in $0.isPresent(target, modules) }
        reader.needsRegisters = hasTasks || !managedRuntimes.isEmpty
    }

    mutating func look(_ aside: Aside) { observation = reader.observe(aside) }

    /// To be called when all have been looked at.
    func anticipate(_ aside: Aside) { reader.anticipate(observation, aside) }

    mutating func gather(options: CaptureOptions, deadline: ContinuousClock.Instant) {
        descriptors = DescriptorCollector(limit: options.limits.descriptors).collect(from: target, deadline: deadline)
        moduleRecords = modules.records(pid: target.pid)
        record = record.map { record in
            var record = record
            record.runtimes = ProcessCollector.runtimes(moduleRecords, executable: record.executable)
            return record
        }
        if let stopper = tracer { unobserved.append(Unobserved(what: "registers of process \(target.pid)", why: stopper)) }
        if let foreign = target.foreign { return unobserved.append(Unobserved(what: "stacks and system calls of process \(target.pid)", why: foreign)) }
        for path in modules.missing {
            unobserved.append(Unobserved(what: "symbols of \(path) in process \(target.pid)", why: "the file was replaced or cannot be opened"))
        }
    }

    private var hasEnded: Bool {
        guard let stat = try? target.proc.stat() else { return true }
        return stat.startTicks != target.identity.startTicks || stat.state == "Z" || stat.state == "X"
    }

    private var tracer: String? {
        guard let pid = record.value?.tracerPID else { return nil }
        return "it is being traced by \(record.value?.tracerName ?? "?") (pid \(pid)); detach that to see the stacks of its threads"
    }

    mutating func explain(options: CaptureOptions, deadline: ContinuousClock.Instant) {
        threads = reader.explain(observation)
        observation = ThreadReader.Observation()
        guard let threads, target.foreign == nil else { return }
        let context = TaskForestContext(
            target: target, modules: modules, symbolizer: symbolizer, copies: threads.copies, threads: threads.threads, mayStop: mode != .never,
            deadline: deadline, tracer: reader.tracer)
        if let hook = options.taskForest {
            let forest = hasTasks ? hook.read(context) : InspectedTasks(tasks: .complete([]), actors: .complete([]))
            // What another process was at when it ended is no loss: nobody waits for it any more.
            guard forest.tasks.status != .unavailable || role != .followed || !hasEnded else {
                return unobserved.append(Unobserved(what: "Swift tasks of process \(target.pid)", why: "it ended while it was being captured"))
            }
            self.forest = forest
            change(forest.currentTasks) { $0.currentTask = $1 }
            change(forest.waits) { $0.wait = $1 }
            change(forest.codeAhead) { $0.codeAhead = $1 }
            record = record.map { record in
                var record = record
                record.dispatchTimers = forest.dispatchTimers
                record.inertTimers = forest.inertTimers
                return record
            }
        }
        for hook in managedRuntimes {
            guard let runtime = hook.read(context) else { continue }
            unobserved += runtime.unobserved
            managedTasks += runtime.tasks
            change(runtime.threads) { $0.add($1) }
        }
        change(CodeSurvey(context).found()) { $0.codeAhead = $0.codeAhead ?? $1 }
    }

    /// Completes the records of the threads that something was found out about.
    private mutating func change<Fact>(_ facts: [Int32: Fact], _ body: (inout ThreadRecord, Fact) -> Void) {
        guard !facts.isEmpty, let known = threads?.threads else { return }
        threads?.threads = known.map { records in
            records.map { record in
                var record = record
                if let fact = facts[record.tid] { body(&record, fact) }
                return record
            }
        }
    }

    /// Why threads of it were read without stopping, each reason once.
    var stopNotes: [Unobserved] {
        guard let threads else { return [] }
        let partial = threads.threads.elements.filter { $0.stack.status == .partial }
        return partial.isEmpty ? [] : [
            Unobserved(
                what: "outer frames of \(partial.count) thread\(partial.count == 1 ? "" : "s") of process \(target.pid)",
                why: Set(partial.compactMap(\.stack.reason)).sorted().prefix(3).joined(separator: "; "))
        ]
    }
}
