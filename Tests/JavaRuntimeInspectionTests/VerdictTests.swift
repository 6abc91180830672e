import Diagnosis
import Evidence
import Foundation
import Processes
import Testing

extension LiveJavaTests {
    /// `hangscope attach` on Java programs: those that hang, and healthy ones that look alike.
    @Suite(.enabled(if: StandingJava.isInstalled, StandingJava.needed)) struct VerdictTests {
        static let hangs: [(program: String, root: Cause)] = [
            ("monitor-cycle", .lockCycle), ("lock-cycle", .lockCycle), ("mixed-cycle", .lockCycle), ("class-cycle", .lockCycle),
            ("class-needs-pool", .lockCycle), ("class-needs-stream", .lockCycle),
            ("join-holding", .lockCycle), ("read-upgrade", .lockAbandoned), ("owner-gone", .lockAbandoned), ("holder-sleeps", .timerTooFar),
            ("holder-waits", .conditionNeverSignalled), ("object-wait", .conditionNeverSignalled), ("condition", .conditionNeverSignalled),
            ("latch", .conditionNeverSignalled), ("future-dropped", .conditionNeverSignalled), ("queue-empty", .conditionNeverSignalled),
            ("queue-full", .conditionNeverSignalled), ("handover", .conditionNeverSignalled), ("semaphore", .semaphoreNeverSignalled),
            ("barrier", .barrierIncomplete), ("phaser", .barrierIncomplete), ("pool-starved", .threadPoolExhausted),
            ("pool-starved-futures", .threadPoolExhausted), ("pool-starved-chain", .threadPoolExhausted), ("pool-starved-latch", .threadPoolExhausted), ("pool-permits", .semaphoreNeverSignalled), ("future-behind-socket", .peerSilent),
            ("socket-silent", .peerSilent), ("orders-asked", .peerSilent), ("join-behind-sleep", .timerTooFar), ("child", .childNeverExits),
            ("socket-silent-child-beside", .peerSilent), ("answer-in-crumbs", .peerDripping),
            ("beside-latch", .conditionNeverSignalled), ("beside-permits", .semaphoreNeverSignalled), ("beside-answer", .conditionNeverSignalled),
            ("beside-closing", .conditionNeverSignalled), ("beside-stamp", .lockAbandoned), ("beside-reader", .conditionNeverSignalled), ("beside-lent", .poolExhausted), ("beside-retried", .conditionNeverSignalled),
            ("Startup", .conditionNeverSignalled), ("FilterKept", .pipeNeverClosed), ("ReplyLost", .conditionNeverSignalled),
            ("VansLost", .poolExhausted), ("LoadLost", .conditionNeverSignalled), ("PollLost", .conditionNeverSignalled),
            ("ReadingFar", .timerTooFar), ("SealKept", .pipeNeverClosed), ("LoopAsks", .eventLoopBlocked), ("LoopDrops", .peerSilent), ("LooksDrop", .peerSilent), ("RatesOfOnePool", .threadPoolExhausted), ("kept-lost", .conditionNeverSignalled),
            ("kept-shared", .conditionNeverSignalled), ("kept-beside-child", .conditionNeverSignalled), ("kept-watched", .conditionNeverSignalled), ("holder-awaits-answer", .lockCycle), ("pool-awaits-opener", .conditionNeverSignalled), ("AnswerLost", .conditionNeverSignalled),
        ]
        static let healthy = [
            "healthy-contention", "healthy-holder-computes", "healthy-lock-contention", "healthy-latch", "healthy-queue", "healthy-hook", "healthy-pools", "healthy-scheduled",
            "healthy-timer", "healthy-server", "healthy-selector", "healthy-busy-pool", "healthy-joins-itself", "healthy-sorting", "healthy-stream",
            "healthy-sleep-loop", "healthy-computing", "healthy-orders", "beside-shutdown", "beside-rows", "beside-scheduled", "beside-crew", "beside-lent-back", "beside-lent-keeper", "KeptAlive",
            "FilterFed", "ReplyKept", "LoadDone", "PollSlow", "ReadingSoon", "SealFed", "RatesOfTwoPools", "LoopAnswers", "LoopTells", "LooksAnswer", "healthy-chain-first", "healthy-chain-slow",
            "healthy-child-beside", "healthy-feed-beats", "kept-latch", "kept-variable", "kept-future", "kept-object", "kept-itself", "kept-given", "healthy-holder-answered", "AnswerAtEnd", "AnswerAfterEnd", "healthy-until-child", "healthy-told-of-child",
        ]

        // Attaching is mostly waiting: some at a time.
        @Test(arguments: chunks(hangs)) func namesTheRoot(of programs: [(program: String, root: Cause)]) async throws {
            try await together(programs) { entry in
                try await StandingJava.run(entry.program) { standing in
                    let assessment = try await standing.attach { $0.root != nil }
                    #expect(assessment.verdict == .hang, "\(entry.program): \(assessment.headline)")
                    let roots = assessment.findings.filter { $0.role == .root }.map(\.cause)
                    #expect(roots == [entry.root], "\(entry.program): \(assessment.headline)")
                    #expect(assessment.root?.chain.isEmpty == false)
                }
            }
        }

        @Test(arguments: chunks(healthy)) func isNoHang(_ programs: [String]) async throws {
            try await together(programs) { program in
                try await StandingJava.run(program) { standing in
                    let assessment = try await standing.attach { _ in true }
                    #expect(assessment.verdict == .idle || assessment.verdict == .advancing, "\(program): \(assessment.headline)")
                    #expect(assessment.root == nil)
                }
            }
        }

        /// What somebody could end, whom the program does not come to, may be meant to end or not.
        @Test func saysNothingOfWhatNobodyComesTo() async throws {
            try await together(["kept-field", "kept-pool"]) { program in
                try await StandingJava.run(program) { standing in
                    let assessment = try await standing.attach { _ in true }
                    #expect(assessment.verdict != .hang && assessment.root == nil, "\(program): \(assessment.headline)")
                }
            }
        }

        private static func chunks<Element>(_ all: [Element]) -> [[Element]] {
            stride(from: 0, to: all.count, by: 4).map { Array(all[$0..<min($0 + 4, all.count)]) }
        }

        private func together<Element: Sendable>(_ all: [Element], _ body: @escaping @Sendable (Element) async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for element in all { group.addTask { try await body(element) } }
                try await group.waitForAll()
            }
        }
    }
}

extension StandingJava {
    /// Attaches until the answer is as expected, for at most 30 seconds; then gives the last one.
    fileprivate func attach(until isExpected: (Assessment) -> Bool) async throws -> Assessment {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let result = try await HelperProcess.run(
                Self.hangscope, ["attach", "\(pid)", "--hung-after", "1.5s", "--format", "json"], deadline: .seconds(60), maximumOutput: 4 << 20)
            let assessment = try JSONDecoder().decode(Assessment.self, from: Data(result.output))
            if isExpected(assessment) || ContinuousClock.now >= deadline { return assessment }
        }
    }
}
