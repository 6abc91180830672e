import Diagnosis
import Evidence

/// What the sample runs were judged to be.
enum SampleAssessment {
    private static let lastWork = SampleRun.hanging.events.lastIndex { $0.kind == .work } ?? 0

    static var hanging: Assessment {
        Assessment(
            verdict: .hang,
            headline: "Job 1 waits for the rest of an answer from 127.0.0.1:9002, which began to arrive and stopped after 13.2 KiB",
            subject: .init(pid: 812, executable: "/work/build/jobd"), findings: [root] + contributing,
            refuted: [
                Refutation(cause: .halfOpen, because: "socket 14 has nothing unacknowledged, and its other end exists in pid 814"),
                Refutation(cause: .peerDripping, because: "no byte arrived between the two snapshots, 0.8 s (48 s of scenario time) apart"),
                Refutation(cause: .databaseLocked, because: "the only lock on jobs.sqlite is a SHARED lock of jobd itself, and nobody waits for it"),
                Refutation(cause: .lockCycle, because: "no thread waits for a lock that another one holds"),
                Refutation(cause: .cooperativePoolStarved, because: "one of two threads of the pool is idle"),
                Refutation(cause: .eventLoopBlocked, because: "both event loops wait in epoll_wait and ran 41 times between the snapshots"),
            ],
            bystanders: ["4 threads NIO-TP-0 to 3 wait for work of their pool", "thread 820 GRDB is an idle dispatch worker"],
            capture: .init(
                stopped_ms: 3.8, longest_thread_pause_ms: 0.2, threads: 18, frames: 282,
                unobserved: ["threads of pid 814 (model server): read without stopping; `--follow=full` stops it too", "whether a read timeout is set on socket 14: not visible from outside"]))
    }

    static var working: Assessment {
        Assessment(
            verdict: .completed, headline: "Job 1 completed after 98 s", subject: .init(pid: 901, executable: "/work/build/jobd"),
            capture: .init(stopped_ms: 1.9, longest_thread_pause_ms: 0.2, threads: 9, frames: 141))
    }

    private static var root: Finding {
        Finding(
            cause: .peerStalled, role: .root, confidence: .contrasted,
            summary: "The answer on socket 14 from 127.0.0.1:9002 began (13.2 KiB) and stopped; nothing has arrived for 61 s",
            chain: [
                ChainLink(kind: .job, label: "job 1", detail: "PROCESSING, displays 85 %; last work event `llm.token` number 41", since_s: 1.013, evidence: [.event(lastWork), .header]),
                ChainLink(kind: .task, label: "task 7 `JobManager.withTimeout`", detail: "JobManager.swift:204, waits for 2 children of its group", since_s: 1.013, evidence: [.snapshot(1, .tasks, 0)]),
                ChainLink(kind: .task, label: "task 12 `LLMClient.complete`", detail: "LLMClient.swift:88, waits for the next part of the response body", since_s: 1.012, evidence: [.snapshot(1, .tasks, 1), .snapshot(2, .tasks, 1)]),
                ChainLink(kind: .socket, label: "socket 14 to 127.0.0.1:9002", detail: "established, 0 bytes in either queue, 13.2 KiB received, none since", since_s: 1.012, evidence: [.snapshot(1, .sockets, 1), .snapshot(2, .sockets, 1)]),
                ChainLink(kind: .process, label: "pid 814 model server", detail: "read the request, sent the beginning of the answer, and sends no more", evidence: [.snapshot(1, .processes, 1)]),
            ],
            evidence: [
                CitedEvidence(.snapshot(1, .sockets, 1), "last data received 1 012 ms before the first snapshot, 13 530 bytes in all"),
                CitedEvidence(.snapshot(2, .sockets, 1), "the same 13 530 bytes 0.8 s later"),
                CitedEvidence(.event(lastWork), "the last work event of job 1 is `llm.token` number 41; the working run has 67 more"),
                CitedEvidence(.header, "no work event of job 1 for 60 s"),
            ],
            remedy: "Give the LLM request a read timeout and a deadline: HTTPClient.Configuration(timeout: .init(connect: .seconds(10), read: .seconds(30))) and execute(request, timeout: .seconds(120)). The answer of a stalled peer then fails after 30 s, and job 1 can end as failed.",
            fingerprint: "a91f03c2")
    }

    private static var contributing: [Finding] {
        [
            Finding(
                cause: .progressSimulated, role: .contributing, confidence: .contrasted,
                summary: "The displayed progress went from 63 % to 85 % and was touched 29 more times while no work was done",
                chain: [ChainLink(kind: .task, label: "task 13 `ProgressSimulation.run`", detail: "ProgressSimulation.swift:61, asleep between updates")],
                evidence: [CitedEvidence(.snapshot(1, .tasks, 2), "task 13 sleeps in ProgressSimulation.run()")],
                remedy: "Let progress follow work events; bound the simulation's duration and its end-value updates (10 at most)."),
            Finding(
                cause: .cancellationIgnored, role: .contributing, confidence: .persisted,
                summary: "The timeout of task 7 cannot take effect: its group ends only when task 12 does, and task 12 does not answer cancellation",
                evidence: [CitedEvidence(.snapshot(1, .tasks, 0), "task 7 waits for its group")],
                remedy: "Pass cancellation on to the request: use withTaskCancellationHandler, or the async API of AsyncHTTPClient."),
        ]
    }

    static var comparison: Comparison {
        Comparison(
            lastCommonPoint: EventKey(name: "llm.token", ordinal: 41, job: "1"), firstMissing: EventKey(name: "llm.token", ordinal: 42, job: "1"),
            differences: [
                .init(area: .sockets, subject: "connection to 127.0.0.1:9002", working: "last data 9 ms before", hanging: "nothing for 1.0 s, twice", isSignificant: true, workingEvidence: .snapshot(1, .sockets, 1), hangingEvidence: .snapshot(1, .sockets, 1)),
                .init(area: .tasks, subject: "`LLMClient.complete` (LLMClient.swift:88)", working: "running", hanging: "waits for the next part of the body", isSignificant: true, workingEvidence: .snapshot(1, .tasks, 1), hangingEvidence: .snapshot(1, .tasks, 1)),
                .init(area: .locks, subject: "SHARED lock on jobs.sqlite", working: nil, hanging: "held by jobd", hangingEvidence: .snapshot(1, .locks, 0)),
                .init(area: .environment, subject: "RUN_DIRECTORY", working: "24 bytes", hanging: "24 bytes, other value"),
                .init(area: .events, subject: "work events of job 1", working: "\(SampleRun.working.events.count { $0.kind == .work })", hanging: "\(SampleRun.hanging.events.count { $0.kind == .work })", isSignificant: true),
            ])
    }
}
