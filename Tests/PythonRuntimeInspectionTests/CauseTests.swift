import Diagnosis
import Evidence
import Foundation
import Testing

extension LivePythonTests {
    /// Every cause has a real process behind it, and a healthy twin that looks alike.
    @Suite(.enabled(if: StandingPython.isReadable, StandingPython.needed)) struct CauseTests {
        static let hanging: [(String, Cause)] = [
            ("lock-cycle", .lockCycle), ("rlock-cycle", .lockCycle), ("context-cycle", .lockCycle), ("acquire-cycle", .lockCycle), ("acquire-twice", .lockAbandoned), ("lock-self", .lockAbandoned),
            ("lock-abandoned", .lockAbandoned), ("event-never-set", .conditionNeverSignalled), ("barrier-short", .barrierIncomplete),
            ("queue-join", .conditionNeverSignalled), ("queue-get", .conditionNeverSignalled), ("queue-full", .conditionNeverSignalled),
            ("semaphore-lost", .semaphoreNeverSignalled), ("condition-missed", .conditionNeverSignalled), ("pool-nested", .threadPoolExhausted),
            ("future-blocked", .conditionNeverSignalled), ("holder-sleeps", .timerTooFar), ("sleep-too-long", .timerTooFar), ("sleep-milliseconds", .timerTooFar),
            ("busy-loop", .busyLoop), ("busy-expression", .busyLoop), ("async-locks", .lockCycle), ("async-future", .conditionNeverSignalled),
            ("async-queue", .conditionNeverSignalled), ("async-blocked", .eventLoopBlocked), ("async-asks", .peerSilent), ("pool-bridge", .threadPoolExhausted),
            ("timer-days", .timerTooFar), ("database-own", .databaseSelfLocked), ("pool-lent", .poolExhausted),
            ("ticking-join", .conditionNeverSignalled), ("ticking-slots", .semaphoreNeverSignalled), ("ticking-feed", .conditionNeverSignalled),
            ("async-filter", .pipeNeverClosed), ("lock-follower", .childNeverExits), ("event-lost", .conditionNeverSignalled),
            ("call-unanswered", .conditionNeverSignalled), ("busy-rows", .busyLoop), ("async-synchronous", .conditionNeverSignalled),
            ("lock-forgotten", .lockAbandoned), ("async-sessions-lost", .conditionNeverSignalled), ("gate-late", .conditionNeverSignalled),
            ("poll-failed", .conditionNeverSignalled), ("output-collected", .childNeverExits),
            ("tokens-stopped", .peerStalled), ("mail-silent", .peerSilent), ("filter-kept", .pipeNeverClosed), ("process-lock-lost", .semaphoreNeverSignalled),
            ("loop-left", .conditionNeverSignalled), ("event-days", .timerTooFar), ("orders-end", .pipeNeverClosed), ("gather-full", .conditionNeverSignalled),
            ("poll-joined", .conditionNeverSignalled), ("tide-told-once", .childNeverExits), ("lamp-unattended", .childNeverExits), ("pool-kept", .poolExhausted), ("async-progress", .childTaskNeverEnds), ("async-progress-gathered", .childTaskNeverEnds), ("async-deaf", .cancellationIgnored), ("async-counts", .cancellationIgnored), ("async-wheels-closed", .cancellationIgnored), ("async-relocked", .lockAbandoned),
            ("loop-stopped", .eventLoopShutDown), ("loop-stopped-before", .eventLoopShutDown), ("orders-asked", .peerSilent), ("answer-in-parts", .peerSilent), ("loop-asks-itself", .eventLoopBlocked),
            ("exchange-asks-itself", .eventLoopBlocked),
            ("answer-in-crumbs", .peerDripping), ("loans-counted", .conditionNeverSignalled), ("report-of-tomorrow", .timerTooFar), ("async-child-awaited", .childNeverExits),
            ("permit-handed", .semaphoreNeverSignalled), ("permit-taken", .semaphoreNeverSignalled), ("barrier-handed", .barrierIncomplete), ("call-misnumbered", .continuationNeverResumed), ("async-call-misnumbered", .continuationNeverResumed),
        ]

        @Test(arguments: hanging)
        func hangs(_ program: String, _ cause: Cause) async throws {
            let assessment = try await StandingPython.run(program) { try await $0.assessment { $0.root?.cause == cause } }
            #expect(assessment.verdict == .hang)
            #expect(assessment.root?.cause == cause, "\(assessment.headline)")
        }

        @Test(arguments: [
            "lock-order", "rlock-twice", "event-alone", "event-with-workers", "event-for-signal", "barrier-turns", "pool-idle", "pool-busy",
            "sleep-rounds", "sleep-hours", "busy-crunch", "busy-deadline", "async-server", "async-turns", "async-signal", "async-ships", "pool-bridge-wide", "timer-hours", "process-lock", "database-turns", "pool-turns",
            "ticking-join-slow", "ticking-slots-lent", "ticking-workers", "ticking-feed-served", "ticking-park", "async-filter-kept", "put-awaited", "event-came", "event-kept", "busy-until-told", "ticking-crew",
            "lock-slow", "lock-crunch", "tide-told-hourly", "lamp-attended", "async-sessions-kept", "poll-slow", "poll-stop", "output-followed", "tokens-followed", "filter-fed", "process-lock-lent", "loop-lent", "event-days-told", "orders-come", "gather-wide", "poll-kept", "pool-kept-long",
            "async-progress-slow", "async-progress-kept", "async-progress-ends", "async-tidy", "async-told", "async-counts-up-to", "async-wheels-open", "loop-run-again", "loop-yet-to-run", "orders-answered", "async-orders-answered", "feed-quiet", "async-feed-quiet", "loop-asks-aside", "exchange-asks-worker",
            "feed-beats", "async-feed-beats", "async-reader-paced", "async-child-beside", "loans-taken-back", "workers-rest", "jobs-of-the-night", "message-awaited", "message-awaited-on-pair",
            "call-misnumbered-watched", "call-worked-on", "call-amid-news", "async-call-worked-on", "parked", "parked-by-another", "parked-until-end", "parked-tasks",
        ])
        func isHealthy(_ program: String) async throws {
            // The first judgement that is a hang ends it; a few must pass.
            var judged = 0
            let assessment = try await StandingPython.run(program) { program in
                try await program.assessment { judged += 1; return $0.verdict == .hang || judged == 3 }
            }
            #expect(assessment.verdict != .hang, "\(assessment.headline)")
        }

        /// Debian's packages of the clients that most asynchronous programs use.
        private static let hasClients = ["httpx", "aiohttp"].allSatisfy { FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/\($0)/__init__.py") }

        @Test(.enabled(if: hasClients, "needs python3-httpx and python3-aiohttp"), arguments: ["httpx-stopped", "aiohttp-stopped", "aiohttp-tokens", "httpx-followed", "aiohttp-followed"])
        func anAnswerThatATaskReads(_ program: String) async throws {
            if program.hasSuffix("followed") { try await isHealthy(program) } else { try await hangs(program, .peerStalled) }
        }

        @Test(.enabled(if: hasClients, "needs python3-httpx and python3-aiohttp")) func aConnectionThatAnAnswerKeeps() async throws {
            try await hangs("httpx-kept", .poolExhausted)
            try await isHealthy("httpx-kept-long")
        }

        @Test(.enabled(if: hasClients, "needs python3-httpx and python3-aiohttp"), arguments: ["httpx-dropped", "httpx-dropped-by-threads", "httpx-dropped-limited", "httpx-dropped-watched", "httpx-collected"])
        func connectionsWhoseAnswersWereDropped(_ program: String) async throws {
            if ["httpx-dropped", "httpx-dropped-by-threads"].contains(program) { try await hangs(program, .poolExhausted) } else { try await isHealthy(program) }
        }

        /// anyio comes with httpx.
        @Test(.enabled(if: hasClients, "needs python3-httpx and python3-aiohttp")) func aLimiterWhoseTokensAreTaken() async throws {
            try await hangs("limiter-taken", .semaphoreNeverSignalled)
            try await isHealthy("limiter-lent")
        }

        @Test(.enabled(if: hasClients, "needs python3-httpx and python3-aiohttp"), arguments: ["aiohttp-room-blocked", "aiohttp-room", "aiohttp-room-visited", "aiohttp-room-beats"])
        func messagesOfAWebsocket(_ program: String) async throws {
            if program == "aiohttp-room-blocked" { try await hangs(program, .peerSilent) } else { try await isHealthy(program) }
        }

        private static let hasUvloop = FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/uvloop/__init__.py")

        @Test(.enabled(if: hasUvloop, "needs python3-uvloop"), arguments: ["uvloop-asked", "uvloop-locks", "uvloop-asks", "uvloop-listens", "uvloop-timer"])
        func tasksOnALoopOfLibuv(_ program: String) async throws {
            let causes: [String: Cause] = ["uvloop-asked": .conditionNeverSignalled, "uvloop-locks": .lockCycle, "uvloop-asks": .peerSilent]
            if let cause = causes[program] { try await hangs(program, cause) } else { try await isHealthy(program) }
        }

        /// In the middle of something, beside others that go on: neither healthy nor shown to hang.
        @Test func anEventDeepInTheMainTaskIsUnknown() async throws {
            let assessment = try await StandingPython.run("ticking-start") { try await $0.assessment { $0.verdict == .unknown } }
            #expect(assessment.verdict == .unknown, "\(assessment.headline)")
        }
    }
}
