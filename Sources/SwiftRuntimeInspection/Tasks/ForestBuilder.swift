internal import Evidence
internal import ProcessInspection

/// Makes records of found tasks: who is whose child, who runs where, who waits for what.
struct ForestBuilder {
    let pid: Int32
    let memory: any MemoryReader
    let runtime: ConcurrencyRuntime
    let mappings: [MemoryMapping]
    let threads: CurrentTasks
    let symbolizer: (any Symbolizer)?
    let dispatch: DispatchQueues?
    let resumers: ((_ tasks: [RawTask], _ records: [StatusRecords], _ dependencies: [Dependency?], _ kin: Kinship, _ types: TypeNames, _ backtrace: @escaping (Int) -> Backtraces.Named) -> ResumerReader)?
    let deadline: ContinuousClock.Instant

    func build(_ found: FoundTasks) -> TaskForest {
        var shortfalls = [found.shortfall].compactMap { $0 }
        let records = found.tasks.map { StatusRecords(of: $0, layout: runtime.layout, memory: memory) }
        let kept = keep(found.tasks, records)
        let tasks = kept.count == found.tasks.count ? found.tasks : kept.map { found.tasks[$0] }
        let kin = Kinship(tasks)
        let backtraces = Backtraces(
            tasks, reader: AsyncBacktraceReader(memory: memory, runtime: runtime, mappings: mappings), symbolizer: symbolizer)
        let waits = WaitReader(
            memory: memory, runtime: runtime, types: TypeNames(memory: memory, mappings: mappings), kin: kin, threads: threads)

        let dependencies = tasks.enumerated().map { index, task in dependency(of: task, records[kept[index]]) }
        var timers: [Set<UInt64>] = []
        var leads: [UInt64: FutureLead] = [:]
        let findings = findResumers(tasks, kept.map { records[$0] }, dependencies, waits, timers: &timers, leads: &leads) { backtraces[$0] }

        let actors = ActorReader(memory: memory, layout: runtime.layout, types: waits.types, threads: threads, kin: kin, dispatch: dispatch, pid: pid)
            .actors(tasks: tasks, dependencies: dependencies)
        var positions: [UInt64: Int] = [:]
        for actor in actors where actor.isQueueOrdered == true {
            for (place, id) in actor.queue.enumerated() { positions[id] = place + 1 }
        }

        var runningOn: [UInt64: Int32] = [:]
        for thread in threads.threads where thread.task != 0 { runningOn[thread.task] = thread.tid }
        var held: [UInt64: Set<UInt64>] = [:]
        var result: [TaskRecord] = []
        result.reserveCapacity(tasks.count)
        for (index, task) in tasks.enumerated() {
            let own = records[kept[index]]
            var record = TaskRecord(
                pid: pid, id: task.id, address: task.address, kind: kind(of: task, isMain: backtraces[index].isMain),
                state: state(of: task, threads: runningOn))
            record.name = own.name
            record.isCancelled = task.status & TaskStatusBits.cancelled != 0
            record.priority = UInt8(truncatingIfNeeded: task.status & TaskStatusBits.priority)
            record.basePriority = task.basePriority
            record.parent = kin.parents[index].map { tasks[$0].id }
            record.children = kin.children[index].map { tasks[$0].id }
            record.group = task.group == 0 ? nil : task.group
            if record.state == .running { record.runningOnTID = runningOn[task.address] }
            record.backtrace = backtraces[index].frames
            if record.state == .suspended || record.state == .enqueued {
                record.wait = waits.wait(for: dependencies[index], state: record.state, libraryWait: backtraces[index].libraryWait)
                record.wait?.queuePosition = positions[task.id]
                if var wait = record.wait, let finding = findings[index] {
                    finding.complete(&wait)
                    record.wait = wait
                    if let code = finding.held { held[task.id] = code }
                }
            }
            result.append(record)
        }
        if let shortfall = threads.shortfall { shortfalls.append(shortfall) }
        var current: [Int32: UInt64] = [:]
        for thread in threads.threads {
            if let index = kin.indices[thread.task] { current[thread.tid] = tasks[index].id }
        }
        let reason = shortfalls.joined(separator: "; ")
        var forest = TaskForest(
            tasks: reason.isEmpty ? .complete(result) : .partial(result, reason: reason),
            actors: reason.isEmpty ? .complete(actors) : .partial(actors, reason: reason), currentTasks: current)
        forest.runtime = runtime.layout.name + (runtime.isAssumed ? " (assumed: it has no symbols)" : "")
        forest.scanned_bytes = found.scanned_bytes
        forest.held = held
        forest.timers = timers
        forest.futures = leads
        if let dispatch { forest.queues = DispatchState(dispatch, threads: threads, runtime: runtime, memory: memory, mappings: mappings) }
        return forest
    }

    /// What is enqueued nowhere in particular is on the executor that the task prefers, and on the global pool only without one.
    private func dependency(of task: RawTask, _ own: StatusRecords) -> Dependency? {
        guard !task.isComplete, !task.isRunning else { return nil }
        let dependency = Dependency(of: task, layout: runtime.layout, memory: memory)
        guard case .executor(identity: 0, _)? = dependency, own.preferredExecutor.identity != 0 else { return dependency }
        return .executor(identity: own.preferredExecutor.identity, implementation: own.preferredExecutor.implementation)
    }

    private func findResumers(
        _ tasks: [RawTask], _ records: [StatusRecords], _ dependencies: [Dependency?], _ waits: WaitReader, timers: inout [Set<UInt64>],
        leads: inout [UInt64: FutureLead], _ backtrace: @escaping (Int) -> Backtraces.Named
    ) -> [Int: ResumerReader.Finding] {
        guard let resumers else { return [:] }
        let waiters = tasks.indices.filter { if case .continuation? = dependencies[$0] { true } else { false } }
        return resumers(tasks, records, dependencies, waits.kin, waits.types, backtrace).findings(for: waiters, timers: &timers, leads: &leads)
    }

    /// Indices of the tasks that live. Async-let tasks stay behind in their parent's memory when they
    /// are done: one lives only as long as the parent's records list it.
    private func keep(_ tasks: [RawTask], _ records: [StatusRecords]) -> [Int] {
        var listed: Set<UInt64> = []
        if tasks.contains(where: \.isImmortal) {
            let byAddress = Dictionary(tasks.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
            for (index, task) in tasks.enumerated() {
                for list in records[index].childLists where list.group == nil {
                    var next = list.first
                    // Bounded: a child is listed once.
                    while let child = byAddress[next], child.parent == task.address, listed.insert(next).inserted {
                        next = child.nextSibling
                    }
                }
            }
        }
        return tasks.indices.filter { !tasks[$0].isImmortal || listed.contains(tasks[$0].address) }
    }

    private func kind(of task: RawTask, isMain: Bool) -> TaskRecord.Kind {
        if task.flags & JobFlagBits.asyncLet != 0 { return .asyncLet }
        if task.flags & JobFlagBits.groupChild != 0 { return .groupChild }
        if task.flags & JobFlagBits.child != 0 { return .asyncLet }
        return isMain ? .main : .unstructured
    }

    private func state(of task: RawTask, threads: [UInt64: Int32]) -> TaskRecord.State {
        if task.isComplete { return .completed }
        if task.isRunning { return .running }
        if task.status & TaskStatusBits.enqueued != 0 { return .enqueued }
        return .suspended
    }
}
