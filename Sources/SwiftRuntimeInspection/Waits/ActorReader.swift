internal import Evidence
internal import ProcessInspection

/// Actors and executors that somebody runs on or waits for, with their queues.
struct ActorReader {
    let memory: any MemoryReader
    let layout: RuntimeLayout
    let types: TypeNames
    let threads: CurrentTasks
    let kin: Kinship
    let dispatch: DispatchQueues?
    let pid: Int32

    func actors(tasks: [RawTask], dependencies: [Dependency?]) -> [ActorRecord] {
        /// Indices of the tasks that say they are enqueued, by executor.
        var queues: [UInt64: [Int]] = [:]
        var kinds: [UInt64: ActorRecord.Kind] = [:]
        for (index, dependency) in dependencies.enumerated() {
            guard case .executor(let identity, let implementation)? = dependency, identity != 0 else { continue }
            queues[identity, default: []].append(index)
            if kinds[identity] == nil { kinds[identity] = isMain(identity) ? .mainActor : implementation == 0 ? .actor : .executor }
        }
        var runners: [UInt64: CurrentTasks.OnThread] = [:]
        for thread in threads.threads {
            for executor in [thread.executor, thread.taskExecutor] where executor != 0 {
                guard let kind = kinds[executor] ?? kind(ofExecutorAt: executor) else { continue }
                kinds[executor] = kind
                runners[executor] = thread
            }
        }
        return kinds.sorted { $0.key < $1.key }.map { address, kind in
            record(address, kind, runners[address], queued: queues[address] ?? [], tasks)
        }
    }

    private func record(_ address: UInt64, _ kind: ActorRecord.Kind, _ runner: CurrentTasks.OnThread?, queued: [Int], _ tasks: [RawTask]) -> ActorRecord {
        var record = ActorRecord(pid: pid, address: address, state: .unknown)
        record.kind = kind
        record.typeName = kind == .mainActor ? "MainActor" : types.ofObject(at: address)
        record.runningOnTID = runner?.tid
        record.runningTask = runner.flatMap { kin.id(at: $0.task) }
        var order: [UInt64]?
        switch kind {
        case .actor:
            record.state = state(of: address)
            let queue = ActorQueue(ofActorAt: address, layout: layout, memory: memory)
            if queue.isComplete { order = queue.jobs }
        case .mainActor, .executor:
            record.state = runner != nil ? .running : queued.isEmpty ? .idle : .scheduled
            let queue = kind == .mainActor ? dispatch?.mainQueue.flatMap { dispatch?.queue(at: $0) } : types.instanceSize(ofObject: address).flatMap { dispatch?.queue(ofObjectAt: address, size: $0) }
            if let queue, let dispatch {
                record.queueLabel = queue.label.isEmpty ? nil : queue.label
                order = dispatch.jobs(of: queue) { kin.indices[$0] != nil }
            }
        }
        let ids = queued.map { tasks[$0].id }.sorted()
        // Both have to say the same: the queue was read later than its tasks.
        if let order, Set(order.compactMap { kin.id(at: $0) }).isSuperset(of: ids) {
            let isQueued = Set(ids)
            record.queue = order.compactMap { kin.id(at: $0) }.filter(isQueued.contains)
            record.isQueueOrdered = true
        } else {
            record.queue = ids
            record.isQueueOrdered = false
        }
        return record
    }

    private func isMain(_ executor: UInt64) -> Bool { types.ofObject(at: executor).map(WaitReader.mainExecutors.contains) ?? false }

    /// Of an executor that a thread is on: nil for Swift's own pool.
    private func kind(ofExecutorAt address: UInt64) -> ActorRecord.Kind? {
        if isMain(address) { return .mainActor }
        // Class descriptor flags: bit 23 an actor, bit 24 a default actor (TypeContextDescriptorFlags, MetadataValues.h).
        guard let flags = types.classFlags(ofObject: address), let name = types.ofObject(at: address) else { return nil }
        if flags >> 24 & 1 == 1 { return .actor }
        return Self.globalExecutors.contains(name) ? nil : .executor
    }

    /// Classes of the standard library that stand for the global pool: DispatchExecutor.swift, PlatformExecutorLinux.swift.
    private static let globalExecutors: Set<String> = ["DispatchGlobalTaskExecutor", "DispatchTaskExecutor", "UnimplementedTaskExecutor", "CooperativeExecutor"]

    /// ActiveActorStatus in Actor.cpp: idle 0, scheduled 1, running 2, zombie 3.
    private func state(of address: UInt64) -> ActorRecord.State {
        guard let flags = memory.half(address &+ layout.actor.flags) else { return .unknown }
        return switch flags & 7 {
        case 0: .idle
        case 1: .scheduled
        case 2: .running
        case 3, 4: .zombie
        default: .unknown
        }
    }
}
