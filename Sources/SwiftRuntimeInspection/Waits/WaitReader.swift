internal import Evidence
internal import ProcessInspection

/// Says in the evidence's words what a task waits for.
struct WaitReader {
    let memory: any MemoryReader
    let runtime: ConcurrencyRuntime
    let types: TypeNames
    let kin: Kinship
    /// Task that runs on an executor, by the executor's identity.
    private let runners: [UInt64: UInt64]

    init(memory: any MemoryReader, runtime: ConcurrencyRuntime, types: TypeNames, kin: Kinship, threads: CurrentTasks) {
        self.memory = memory
        self.runtime = runtime
        self.types = types
        self.kin = kin
        var runners: [UInt64: UInt64] = [:]
        for thread in threads.threads {
            guard let id = kin.id(at: thread.task) else { continue }
            for executor in [thread.executor, thread.taskExecutor] where executor != 0 { runners[executor] = id }
        }
        self.runners = runners
    }

    func wait(for dependency: Dependency?, state: TaskRecord.State, libraryWait: TaskWait.Kind?) -> TaskWait {
        switch dependency {
        case .task(let target):
            var wait = TaskWait(kind: .task)
            wait.address = target
            wait.task = kin.id(at: target)
            return wait
        case .continuation(let context):
            var wait = TaskWait(kind: libraryWait ?? .continuation)
            wait.address = context
            return wait
        case .group(let group):
            var wait = TaskWait(kind: .group)
            wait.address = group
            // The low 31 bits count the tasks that have not been taken from the group: TaskGroup.cpp, GroupStatus.
            wait.pending = memory.word(group &+ runtime.layout.group.status).map { Int($0 & 0x7fff_ffff) }
            return wait
        case .executor(let identity, let implementation):
            return executorWait(identity, implementation)
        case .unknown:
            return TaskWait(kind: .unknown)
        case nil:
            // Nothing recorded: Task.sleep's own helper waits for its timer so.
            return TaskWait(kind: state == .enqueued ? .executor : libraryWait ?? .unknown)
        }
    }

    private func executorWait(_ identity: UInt64, _ implementation: UInt64) -> TaskWait {
        guard identity != 0 else { return TaskWait(kind: .globalPool) }
        let typeName = types.ofObject(at: identity)
        var wait: TaskWait
        if Self.mainExecutors.contains(typeName ?? "") {
            wait = TaskWait(kind: .mainActor)
        } else {
            wait = TaskWait(kind: implementation == 0 ? .actor : .executor)
        }
        wait.address = identity
        wait.typeName = typeName
        wait.task = runners[identity]
        return wait
    }

    /// Classes of the standard library that run the main actor: DispatchExecutor.swift, CFExecutor.swift, CooperativeExecutor.swift.
    static let mainExecutors: Set<String> = ["DispatchMainExecutor", "CFMainExecutor", "CooperativeExecutor", "MainActor"]
}
