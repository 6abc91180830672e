import Evidence
import Foundation
import Testing

/// For every cause, the process that really hangs so, and the healthy one that looks alike.
///
/// The table only says where: that both are judged rightly is the business of the tests named here,
/// and of `hangscope regress` for the scenarios.
@Suite struct CausePairTests {
    enum Pair: Sendable {
        /// Kinds of `standing-c`, judged by `AttachTests`.
        case c(String, well: String)
        /// Exhibits of `standing-swift`, judged by `SwiftHangTests`.
        case swift(String, well: String)
        /// Programs of standing.py, judged by `CauseTests`.
        case python(String, well: String)
        /// A shipped scenario and the variant of it that is well.
        case scenario(String, well: String = "working")
    }

    static func pair(of cause: Cause) -> Pair {
        switch cause {
        case .peerSilent: .c("loop-silent", well: "loop-kept")
        case .peerStalled: .c("answer-stalls", well: "answer-slow")
        case .peerDripping: .c("answer-drips", well: "answer-slow")
        case .halfOpen: .scenario("dropped-socket")
        case .connectBlackholed: .c("connect-blackholed", well: "answer-slow")
        case .notAccepting: .c("connect-backlog", well: "accept")
        case .nameResolution: .c("resolve", well: "udp-serve")
        case .backpressure: .c("peer-not-reading", well: "peer-reading")
        case .mutualBackpressure: .c("both-write", well: "peer-reading")
        case .connectionClosedEarly: .c("closed-early", well: "closed-after")
        case .databaseLocked: .scenario("locked-database")
        case .databaseSelfLocked: .python("database-own", well: "database-turns")
        case .fileLocked: .c("lock-flock", well: "healthy-locks")
        case .poolExhausted: .python("pool-lent", well: "pool-turns")
        case .descriptorsExhausted: .c("descriptors-gone", well: "descriptors-many")
        case .pipeFull: .c("pipe-child", well: "pipe-drained")
        case .pipeNeverClosed: .c("pipe-polled", well: "watch-hangup")
        case .noOtherEnd: .c("fifo-open", well: "pipe-drained")
        case .diskWait: .c("disk-silent", well: "disk-slow")
        case .lockCycle: .python("lock-cycle", well: "lock-order")
        case .lockAbandoned: .python("lock-self", well: "rlock-twice")
        case .lockHolderBlocked: .c("mutex-held", well: "healthy-locks")
        case .conditionNeverSignalled: .python("event-never-set", well: "event-with-workers")
        case .semaphoreNeverSignalled: .c("semaphore", well: "idle-pool")
        case .barrierIncomplete: .python("barrier-short", well: "barrier-turns")
        case .timerTooFar: .python("sleep-too-long", well: "sleep-rounds")
        case .busyLoop: .python("busy-loop", well: "busy-deadline")
        case .stopped: .c("child-stopped", well: "prefork")
        case .childNeverExits: .c("wait-child", well: "prefork")
        case .threadPoolExhausted: .python("pool-nested", well: "pool-busy")
        case .cooperativePoolStarved: .swift("pool-starved", well: "services")
        case .eventLoopBlocked: .swift("loop-blocked", well: "idle-server")
        case .eventLoopShutDown: .swift("loop-shut-down", well: "loop-scheduled")
        case .eventLoopLeaked: .swift("loops-leaked", well: "idle-server")
        case .continuationNeverResumed: .swift("call-dropped", well: "call-pending")
        case .taskCycle: .swift("task-cycle", well: "services")
        case .actorBlocked: .swift("actor-jammed", well: "services")
        case .childTaskNeverEnds: .swift("child-for-ever", well: "services")
        case .streamNeverFinished: .swift("stream-abandoned", well: "stream-fed")
        case .cancellationIgnored: .swift("timeout-unheeded", well: "clean-up")
        case .progressSimulated: .scenario("sixty-percent-hang")
        case .workOutlivesTimeout: .scenario("abandoned-work", well: "fixed")
        case .timeoutOrder: .scenario("chunk-timeouts")
        case .deadlineMissing: .scenario("no-job-deadline", well: "fixed")
        case .failureSwallowed: .scenario("locked-database", well: "fixed")
        case .pollerBlind: .scenario("blind-poller")
        case .serviceDisabled: .scenario("disabled-finisher")
        case .retriesExhausted: .scenario("retries-exhausted", well: "fixed")
        case .retryStorm: .scenario("retry-storm", well: "fixed")
        case .runsPileUp: .scenario("runs-pile-up", well: "fixed")
        case .stuckJobUndetected: .scenario("no-stuck-detection", well: "fixed")
        case .healthBlind: .scenario("blind-health", well: "fixed")
        case .wrongProvenance: .scenario("wrong-model")
        case .workUntraced: .scenario("no-tracing")
        }
    }

    @Test(arguments: Cause.allCases) func `a cause has a process that hangs so and one that only looks so`(cause: Cause) throws {
        switch Self.pair(of: cause) {
        case .c(let hanging, let well):
            #expect(AttachTests.hanging.contains { $0.kind == hanging && $0.cause == cause })
            #expect(AttachTests.healthy.contains(well))
        case .swift(let hanging, let well):
            let cases = SwiftHangTests.pairs.flatMap(\.self)
            // Leaked loops are told before anything hangs: a test of its own.
            #expect(cases.contains { $0.exhibit == hanging && $0.root == cause.rawValue } || cause == .eventLoopLeaked)
            #expect(cases.contains { $0.exhibit == well && $0.root == nil })
        case .python(let hanging, let well):
            let tests = try Self.text("Tests/PythonRuntimeInspectionTests/CauseTests.swift")
            let parts = tests.components(separatedBy: "func hangs")
            try #require(parts.count == 2)
            #expect(parts[0].contains("(\"\(hanging)\", .\(cause))"))
            #expect(parts[1].contains("\"\(well)\""))
        case .scenario(let name, let well):
            let lines = try Self.text("scenarios/\(name).yaml").split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            let expected = lines.drop { $0 != "expect:" }
            let hanging = try #require(expected.first { $0.hasPrefix("hanging:") })
            let other = try #require(expected.first { $0.hasPrefix("\(well):") })
            #expect(hanging.components(separatedBy: "without:")[0].contains(cause.rawValue), "\(hanging)")
            let without = other.components(separatedBy: "without:").dropFirst().joined()
            #expect(without.contains(cause.rawValue) || without.contains("\"*\""), "\(other)")
        }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Program.repository.appending(path: path), encoding: .utf8)
    }
}
