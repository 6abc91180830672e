import Diagnosis
import Evidence
import Foundation
import Processes
import Testing

/// `attach` on real processes: each cause with one that hangs so, and those that look alike and are well.
///
/// Many stand at once, so that the time goes by for all of them together.
@Suite(.serialized) struct AttachTests {
    /// Program kind and the root cause; nothing but the verdict "hang" where `cause` is nil.
    static let hanging: [(kind: String, cause: Cause)] = [
        ("answer-drips", .peerDripping), ("answer-stalls", .peerStalled), ("closed-early", .connectionClosedEarly),
        ("connect-blackholed", .connectBlackholed), ("connect-backlog", .notAccepting), ("unix-backlog", .notAccepting), ("peer-deaf", .halfOpen),
        ("peer-not-reading", .backpressure), ("both-write", .mutualBackpressure), ("loop-silent", .peerSilent), ("socket-silent", .peerSilent),
        ("socket-timeout", .peerSilent), ("unix-silent", .peerSilent), ("resolve", .nameResolution), ("descriptors-gone", .descriptorsExhausted),
        ("rwlock-abandoned", .lockAbandoned), ("rwlock-again", .lockAbandoned), ("mutex-abandoned", .lockAbandoned), ("mutex-self", .lockAbandoned), ("mutex-cycle", .lockCycle),
        ("mutex-held", .lockHolderBlocked), ("mutex-pi", .lockHolderBlocked), ("mutex-shared", .lockHolderBlocked), ("rwlock-read", .lockHolderBlocked),
        ("once", .lockHolderBlocked), ("condition", .conditionNeverSignalled), ("join-worker", .conditionNeverSignalled),
        ("event-read", .conditionNeverSignalled), ("semaphore", .semaphoreNeverSignalled), ("semop-taken", .semaphoreNeverSignalled),
        ("barrier", .barrierIncomplete), ("queue-full", .backpressure), ("queue-orphan", .noOtherEnd),
        ("pipe-own", .pipeNeverClosed), ("pipe-read", .pipeNeverClosed), ("pipe-polled", .pipeNeverClosed), ("pipe-child", .pipeFull),
        ("pipe-write", .pipeFull), ("fifo-open", .noOtherEnd), ("lock-posix", .fileLocked), ("lock-ofd", .fileLocked), ("lock-flock", .fileLocked),
        ("lock-sqlite", .databaseLocked), ("lock-sqlite-wal", .databaseLocked), ("lock-sqlite-checkpoint", .databaseLocked), ("child-deaf", .childNeverExits), ("answer-trickles", .peerDripping), ("answer-short", .peerStalled), ("answer-short-looped", .peerStalled), ("read-past-end", .busyLoop), ("echo-unread", .mutualBackpressure), ("script-stopped", .stopped), ("follower-unread", .childNeverExits), ("wait-child", .childNeverExits), ("output-locked", .childNeverExits), ("vfork", .childNeverExits),
        ("child-stopped", .stopped), ("spin-flag", .busyLoop), ("spin-yield", .busyLoop), ("sleep-mistaken", .timerTooFar),
        ("disk-silent", .diskWait), ("udp-silent", .peerSilent), ("poll-closed", .busyLoop), ("pool-full", .threadPoolExhausted),
        ("greet-silent", .peerSilent), ("pipe-own-ticked", .pipeNeverClosed), ("join-each-other", .lockCycle), ("connect-self", .notAccepting),
        ("semaphore-orphaned", .semaphoreNeverSignalled), ("filter-open", .pipeNeverClosed),
        ("beat-condition", .conditionNeverSignalled), ("beat-barrier", .barrierIncomplete), ("beat-rwlock", .lockAbandoned),
        ("beat-flusher", .semaphoreNeverSignalled), ("beat-stages", .conditionNeverSignalled), ("beat-kept", .pipeNeverClosed), ("beat-reporter", .conditionNeverSignalled), ("child-missed", .conditionNeverSignalled), ("spin-beside-beats", .busyLoop),
        ("list-circle", .busyLoop), ("lock-in-pipes", .fileLocked),
        ("loop-filter", .pipeNeverClosed), ("pair-joined", .pipeNeverClosed), ("pair-stopped", .stopped),
        ("semaphore-deserted", .semaphoreNeverSignalled), ("licence-lost", .semaphoreNeverSignalled), ("loop-unread", .backpressure), ("output-inherited", .pipeNeverClosed),
        ("flag-polled", .conditionNeverSignalled), ("semop-crossed", .lockCycle),
        ("answer-locked", .peerStalled), ("pool-full-told", .threadPoolExhausted), ("once-result", .conditionNeverSignalled),
        ("shared-kept", .conditionNeverSignalled), ("fifo-nameless", .pipeNeverClosed), ("orders-asked", .peerSilent), ("peer-dozing", .backpressure),
        ("spin-beside-tally", .busyLoop), ("clerks-awaited", .conditionNeverSignalled), ("ball-lost", .conditionNeverSignalled), ("desk-deserted", .conditionNeverSignalled), ("orders-done", .pipeNeverClosed),
        ("gate-handed", .conditionNeverSignalled), ("gate-passed", .conditionNeverSignalled), ("gate-twice", .semaphoreNeverSignalled),
        ("pairs-crossed", .peerSilent), ("locks-inherited", .lockCycle),
    ]
    static let healthy = [
        "answer-slow", "disk-slow", "subscription", "closed-after", "peer-reading", "loop-kept", "descriptors-many", "idle-pool", "healthy-locks", "pipe-drained",
        "watch-hangup", "compute", "compute-locked", "copy-bytes", "serve", "accept", "sleep", "sleep-until", "pause", "sigtimedwait", "msgrcv",
        "udp-serve", "poll-datagrams", "sleep-daily", "broker-take", "prefork", "pool-of-consumers", "pool-enough", "job-pipe",
        "pipe-logged", "pipe-signalled", "semaphore-fed", "semaphore-told", "child-keeps", "filter-kept", "output-led",
        "beat-service", "beat-consumer", "beat-fed", "beat-handing", "beat-reported", "spin-for-steps",
        "count-up", "spin-for-result", "asks-and-writes", "lock-before-pipes", "result-of-ticks",
        "loop-helper", "loop-server", "pair-served", "pair-unfetched",
        "semaphore-shared", "semaphore-named", "licence-lent", "spin-for-rounds", "loop-read-slowly", "flag-to-come", "semop-fed",
        "answer-unlocked", "pool-enough-told", "once-computed", "shared-let-go", "fifo-orders", "orders-answered",
        "answer-whole", "answer-small", "answer-whole-looped", "child-tidies", "look-past-end", "echo-read", "script-going", "follower-read", "replay-unread", "lock-at-work", "spin-until-tally", "flag-handed", "flag-handed-slowly", "clerks-at-rest", "clerks-kept", "orders-to-come", "gate-alone", "gate-static",
        "pairs-answered", "locks-shared",
    ]

    /// Kinds that skip themselves, visibly, where the machine does not permit them.
    static let privileged: Set = ["disk-silent", "disk-slow"]

    @Test func everyHangHasItsRoot() async throws {
        let found = try await Standing.judge(Self.hanging.map(\.kind))
        for (kind, cause) in Self.hanging {
            guard let assessment = found[kind] else { continue }
            let roots = assessment.findings.filter { $0.role == .root }.map(\.cause)
            #expect(assessment.verdict == .hang && roots == [cause], "\(kind): \(assessment.headline)")
        }
        #expect(found.count >= Self.hanging.count - 2, "at most the kinds that need a privilege are skipped")
    }

    @Test func nothingHealthyHangs() async throws {
        let found = try await Standing.judge(Self.healthy)
        for kind in Self.healthy {
            guard let assessment = found[kind] else {
                #expect(Self.privileged.contains(kind), "\(kind) was not judged")
                continue
            }
            #expect(assessment.verdict == .idle || assessment.verdict == .advancing, "\(kind): \(assessment.headline)")
            #expect(!assessment.findings.contains { $0.role == .root }, "\(kind)")
        }
    }

    /// Where nothing tells a whole message from half of one, or the peer will wake up in time, no cause is named.
    @Test func whatMayYetComeIsNotCalledAHang() async throws {
        let kinds = ["subscription-quiet", "long-poll", "beat-warming", "peer-napping"]
        let found = try await Standing.judge(kinds)
        for kind in kinds {
            let assessment = try #require(found[kind])
            #expect(assessment.verdict != .hang && assessment.findings.isEmpty, "\(kind): \(assessment.headline)")
        }
    }

    /// It goes on, or others do, and nothing shows that this will ever lead anywhere, nor that it will not.
    @Test func whatOnlyGoesRoundIsUnknown() async throws {
        let kinds = [("asks-again", "repeats the same exchange"), ("result-beside-ticks", "waits to be let go on"), ("stalls-at-rest", "has nothing to do after that"), ("loop-at-fifo", "takes whatever comes"), ("beat-workers", "has nothing to do after that")]
        let found = try await Standing.judge(kinds.map(\.0))
        for (kind, words) in kinds {
            let assessment = try #require(found[kind])
            #expect(assessment.verdict == .unknown && assessment.headline.contains(words), "\(kind): \(assessment.headline)")
        }
    }

    /// The same program, built with and without optimisation, and started twice: one fingerprint.
    @Test(arguments: ["mutex-cycle", "loop-silent"])
    func fingerprintsAreEqualOverRunsAndBuilds(_ kind: String) async throws {
        let program = try Program()
        let plain = try await Self.build(["-O0", "-g"], in: program)
        async let first = Standing.judge([kind])
        async let second = Standing.judge([kind], program: plain)
        let prints = try await [first, second].compactMap { $0[kind]?.root?.fingerprint }
        #expect(prints.count == 2 && prints[0] == prints[1], "\(prints)")
    }

    /// Workers without work, in a program built without optimisation or whose symbols were taken away.
    @Test(arguments: [["-O0", "-g"], ["-O0", "-s"], ["-O2", "-s"]])
    func workersAreAtRestHoweverTheyAreBuilt(_ options: [String]) async throws {
        let program = try Program()
        let kinds = ["clerks-at-rest", "clerks-kept", "stalls-at-rest"]
        let found = try await Standing.judge(kinds, program: Self.build(options, in: program))
        for kind in kinds {
            let assessment = try #require(found[kind])
            #expect(assessment.verdict == .idle || assessment.verdict == .unknown, "\(kind): \(assessment.headline)")
        }
    }

    /// What only keeps the process alive, however deep, and what was handed to somebody who dropped it, however they are built.
    @Test(arguments: [["-O0", "-g"], ["-O2"]])
    func whatNobodyWasGivenKeepsAliveHoweverItIsBuilt(_ options: [String]) async throws {
        let program = try Program()
        let kinds = ["gate-alone", "gate-static", "gate-handed", "gate-passed", "gate-twice"]
        let found = try await Standing.judge(kinds, program: Self.build(options, in: program))
        for kind in kinds {
            let assessment = try #require(found[kind])
            let isHang = !["gate-alone", "gate-static"].contains(kind)
            #expect(assessment.verdict == (isHang ? .hang : .idle), "\(kind): \(assessment.headline)")
        }
    }

    /// The standing programs, built by the C compiler at hand.
    private static func build(_ options: [String], in program: Program) async throws -> String {
        let sources = try FileManager.default.contentsOfDirectory(atPath: "\(Program.repository.path)/Tests/Programs/standing-c")
            .filter { $0.hasSuffix(".c") || $0.hasSuffix(".cpp") }.map { "\(Program.repository.path)/Tests/Programs/standing-c/\($0)" }
        let plain = program.folder.appending(path: "standing-c").path
        let build = try await HelperProcess.run("/usr/bin/cc", options + ["-o", plain] + sources + ["-lpthread", "-lresolv", "-lstdc++"], deadline: .seconds(90))
        try #require(build.status == .exited(0), "\(build.errorText)")
        return plain
    }
}

/// Programs that stand, each looked at while the others stand as well.
enum Standing {
    private static let atOnce = 8

    /// What `attach` says of each; those that skip themselves are left out.
    static func judge(_ kinds: [String], program: String? = nil) async throws -> [String: Assessment] {
        try await withThrowingTaskGroup(of: (String, Assessment?).self) { group in
            var found: [String: Assessment] = [:]
            var waiting = kinds[...]
            func next() {
                guard let kind = waiting.popFirst() else { return }
                group.addTask { (kind, try await judge(kind, program ?? Program.build.appending(path: "standing-c").path)) }
            }
            for _ in 0..<atOnce { next() }
            while let (kind, assessment) = try await group.next() {
                found[kind] = assessment
                next()
            }
            return found
        }
    }

    private static func judge(_ kind: String, _ path: String) async throws -> Assessment? {
        let program = try Program()
        let output = program.folder.appending(path: "out.txt")
        let child = try await DirectSpawner().spawn(
            SpawnRequest(
                executable: path, arguments: [kind, program.folder.appending(path: "thing").path], stdout: .file(output.path), allowTracing: true))
        var said = ""
        _ = await eventually {
            said = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
            return said.contains("ready") || said.contains("skipped")
        }
        var assessment: Assessment?
        if said.contains("ready") {
            let result = try await program.run(["attach", "\(child.pid)", "--hung-after", "2", "--format", "json"])
            assessment = try EvidenceCoding.decode(Assessment.self, from: Data(result.outputText.utf8), name: kind)
        } else {
            #expect(said.contains("skipped"), "\(kind) did not get ready: \(said)")
        }
        await child.end(grace: .milliseconds(200))
        return assessment
    }
}
