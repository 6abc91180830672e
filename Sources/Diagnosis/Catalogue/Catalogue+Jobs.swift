/// The pages of the causes of the family "Jobs".
extension Catalogue {
    static let progressSimulated = CausePage(
        title: "Progress is displayed without work",
        meaning: """
            What is shown moves by a timer, not by work. It hides a standstill from users, and from sweepers \
            that look at `updated_at`.
            """,
        supports: """
            Displayed progress, or a touched row, three times and more after the last work event of the job, \
            over at least a sixth of the watchdog's patience.
            """,
        refutes: """
            Every step displayed has work behind it.
            """,
        remedy: """
            Derive progress from work done (parts finished of parts known); bound any simulation in time and in \
            number of touches; keep `last_work_at` beside `updated_at`.
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
            A job long under way whose row has an empty deadline (`deadline_at`, `expires_at` ...); or one of \
            five minutes and more that shows no deadline at all, in no event and no row.
            """,
        refutes: """
            The row has a deadline that has not passed, or the deadline fired.
            """,
        remedy: """
            Store `deadline_at` with the job and let something independent of the work (a sweeper, another \
            process) compare now with it. Use the boot-time clock (`CLOCK_BOOTTIME`) where the machine may \
            sleep: the monotonic one stands still meanwhile.
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
            All parts of a job have ended, and whoever is to end the whole never notices: it reads a field that \
            a failed part never fills, counts only successes, or waits for a streamed result that will not come. \
            Every service is healthy, the log repeats one line, and the job stays running until somebody \
            restarts it.
            """,
        supports: """
            Every part (events or rows of the store with a `parent`) has ended, the whole has not, and since the \
            last part ended it was looked at ten times and more: events that mean `look`, or one log line again \
            and again.
            """,
        refutes: """
            A part is still under way; nobody looks (then nobody is there to end it: see `service-disabled`).
            """,
        remedy: """
            Poll the state that every part is sure to reach, and count failed as ended: `done + failed == all`, \
            not `done == all`. End as partial success with the count ("4/12 succeeded"). Give the poll loop a \
            deadline of its own, after which it fails the job and says what it had seen.
            """,
        scenario: "blind-poller")

    static let serviceDisabled = CausePage(
        title: "The service that would go on with it is switched off",
        meaning: """
            A setting disables, in this process, the part that would take the job up or end it. Often the same \
            program runs twice with different environments, and each leaves the step to the other. Nothing \
            fails; the work lies there.
            """,
        supports: """
            Work lies (a job nobody has begun, or one whose parts have all ended), and either the program says \
            that a part is switched off (an event that means `disabled`, or `enabled: false`), or what did the \
            step again and again in the working run never ran here and the two environments differ in a short \
            variable.
            """,
        refutes: """
            The part runs here; nothing lies; the environments are alike (then look at why it does not run: it \
            may have crashed, or be blocked).
            """,
        remedy: """
            Set the switch alike in all processes, or in one place that all read. Let a process log at start-up \
            what it will not do, and refuse work (or alert) whose next step nobody will take. Alert on work that \
            no one has begun for longer than a few intervals.
            """,
        scenario: "disabled-finisher")

    static let retriesExhausted = CausePage(
        title: "All attempts were used up",
        meaning: """
            Every attempt of a call failed and the job gave up. Often the attempts were over within seconds \
            although the trouble (a restart, a deployment, a rate limit) lasted a minute: three attempts in a \
            row are one attempt.
            """,
        supports: """
            Three and more failed attempts with their numbers and reasons, and then the end of the job as \
            failed, with no work in between.
            """,
        refutes: """
            A later attempt succeeded, or the job ended for another reason.
            """,
        remedy: """
            Remove the reason of the failures first: more attempts or longer timeouts only make it last longer. \
            Space attempts out (0.2 s, 0.4 s, 0.8 s ... with jitter) so that together they outlast a restart; go \
            to another replica after a failure; honour `Retry-After`; keep what failed with its context for a \
            later retry (dead-letter queue). AsyncHTTPClient and `requests` do not retry by themselves: \
            `urllib3.Retry(total=5, backoff_factor=0.2)`.
            """,
        scenario: "retries-exhausted")

    static let retryStorm = CausePage(
        title: "Attempts follow each other without a pause",
        meaning: """
            A failing call is tried again at once, over and over. It costs this process its processor and its \
            connections, and keeps down the very service that would have to recover; with many clients it is an \
            outage of its own.
            """,
        supports: """
            Ten and more failed attempts, more than one a second, with pauses that do not grow.
            """,
        refutes: """
            The pauses grow, or the attempts end after a few.
            """,
        remedy: """
            Back off exponentially with full jitter (`sleep(random(0, min(cap, base * 2^attempt)))`), cap the \
            attempts, and open a circuit after a few failures in a row (one threshold, the same everywhere) so \
            that calls fail fast until a probe succeeds. `urllib3.Retry` has `backoff_factor=0` unless told \
            otherwise.
            """,
        scenario: "retry-storm")

    static let runsPileUp = CausePage(
        title: "Runs pile up",
        meaning: """
            A schedule starts the next run although the former ones still stand. Each holds its connections, \
            locks and memory; what began as one hang ends as an exhausted machine, and the first run is hard to \
            find among the others.
            """,
        supports: """
            More than five runs that have begun, have done no work for as long as the watchdog waits, and have \
            not ended; and the later ones were begun while the first stood already.
            """,
        refutes: """
            The runs advance (a busy machine), or they were all begun at once (a full queue).
            """,
        remedy: """
            Start a run only when the former has ended: a lease or advisory lock with an end \
            (`pg_try_advisory_lock`, `flock -n`, Kubernetes `concurrencyPolicy: Forbid`, APScheduler \
            `max_instances=1`, systemd timers do so by themselves). Give every run a deadline with a status of \
            its own, and alert on more than five runs that are running, or any that runs too long. The hang of \
            the first run is a cause of its own: see the root.
            """,
        scenario: "runs-pile-up")

    static let stuckJobUndetected = CausePage(
        title: "A stuck job that nothing finds",
        meaning: """
            A job has done nothing for ten minutes and more, and no sweeper has ended it: there is none, or it \
            looks at a timestamp that is touched all the time.
            """,
        supports: """
            The job's last work event, the time since (ten times what the watchdog waits), and the sweeps that \
            ran without noticing, or that none ran.
            """,
        refutes: """
            A sweep ended the job.
            """,
        remedy: """
            Sweep regularly for jobs without work (`last_work_at`, not `updated_at`) for longer than the limit, \
            and end them as failed with a reason and `finished_at`; offer the same by hand (`POST \
            /admin/cleanup-stuck-jobs`). Cleaning up by hand alone cures nothing.
            """,
        scenario: "no-stuck-detection")

    static let healthBlind = CausePage(
        title: "The health check does not look",
        meaning: """
            The health endpoint says healthy whatever happens, so neither people nor an orchestrator act. \
            Typically it proves only that the web server answers.
            """,
        supports: """
            The check said that all was well (2xx with a usual word, or what it says in the working run) while a \
            job had done no work for half as long again as the watchdog waits, or every call to a dependency \
            failed.
            """,
        refutes: """
            It said degraded, answered with an error status, or nothing was wrong when it was asked.
            """,
        remedy: """
            Let it look at what the work needs: the database (with a short timeout), the reachability of \
            dependencies, the depth of the queue, the age of the oldest job without work; and say degraded with \
            the reason. Keep liveness (restart me) apart from readiness (send me no work).
            """,
        scenario: "blind-health")

    static let wrongProvenance = CausePage(
        title: "The result names the wrong source",
        meaning: """
            The model (or other source) recorded with a result is a constant, or what was configured, not what \
            was called. After a fallback nobody can tell which results came from where.
            """,
        supports: """
            The model of the call (an event that means `request`, or has an endpoint) and the one in the stored \
            result (a row with `job_id` and `model`, or an event that means `saved`) differ.
            """,
        refutes: """
            They agree.
            """,
        remedy: """
            Record what the answer itself says (`model` in an OpenAI or Anthropic response), passed along with \
            it, never a constant or the configuration.
            """,
        scenario: "wrong-model")

    static let workUntraced = CausePage(
        title: "Nobody can say what the job is doing",
        meaning: """
            Between a job's start and its end there is neither a span nor an event, so that a hang cannot be \
            placed: which call, since when, waiting for what.
            """,
        supports: """
            A job processed for ten seconds and more without a span, and without an event but at its end, while \
            its connections show that it works.
            """,
        refutes: """
            Spans or events exist inside.
            """,
        remedy: """
            Open a span around every call (swift-distributed-tracing `withSpan`, OpenTelemetry), log its start \
            as well as its end (a hung span never ends, and most exporters send a span only when it has), and \
            carry a correlation id through.
            """,
        scenario: "no-tracing")
}
