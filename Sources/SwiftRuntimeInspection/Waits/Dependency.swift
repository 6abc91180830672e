internal import ProcessInspection

/// What a task is suspended on, as its dependency record says (TaskDependencyStatusRecord, TaskStatus.h).
enum Dependency: Hashable {
    /// Another task's value.
    case task(UInt64)
    /// Address of the continuation's context.
    case continuation(UInt64)
    case group(UInt64)
    /// Queued on a serial executor: identity 0 is the global pool; implementation 0 a default actor.
    case executor(identity: UInt64, implementation: UInt64)
    case unknown(UInt32)

    /// Nil when the task waits for nothing, or the record cannot be read.
    init?(of task: RawTask, layout: RuntimeLayout, memory: any MemoryReader) {
        guard task.status & TaskStatusBits.hasDependency != 0, task.dependencyRecord != 0,
            let (target, second) = memory.pair(task.dependencyRecord &+ layout.record.payload),
            let kind = memory.half(task.dependencyRecord &+ layout.record.dependencyKind)
        else { return nil }
        switch kind {
        case 1: self = .task(target)
        case 2: self = .continuation(target)
        case 3: self = .group(target)
        case 4: self = .executor(identity: target, implementation: second & ~7)
        default: self = .unknown(kind)
        }
    }
}
