internal import Evidence
internal import ProcessInspection

/// Default actors that somebody runs on or waits for.
///
/// An actor's own list of jobs is not its whole queue (drained jobs move into priority buckets), so
/// the queue is told from the tasks that say they are enqueued on it.
struct ActorReader {
    let memory: any MemoryReader
    let layout: RuntimeLayout
    let types: TypeNames
    let threads: CurrentTasks
    let pid: Int32

    func actors(tasks: [RawTask], dependencies: [Dependency?]) -> [ActorRecord] {
        var queues: [UInt64: [UInt64]] = [:]
        for (task, dependency) in zip(tasks, dependencies) {
            guard case .executor(let identity, let implementation)? = dependency, identity != 0, implementation == 0 || isMain(identity) else { continue }
            queues[identity, default: []].append(task.id)
        }
        var runners: [UInt64: Int32] = [:]
        for thread in threads.threads where thread.executor != 0 && (isDefaultActor(thread.executor) || isMain(thread.executor)) {
            runners[thread.executor] = thread.tid
        }
        return Set(queues.keys).union(runners.keys).sorted().map { address in
            let isMain = isMain(address)
            var record = ActorRecord(pid: pid, address: address, state: isMain ? runners[address] == nil ? .scheduled : .running : state(of: address))
            record.typeName = isMain ? "MainActor" : types.ofObject(at: address)
            record.runningOnTID = runners[address]
            record.queue = (queues[address] ?? []).sorted()
            return record
        }
    }

    private func isMain(_ executor: UInt64) -> Bool { types.ofObject(at: executor).map(WaitReader.mainExecutors.contains) ?? false }

    /// Class descriptor flags: bit 23 an actor, bit 24 a default actor (TypeContextDescriptorFlags, MetadataValues.h).
    private func isDefaultActor(_ address: UInt64) -> Bool {
        guard let flags = types.classFlags(ofObject: address) else { return false }
        return flags >> 24 & 1 == 1
    }

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
