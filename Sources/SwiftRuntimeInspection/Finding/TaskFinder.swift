/// Finds the tasks of a process: by scanning its heap now, by the task registry of newer runtimes later.
package protocol TaskFinder: Sendable {
    func findTasks(deadline: ContinuousClock.Instant) -> FoundTasks
}

package struct FoundTasks: Sendable {
    /// Ascending by address, each address once. Async-let tasks are candidates only, until their
    /// parent's record is seen to name them.
    package var tasks: [RawTask] = []
    /// Thread control blocks seen on the way (glibc's `tcbhead_t`), not verified yet.
    package var threadBlocks: [UInt64] = []
    /// What holds tasks or pieces of their stacks.
    package var blocks = AscendingBlocks()
    /// Hits that are not being destroyed and make no sense as tasks all the same.
    package var implausible = 0
    package var scanned_bytes: UInt64 = 0
    /// What was left out, for people; nil when all was looked at.
    package var shortfall: String?

    package init() {}

    /// What a finder found that did not come by the blocks in which tasks lie.
    package init(_ tasks: [RawTask]) {
        self.tasks = tasks.sorted { $0.address < $1.address }
        for task in self.tasks { blocks.insert(task.address, reach: TaskSlab.usualExtent_bytes) }
    }
}
