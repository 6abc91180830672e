import Evidence
import Foundation
import Processes
import Testing

/// Real Swift programs that hang, each beside a healthy one that looks alike, as `attach` judges them.
@Suite(.serialized) struct SwiftHangTests {
    struct Case: Sendable, CustomStringConvertible {
        var exhibit: String
        var verdicts: Set<String>
        var root: String?
        var description: String { exhibit }

        static func hang(_ exhibit: String, _ root: String) -> Case { Case(exhibit: exhibit, verdicts: ["hang"], root: root) }
        /// Well, and looks from outside as what is not: it is no hang, and need not be called well.
        static func ambiguous(_ exhibit: String) -> Case { Case(exhibit: exhibit, verdicts: ["idle", "advancing", "unknown"], root: nil) }
        static func undecided(_ exhibit: String) -> Case { Case(exhibit: exhibit, verdicts: ["unknown"], root: nil) }
        static func healthy(_ exhibit: String) -> Case { Case(exhibit: exhibit, verdicts: ["idle", "advancing"], root: nil) }
    }

    static let pairs: [[Case]] = [
        [.hang("call-dropped", "continuation-never-resumed"), .hang("call-forgotten", "continuation-never-resumed"), .healthy("call-pending")],
        [.hang("main-dropped", "continuation-never-resumed"), .healthy("main-parked"), .hang("main-reads", "stream-never-finished"), .healthy("main-keeps")],
        [.hang("main-gathers", "stream-never-finished"), .healthy("main-serves")],
        [.hang("reply-lost", "semaphore-never-signalled"), .hang("reply-logged", "semaphore-never-signalled"), .healthy("reply-late")],
        [.hang("riders-unsigned", "continuation-never-resumed"), .healthy("riders-at-rest"), .hang("night-long", "timer-too-far"), .healthy("night-watch")],
        [.hang("latch-short", "continuation-never-resumed"), .healthy("latch-counted")],
        [.hang("desk-asked", "continuation-never-resumed"), .healthy("desk-served")],
        [.hang("timer-counts", "continuation-never-resumed"), .healthy("timer-delivers")],
        [.hang("stream-abandoned", "stream-never-finished"), .healthy("stream-fed")],
        [.hang("streams-unfed", "stream-never-finished"), .healthy("streams-kept")],
        [.hang("timeout-unheeded", "cancellation-ignored"), .healthy("clean-up")],
        [.hang("child-for-ever", "child-task-never-ends"), .healthy("services")],
        [.hang("monitor-uncancelled", "child-task-never-ends"), .healthy("monitors"), .healthy("child-retries")],
        [.hang("backoff", "timer-too-far"), .healthy("rounds")],
        [.hang("actor-jammed", "actor-blocked"), .hang("main-actor-blocked", "actor-blocked")],
        [.hang("task-cycle", "task-cycle"), .hang("pool-starved", "cooperative-pool-starved"), .hang("queue-circle", "lock-cycle")],
        [.hang("queue-self", "lock-abandoned"), .healthy("queue-readers")],
        [.hang("loop-blocked", "event-loop-blocked"), .healthy("idle-server")],
        [.hang("loop-shut-down", "event-loop-shut-down"), .healthy("loop-scheduled")],
        [.hang("permits-lost", "semaphore-never-signalled"), .healthy("permits-turns")],
        [.hang("queue-behind", "semaphore-never-signalled"), .healthy("queue-mailbox")],
        [.hang("group-unleft", "semaphore-never-signalled"), .healthy("group-steps")],
        [.hang("group-behind", "lock-cycle"), .hang("group-gathered", "condition-never-signalled"), .healthy("group-rounds"), .healthy("group-told")],
        [.hang("operations-nested", "thread-pool-exhausted"), .healthy("operations-two-queues")],
        [.hang("answers-unread", "pool-exhausted"), .hang("answers-stopped", "pool-exhausted"), .healthy("answers-slow")],
        [.hang("answer-cut", "peer-stalled"), .hang("answer-tokens", "peer-stalled"), .ambiguous("answer-events")],
        [.hang("answer-passed-over", "continuation-never-resumed"), .hang("answer-begun", "peer-stalled"), .ambiguous("upload-open")],
        [.hang("answer-forgone", "connection-closed-early"), .hang("answer-to-another", "connection-closed-early"), .healthy("answer-and-goodbye")],
        [.hang("handler-spins", "busy-loop")],
        [.hang("members-nested", "pool-exhausted"), .healthy("members-enough")],
        [.hang("operation-behind", "lock-cycle"), .healthy("operation-beside")],
        [.hang("letter-dropped", "semaphore-never-signalled"), .hang("letters-uncounted", "semaphore-never-signalled"), .healthy("letter-kept"), .healthy("letter-in-pile")],
        [.hang("press-jammed", "actor-blocked"), .healthy("press-driven")],
        [.hang("gauges-short", "barrier-incomplete"), .healthy("gauges-to-come")],
        [.hang("orders-asked", "peer-silent"), .healthy("orders-answered"), .healthy("orders-handled")],
        [.hang("session-stopped", "peer-stalled"), .healthy("session-slow")],
        [.hang("future-get", "continuation-never-resumed"), .healthy("loops-leaked")],
        [.undecided("request-unanswered"), .healthy("request-subscribed")],
        [.hang("shutdown-unheeded", "stream-never-finished"), .healthy("services-at-rest")],
        [.hang("loop-reloaded", "event-loop-shut-down"), .hang("flush-after-stop", "event-loop-shut-down"), .healthy("loop-renewed")],
        [.hang("future-waited", "event-loop-shut-down"), .healthy("future-scheduled"), .hang("future-far", "timer-too-far")],
        [.hang("future-begun", "peer-stalled"), .healthy("future-of-end"), .hang("loop-behind-queue", "event-loop-blocked")],
        [.hang("child-unread", "pipe-full"), .healthy("child-served")],
        [.healthy("filter-fed")],
        [.hang("loop-asleep", "event-loop-blocked"), .hang("executor-suspended", "actor-blocked")],
    ]

    @Test(arguments: pairs) func `a hang has its cause, and its healthy twin none`(pair: [Case]) async throws {
        let program = try Program()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for one in pair { group.addTask { try await Self.judge(one, program) } }
            try await group.waitForAll()
        }
    }

    @Test func `loops that are made again and again are told, though nothing hangs yet`() async throws {
        let program = try Program()
        try await Self.standing("loops-leaked", program) { pid in
            let report = try await Self.attach(pid, program)
            let causes = report.object?["findings"]?.array?.compactMap { $0.object?["cause"]?.string } ?? []
            #expect(causes == ["event-loop-leaked"])
        }
    }

    private static func judge(_ one: Case, _ program: Program) async throws {
        try await standing(one.exhibit, program) { pid in
            // What hangs stays: on a loaded machine it may reach its wait only after the first look.
            let deadline = ContinuousClock.now + .seconds(60)
            var seen = try await look(pid, program)
            while one.root != nil, seen.root != one.root, ContinuousClock.now < deadline { seen = try await look(pid, program) }
            #expect(one.verdicts.contains(seen.verdict), "\(one): \(seen.headline)")
            #expect(seen.root == one.root, "\(one): \(seen.headline)")
        }
    }

    private static func look(_ pid: Int32, _ program: Program) async throws -> (verdict: String, root: String?, headline: String) {
        let report = try await attach(pid, program)
        let root = report.object?["findings"]?.array?.first { $0.object?["role"] == "root" }?.object?["cause"]?.string
        return (report.object?["verdict"]?.string ?? "", root, report.object?["headline"]?.string ?? "")
    }

    private static func attach(_ pid: Int32, _ program: Program) async throws -> JSONValue {
        let result = try await program.run(["attach", "\(pid)", "--hung-after", "1", "--format", "json"])
        return try EvidenceCoding.decode(JSONValue.self, from: Data(result.output), name: "attach")
    }

    /// Starts an exhibit, waits until it stands, and ends it whatever happens; an alarm of its own ends it if this test cannot.
    private static func standing(_ exhibit: String, _ program: Program, _ body: (Int32) async throws -> Void) async throws {
        let output = program.folder.appending(path: "\(exhibit)-\(UUID().uuidString).txt").path
        let child = try await DirectSpawner().spawn(
            SpawnRequest(
                executable: Program.build.appending(path: "standing-swift").path, arguments: ["--for", "100", exhibit],
                workingDirectory: program.folder.path, stdout: .file(output), stderr: .file(output)))
        defer { child.signal(SIGKILL) }
        let isReady = await eventually { (try? String(contentsOfFile: output, encoding: .utf8))?.contains("ready\n") == true }
        try #require(isReady, "\(exhibit)")
        try await body(child.identity.pid)
        child.signal(SIGKILL)
        _ = await child.wait()
    }
}
