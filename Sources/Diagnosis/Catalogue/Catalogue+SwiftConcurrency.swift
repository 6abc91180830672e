/// The pages of the causes of the family "SwiftConcurrency".
extension Catalogue {
    static let cooperativePoolStarved = CausePage(
        title: "The cooperative pool's threads are blocked",
        meaning: """
            Swift runs tasks on as many threads as there are processors. All of them are blocked inside tasks \
            (a semaphore, a lock, a synchronous wait), so no other task runs, including the one they wait for.
            """,
        supports: """
            Every pool thread is inside a task and in a blocking system call, and tasks are enqueued on the \
            pool.
            """,
        refutes: """
            One pool thread runs, or fewer block than there are processors.
            """,
        remedy: """
            Never block in a task: replace semaphores and `wait()` by `await` with a checked continuation; \
            move blocking calls to a thread pool of their own (`NIOThreadPool`, a custom `TaskExecutor`).
            """,
        scenario: nil)

    static let eventLoopBlocked = CausePage(
        title: "An event loop's thread is blocked",
        meaning: """
            An event loop serves all its connections on one thread; something on it blocks, so none of them \
            goes on, including the one that would end the wait.
            """,
        supports: """
            The loop's thread stands in a lock, semaphore or sleep with the loop's run function below it.
            """,
        refutes: """
            The thread is in its poll.
            """,
        remedy: """
            Do not block on an event loop: no `.wait()`, no semaphore, no `Thread.sleep`; hop to \
            `NIOThreadPool.runIfActive` for blocking work.
            """,
        scenario: nil)

    static let eventLoopShutDown = CausePage(
        title: "The event loop was shut down with work on it",
        meaning: """
            The loop that should complete the work has ended. Whoever waits gets an error, or nothing at all.
            """,
        supports: """
            Operations that are open and wait on a loop whose threads no longer exist; a wait in a function that works with such a loop; errors that name the \
            loop.
            """,
        refutes: """
            The loop's threads are there.
            """,
        remedy: """
            Shut down in order: stop taking work, let it end or cancel it and await that, and only then close \
            the loop; own the group in one place (`MultiThreadedEventLoopGroup.singleton` never shuts down).
            """,
        scenario: nil)

    static let eventLoopLeaked = CausePage(
        title: "Event loops are created and never closed",
        meaning: """
            Every call makes an event loop (or client, or thread pool) of its own and leaves it behind, until \
            threads, descriptors or memory run out.
            """,
        supports: """
            The number of loop threads and epoll descriptors grows from sample to sample with the work done.
            """,
        refutes: """
            The numbers stay.
            """,
        remedy: """
            Share one group and one client for the life of the process; shut down what you create, on every \
            path.
            """,
        scenario: nil)

    static let continuationNeverResumed = CausePage(
        title: "A continuation that nobody can resume",
        meaning: """
            A task is suspended at a continuation, and nothing that could resume it exists any more: a \
            callback was dropped, an error path forgot to resume.
            """,
        supports: """
            The task's wait, and that a search of the process's memory finds nothing else that refers to the \
            continuation.
            """,
        refutes: """
            A timer, callback or registered handler still refers to it.
            """,
        remedy: """
            Resume exactly once on every path; use `withCheckedContinuation` (it logs "leaked its \
            continuation") and `withTaskCancellationHandler`; wrap callback APIs so that their failure \
            callback resumes too.
            """,
        scenario: nil)

    static let taskCycle = CausePage(
        title: "Tasks wait for each other",
        meaning: """
            Tasks await each other's values in a circle; none can complete.
            """,
        supports: """
            The dependency record of each task of the circle.
            """,
        refutes: """
            One of them runs or waits for something else.
            """,
        remedy: """
            Let results flow one way: the parent awaits its children; share a value through an actor that is \
            filled once instead of awaiting tasks both ways.
            """,
        scenario: nil)

    static let actorBlocked = CausePage(
        title: "An actor is held by something that blocks",
        meaning: """
            A task runs on the actor and blocks its thread there; every other task for that actor queues \
            behind it.
            """,
        supports: """
            Tasks enqueued on the actor, the thread that runs on it, and that thread's blocking wait.
            """,
        refutes: """
            The actor's queue moves.
            """,
        remedy: """
            Do not block inside an actor: `await` instead, or do the blocking part outside and return with the \
            result.
            """,
        scenario: nil)

    static let childTaskNeverEnds = CausePage(
        title: "A task group waits for a child that never ends",
        meaning: """
            A group (or async let) ends only when all its children have. One of them loops, sleeps or listens \
            for ever, and nobody cancels it.
            """,
        supports: """
            The group's pending children, and that the others have completed.
            """,
        refutes: """
            The child advances towards its end.
            """,
        remedy: """
            `group.cancelAll()` once the result is there, and let every loop check `Task.isCancelled` or use \
            throwing sleeps.
            """,
        scenario: nil)

    static let streamNeverFinished = CausePage(
        title: "A stream that nobody finishes",
        meaning: """
            A task iterates over an AsyncStream whose producer is gone and never called finish.
            """,
        supports: """
            The task's wait in the stream's iterator, and that nothing refers to the stream's continuation.
            """,
        refutes: """
            A producer still holds it: then it is a subscription at rest.
            """,
        remedy: """
            Call `continuation.finish()` on every path (`defer`), and set `onTermination`.
            """,
        scenario: nil)

    static let cancellationIgnored = CausePage(
        title: "Cancelled work goes on, and its canceller waits for it",
        meaning: """
            The work was cancelled (a timeout fired, a sibling failed) and took no notice, and a task group, a \
            scope or a join waits for it to end. So the timeout never takes effect.
            """,
        supports: """
            A timer event of the job without an end after it; or a cancelled task that is still suspended, and \
            another task that waits for it.
            """,
        refutes: """
            The work ended after it was cancelled; nobody waits for it (work-outlives-timeout).
            """,
        remedy: """
            Let cancellation reach the innermost wait: `withTaskCancellationHandler` around callbacks and \
            futures, `execute` of AsyncHTTPClient's async API rather than `EventLoopFuture.get()`, throwing \
            sleeps in loops; and give the innermost wait a timeout of its own.
            """,
        scenario: "sixty-percent-hang")
}
