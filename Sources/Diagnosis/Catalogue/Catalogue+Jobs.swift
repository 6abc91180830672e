/// The pages of the causes of the family "Jobs".
extension Catalogue {
    static let progressSimulated = CausePage(
        title: "Progress is displayed without work",
        meaning: """
            What is shown moves by a timer, not by work. It hides a standstill from users, and from sweepers \
            that look at `updated_at`.
            """,
        supports: """
            Displayed progress, or a touched row, three times and more after the last work event of the job.
            """,
        refutes: """
            Every step displayed has work behind it.
            """,
        remedy: """
            Derive progress from work done; bound any simulation in time and in number of touches; keep \
            `last_work_at` beside `updated_at`.
            """,
        scenario: "sixty-percent-hang")

    static let workOutlivesTimeout = CausePage(
        title: "The timeout was reported; the work lives on",
        meaning: """
            Whoever waited was told that time is up, and nobody ended the work: it keeps its connection, its \
            session and its memory, and may still write a result later.
            """,
        supports: """
            The job has ended by its timeout, and its spans are still open, its connection still established, \
            or work events still come.
            """,
        refutes: """
            The work's spans ended with the job.
            """,
        remedy: """
            Cancel the work when its timeout fires and await its end with a bound; prefer structured \
            concurrency over a detached task raced against a timer.
            """,
        scenario: "abandoned-work")

    static let timeoutOrder = CausePage(
        title: "An outer timeout is shorter than what it contains",
        meaning: """
            The timeout around the whole fires while its parts are healthy and within their own limits, \
            because the parts' limits sum to more.
            """,
        supports: """
            The timer fired with parts done and work seconds old.
            """,
        refutes: """
            The work had stood still when the timer fired.
            """,
        remedy: """
            Make every outer timeout longer than the sum of what it contains (chunks x request timeout x \
            attempts, plus slack), or budget one deadline downwards.
            """,
        scenario: "chunk-timeouts")

    static let deadlineMissing = CausePage(
        title: "Nothing would ever end the job",
        meaning: """
            The job has no deadline of its own: all rests on one inner timer, which cannot fire while its loop \
            is blocked, or does not exist.
            """,
        supports: """
            A job long under way whose row has no deadline and for which no deadline event came.
            """,
        refutes: """
            The row has a deadline that has not passed.
            """,
        remedy: """
            Store `deadline_at` with the job and let something independent of the work (a sweeper) compare now \
            with it.
            """,
        scenario: "no-job-deadline")

    static let failureSwallowed = CausePage(
        title: "A failure was caught and dropped",
        meaning: """
            An operation failed and the code went on as if it had not: no error, no status, no log line.
            """,
        supports: """
            A write that cannot have succeeded (its lock was held by another throughout) with no failure \
            reported; or a span or operation that ended in an error with the job unchanged for long after.
            """,
        refutes: """
            The failure was logged and handled, or the job failed.
            """,
        remedy: """
            Catch what you can handle, log with the job's id, and rethrow the rest; let repeated failures of a \
            side task end it visibly.
            """,
        scenario: "locked-database")

    static let pollerBlind = CausePage(
        title: "The poller looks at the wrong thing",
        meaning: """
            All parts have ended, and whoever collects them never notices: it asks the wrong field, or waits \
            for something that never comes.
            """,
        supports: """
            Every part of the job is final and the whole is still open, polled again and again.
            """,
        refutes: """
            A part is still under way.
            """,
        remedy: """
            Poll the state that the parts really set, treat failed as ended, and finish as partial success \
            with the count.
            """,
        scenario: nil)

    static let serviceDisabled = CausePage(
        title: "The service that would finish it is switched off",
        meaning: """
            A setting disables, in this process, the service that would take the next step.
            """,
        supports: """
            The subject says so itself, or its environment differs from the working run's in a switch of that \
            service, and nobody takes the next step.
            """,
        refutes: """
            The service runs.
            """,
        remedy: """
            Set the switch alike in all processes; let the process refuse work at start-up whose next step \
            nobody will take.
            """,
        scenario: nil)

    static let retriesExhausted = CausePage(
        title: "All attempts were used up",
        meaning: """
            Every attempt failed, sooner than the work could have succeeded.
            """,
        supports: """
            The failed attempts with their numbers and reasons, and no attempt after them.
            """,
        refutes: """
            A later attempt succeeded.
            """,
        remedy: """
            Raise neither attempts nor timeouts first: remove the reason of the failures; space attempts out; \
            go to another replica after a failure; keep what failed for a later retry (dead-letter queue).
            """,
        scenario: nil)

    static let retryStorm = CausePage(
        title: "Attempts follow each other without a pause",
        meaning: """
            A failing call is tried again at once, over and over, and loads what is already in trouble.
            """,
        supports: """
            More than one failed attempt a second over ten attempts and more.
            """,
        refutes: """
            The pauses grow.
            """,
        remedy: """
            Back off exponentially with jitter, cap the attempts, and open a circuit after a few failures in a \
            row.
            """,
        scenario: nil)

    static let runsPileUp = CausePage(
        title: "Runs pile up",
        meaning: """
            A schedule starts the next run though the former ones still stand.
            """,
        supports: """
            More than five runs that have started, do no work and have not ended.
            """,
        refutes: """
            The runs advance.
            """,
        remedy: """
            Start a run only when the former has ended (a lease with an end), and give every run a deadline \
            with a status of its own.
            """,
        scenario: nil)

    static let stuckJobUndetected = CausePage(
        title: "A stuck job that nothing finds",
        meaning: """
            A job has done nothing for ten minutes and more, and no sweeper has ended it: there is none, or it \
            looks at a timestamp that is touched all the time.
            """,
        supports: """
            The job's last work event, the time since, and the sweeps that ran without noticing, or that none \
            ran.
            """,
        refutes: """
            A sweep ended the job.
            """,
        remedy: """
            Sweep regularly for jobs without work (not without updates) for longer than the limit, and end \
            them as failed with a reason; offer the same by hand.
            """,
        scenario: "no-stuck-detection")

    static let healthBlind = CausePage(
        title: "The health check does not look",
        meaning: """
            The health endpoint says healthy whatever happens, so neither people nor an orchestrator act.
            """,
        supports: """
            The check said healthy while a job had done no work for 90 s and more, or every call to a \
            dependency failed.
            """,
        refutes: """
            It said degraded, or nothing was wrong.
            """,
        remedy: """
            Check the database, the dependencies' reachability, the queue's depth and the number of stuck \
            jobs, and say degraded.
            """,
        scenario: "blind-health")

    static let wrongProvenance = CausePage(
        title: "The result names the wrong source",
        meaning: """
            The model (or other source) recorded with a result is a constant, not what was called.
            """,
        supports: """
            The model in the request's event and the one in the stored result differ.
            """,
        refutes: """
            They agree.
            """,
        remedy: """
            Record what the answer itself says, passed along with it, never a constant.
            """,
        scenario: "wrong-model")

    static let workUntraced = CausePage(
        title: "Nobody can say what the job is doing",
        meaning: """
            Between a job's start and its end there is neither a span nor an event, so a hang cannot be \
            placed: which call, since when, waiting for what.
            """,
        supports: """
            A job processed for ten seconds and more without a span or work event inside, while its \
            connections show that it works.
            """,
        refutes: """
            Spans or events exist inside.
            """,
        remedy: """
            Open a span around every call (swift-distributed-tracing), log its start as well as its end (a \
            hung span never ends), and carry a correlation id.
            """,
        scenario: "no-tracing")
}
