package import Evidence

/// The Swift tasks and busy actors of one process at one moment.
package struct TaskForest: Sendable {
    package var tasks: Observed<[TaskRecord]>
    package var actors: Observed<[ActorRecord]>
    /// Id of the task that each thread runs, for `ThreadRecord.currentTask`.
    package var currentTasks: [Int32: UInt64]
    /// For people: which runtime it was, as `RuntimeLayout.name` says.
    package var runtime: String?
    /// It is certain that the process has no tasks: nothing was missed.
    package var isEmpty = false
    package var scanned_bytes: UInt64 = 0
    /// For how long the process was held.
    package var stopped_ms = 0.0
    /// The threads by what gives them work; empty where their stacks were not seen.
    package var pools: [WorkerPool] = []
    /// What the pools are made of.
    var queues: DispatchState?
    /// By the id of a task asleep: where it could come to code by way of closures, as far as that was followed.
    var held: [UInt64: Set<UInt64>] = [:]
    /// For each of Dispatch's timers that runs something else, as far as it was followed: the code that its handler could come to by way of closures.
    var timers: [Set<UInt64>] = []
    /// By the address of a future that a thread waits for: what leads to it.
    var futures: [UInt64: FutureLead] = [:]

    package init(tasks: Observed<[TaskRecord]>, actors: Observed<[ActorRecord]>, currentTasks: [Int32: UInt64] = [:]) {
        self.tasks = tasks
        self.actors = actors
        self.currentTasks = currentTasks
    }

    package static func unavailable(_ reason: String) -> TaskForest {
        TaskForest(tasks: .unavailable(reason: reason), actors: .unavailable(reason: reason))
    }
}
