/// The pages of the causes of the family "Threads".
extension Catalogue {
    static let lockCycle = CausePage(
        title: "Threads wait for each other's locks",
        meaning: """
            Each thread of the circle holds a lock that the next one needs. None can ever go on.
            """,
        supports: """
            For every thread of the circle, the lock it waits for and the owner that memory names for it; all \
            of them unchanged between two looks.
            """,
        refutes: """
            A lock's owner changes or runs.
            """,
        remedy: """
            Take locks in one order everywhere; hold one at a time; or use try-lock with back-off. Joining a \
            thread while holding a lock it needs is the same circle.
            """,
        scenario: nil)

    static let lockAbandoned = CausePage(
        title: "The lock's holder will never release it",
        meaning: """
            The thread that holds the lock has exited without unlocking, or is the very thread that now waits \
            for it (a lock that is not recursive, taken twice).
            """,
        supports: """
            The owner recorded in the lock does not exist any more, or is the waiter.
            """,
        refutes: """
            The owner is alive and another thread.
            """,
        remedy: """
            Unlock on every path (RAII, `defer`, `withLock`); use robust mutexes (`PTHREAD_MUTEX_ROBUST`) \
            across processes; an error-checking mutex reports a second lock by the same thread instead of \
            hanging.
            """,
        scenario: nil)

    static let lockHolderBlocked = CausePage(
        title: "The lock's holder waits for something else",
        meaning: """
            Threads wait for a lock whose holder is in the middle of another wait. What the holder waits for \
            is the root where it can be named; where the holder merely rests or waits for input, holding the \
            lock there is the fault.
            """,
        supports: """
            The lock's owner in memory, and that owner's own wait.
            """,
        refutes: """
            The holder runs.
            """,
        remedy: """
            Do not do I/O, sleep or wait while holding a lock: copy what is needed, release it, then wait.
            """,
        scenario: nil)

    static let conditionNeverSignalled = CausePage(
        title: "Nobody is left to signal a condition",
        meaning: """
            A thread waits on a condition variable. Every thread that could signal it waits as well, has \
            ended, or signalled before the wait began.
            """,
        supports: """
            The wait lasts, and no other thread of the process runs, waits for the outside, or has a timer; or \
            the waiter holds a lock that others need.
            """,
        refutes: """
            Another thread runs or can be woken from outside: then the wait may be that of an idle worker.
            """,
        remedy: """
            Change the state under the mutex and signal after every change; wait in a loop on the state, not \
            on the signal; bound the wait.
            """,
        scenario: nil)

    static let semaphoreNeverSignalled = CausePage(
        title: "Nobody is left to post a semaphore",
        meaning: """
            A thread waits for a semaphore that no thread is left to post: the work that should post it \
            failed, was dropped, or needs this very thread.
            """,
        supports: """
            As for conditions: the wait lasts and nobody in the process could end it.
            """,
        refutes: """
            Another thread runs or can be woken from outside.
            """,
        remedy: """
            Post on every path, failure included (`defer { semaphore.signal() }`); do not block a thread on \
            work that needs the same thread or queue; bound the wait.
            """,
        scenario: nil)

    static let barrierIncomplete = CausePage(
        title: "Not all threads reach a barrier",
        meaning: """
            Threads wait at a barrier for others that have exited, failed or gone elsewhere.
            """,
        supports: """
            Threads in pthread_barrier_wait, fewer than its count, and no other thread on its way.
            """,
        refutes: """
            Another thread still runs towards it.
            """,
        remedy: """
            Set the count to the number of threads that really run, and let a failing thread release the \
            others.
            """,
        scenario: nil)

    static let timerTooFar = CausePage(
        title: "Asleep by its own timer, for far too long",
        meaning: """
            A thread sleeps in the middle of work for a time that the work cannot mean: seconds where \
            milliseconds were meant, a back-off without a limit, a deadline on the wrong clock.
            """,
        supports: """
            The time asked for, from the system call, and that others wait for the sleeper or that it sleeps \
            deep inside an operation.
            """,
        refutes: """
            It wakes up between looks, or it is the pause of a main loop.
            """,
        remedy: """
            Check the unit; cap back-off; use `Duration` rather than bare numbers; take deadlines on a clock \
            that fits (CLOCK_MONOTONIC stands still while the machine sleeps, CLOCK_BOOTTIME does not).
            """,
        scenario: nil)

    static let busyLoop = CausePage(
        title: "Busy, and getting nowhere",
        meaning: """
            A thread uses a processor all the time and comes back to the same few instructions: it polls \
            something that does not change.
            """,
        supports: """
            It never sleeps, nothing is read or written, and its registers, its stack and all memory that its \
            process may write to come to be what they were; no other thread computes or sleeps towards what it \
            may wait for.
            """,
        refutes: """
            Memory or I/O counters change from round to round: that is work, or may be.
            """,
        remedy: """
            Wait for the event instead of asking for it; bound the number of attempts; make sure that the \
            loop's condition can change (atomic or locked access).
            """,
        scenario: nil)

    static let stopped = CausePage(
        title: "Stopped by a signal or a debugger",
        meaning: """
            The process is in state T: somebody sent SIGSTOP or SIGTSTP, it touched the terminal from the \
            background (SIGTTIN, SIGTTOU), or a debugger holds it.
            """,
        supports: """
            The state letter of every thread, and the tracer's pid where there is one.
            """,
        refutes: """
            Any thread runs.
            """,
        remedy: """
            `kill -CONT PID`, or detach the debugger. Background jobs that need the terminal: redirect their \
            input.
            """,
        scenario: nil)

    static let childNeverExits = CausePage(
        title: "A child is waited for and does not exit",
        meaning: """
            The parent waits for a child to exit, and the child has no reason to: it waits for a signal or \
            sleeps, serving nobody.
            """,
        supports: """
            A thread in wait4 or waitid for that child, and the child's own state.
            """,
        refutes: """
            The child works or serves; the child is stuck on something of its own, which is then the root.
            """,
        remedy: """
            Wait with a limit (`subprocess.run(timeout=)`, a timer and `kill`), end children by process group, \
            and make sure that the child handles the signal that should end it.
            """,
        scenario: nil)

    static let threadPoolExhausted = CausePage(
        title: "All workers wait for work that needs a worker",
        meaning: """
            Every thread of a pool runs something that submitted more work to the same pool and waits for it. \
            Alone it works; a full pool never does.
            """,
        supports: """
            All workers wait inside an operation rather than at the place where idle workers wait, and nothing \
            else runs.
            """,
        refutes: """
            A worker is idle or runs.
            """,
        remedy: """
            Do not wait for the pool on the pool: run the inner work inline, use another pool for it, or chain \
            it as a continuation (futures, async).
            """,
        scenario: nil)
}
