package import Evidence

/// Finds what a language's runtime knows of a process within a capture; what knows the runtime provides one.
package struct RuntimeHook<Facts>: Sendable {
    /// Whether the process may have it: asked before any thread is looked at. Where it does, threads are stopped, for their registers and
    /// thread-local storage lead to its facts.
    package var isPresent: @Sendable (CaptureTarget, ModuleTable) -> Bool
    /// Asked only where it may be there.
    package var read: @Sendable (TaskForestContext) -> Facts

    package init(
        isPresent: @escaping @Sendable (CaptureTarget, ModuleTable) -> Bool = { _, _ in true }, read: @escaping @Sendable (TaskForestContext) -> Facts
    ) {
        self.isPresent = isPresent
        self.read = read
    }
}

/// Finds the Swift tasks.
package typealias TaskForestHook = RuntimeHook<InspectedTasks>

/// What a task forest is read from.
package struct TaskForestContext {
    package let target: CaptureTarget
    package let modules: ModuleTable
    package let symbolizer: any Symbolizer
    /// Registers and stacks as they were copied for the thread records; `threadPointer` is
    /// the base of thread-local storage, nil for threads that were not stopped.
    package let copies: [ThreadCopy]
    /// The thread records made of those copies, stacks with names.
    package let threads: Observed<[ThreadRecord]>
    package let mayStop: Bool
    package let deadline: ContinuousClock.Instant
    let tracer: Tracer

    /// Runs `body` while every thread stands that can be stopped without disturbing it (those
    /// asleep in such system calls change nothing meanwhile). Runs it unstopped where
    /// stopping is not allowed.
    ///
    /// - Returns: milliseconds from the first stop to the last resume; add to `InspectedTasks.stopped_ms`.
    package func whileStanding(_ body: () -> Void) -> Double {
        guard mayStop else { body(); return 0 }
        let subjects = ((try? target.proc.threads()) ?? []).map { tid in
            let thread = target.proc.thread(tid)
            return Tracer.Subject(tid: tid, state: (try? thread.stat().state) ?? "X", waitChannel: (try? thread.waitChannel()) ?? nil)
        }
        return tracer.whileStanding(subjects, body).stopped_ms
    }
}

/// Swift tasks and actors of one process.
package struct InspectedTasks {
    package var tasks: Observed<[TaskRecord]>
    package var actors: Observed<[ActorRecord]>
    /// By thread: the id of the task that runs on it.
    package var currentTasks: [Int32: UInt64] = [:]
    package var stopped_ms = 0.0
    /// By thread: its wait, where more was found out about it than the kernel says.
    package var waits: [Int32: ThreadWait] = [:]
    /// By thread that goes on by itself: what code it can come to.
    package var codeAhead: [Int32: CodeAhead] = [:]
    /// For `ProcessRecord.dispatchTimers`.
    package var dispatchTimers: Int?
    /// For `ProcessRecord.inertTimers`.
    package var inertTimers: Int?

    package init(tasks: Observed<[TaskRecord]>, actors: Observed<[ActorRecord]>) {
        self.tasks = tasks
        self.actors = actors
    }
}
