import Evidence
import Testing
@testable import Diagnosis

@Suite struct JobRunTests {
    /// The sixty-percent hang: the answer stops after 12 tokens, progress goes on, the timeout has no effect.
    static func stalled() -> RunBuilder {
        var builder = RunBuilder()
        builder.streaming(tokens: 12)
        for step in 0..<20 { builder.event(20 + Double(step) * 10, .progress, "job.progress", ["progress": 85]) }
        builder.event(302, .timer, "analysis.timeout", ["after_s": 300])
        builder.alarm(78)
        builder.end(320, .unfinished)
        for (ordinal, time_s) in [(1, 80.0), (2, 140.0)] {
            builder.snapshot(time_s, ordinal) { snapshot in
                snapshot.thread(100, name: "jobd", stack: ["epoll_wait", "run"], syscall: "epoll_wait", wait: .on(3, .poll))
                snapshot.socket(sent_s: (time_s - 4) / 60, received_s: (time_s - 17) / 60, receivedBytes: 900)
            }
        }
        return builder
    }

    static func working() -> Run {
        var builder = RunBuilder()
        builder.streaming(tokens: 40)
        builder.finish(at: 60)
        builder.snapshot(18) { snapshot in
            snapshot.thread(100, stack: ["epoll_wait", "run"], syscall: "epoll_wait", wait: .on(3, .poll))
            snapshot.socket(sent_s: 0.2, received_s: 0.01, receivedBytes: 900)
        }
        return builder.run
    }

    @Test func aStalledStreamIsTheRootAndIsContrasted() throws {
        let assessment = Diagnoser.assess(run: Self.stalled().run, baseline: Self.working())
        #expect(assessment.verdict == .hang)
        let root = try #require(assessment.root)
        #expect(root.cause == .peerStalled)
        #expect(root.confidence == .contrasted)
        #expect(Set(assessment.findings.map(\.cause)).isSuperset(of: [.progressSimulated, .cancellationIgnored]))
        #expect(root.chain.first?.kind == .job)
        #expect(root.chain.contains { $0.kind == .socket && $0.label.contains("127.0.0.1:9002") })
    }

    @Test func withoutTheWorkingRunItIsPersisted() {
        #expect(Diagnoser.assess(run: Self.stalled().run, baseline: nil).root?.confidence == .persisted)
    }

    @Test func aRunThatCompletesHasNoFinding() {
        let assessment = Diagnoser.assess(run: Self.working(), baseline: nil)
        #expect(assessment.verdict == .completed)
        #expect(assessment.findings.isEmpty)
    }

    @Test func aSilentPeerIsNotAStalledOne() {
        var builder = RunBuilder()
        builder.streaming(tokens: 0)
        builder.alarm(70)
        builder.end(320, .unfinished)
        builder.snapshot(80) { snapshot in
            snapshot.thread(100, stack: ["epoll_wait"], syscall: "epoll_wait", wait: .on(3, .poll))
            snapshot.socket(sent_s: 76 / 60, received_s: 77 / 60)
        }
        let assessment = Diagnoser.assess(run: builder.run, baseline: Self.working())
        #expect(assessment.root?.cause == .peerSilent)
        #expect(assessment.root?.confidence == .contrasted)
    }

    @Test func workThatGoesOnAfterItsReportedTimeout() {
        var builder = RunBuilder()
        builder.streaming(tokens: 5)
        builder.event(302, .timer, "analysis.timeout", ["after_s": 300])
        builder.event(302, .status, "job.status", ["status": "FAILED"])
        builder.end(360, .failed)
        let assessment = Diagnoser.assess(run: builder.run, baseline: nil)
        #expect(assessment.verdict == .failed)
        #expect(assessment.findings.map(\.cause) == [.workOutlivesTimeout])
    }

    @Test func aTimeoutAmidHealthyWorkIsOutOfOrder() {
        var builder = RunBuilder()
        builder.streaming(tokens: 90)
        builder.event(100, .work, "chunk.finished", means: .finished)
        for index in 0..<200 { builder.event(101 + Double(index), .work, "llm.token", means: .answer) }
        builder.event(301, .timer, "analysis.timeout", ["after_s": 300])
        builder.event(302, .spanEnd, "llm.request", span: "b")
        builder.event(302, .spanEnd, "job.run", span: "a")
        builder.event(302, .status, "job.status", ["status": "FAILED"])
        builder.end(303, .failed)
        #expect(Diagnoser.assess(run: builder.run, baseline: nil).findings.map(\.cause) == [.timeoutOrder])
    }

    @Test func aLateButAdvancingRunIsSlow() {
        var builder = RunBuilder()
        builder.streaming(tokens: 10)
        builder.alarm(60, .deadline, threshold_s: 60)
        for index in 0..<20 { builder.event(61 + Double(index), .work, "llm.token", span: "b", means: .answer) }
        builder.end(82, .unfinished)
        let assessment = Diagnoser.assess(run: builder.run, baseline: nil)
        #expect(assessment.verdict == .slow)
        #expect(assessment.findings.isEmpty)
    }

    @Test func aRunThatCompletesAfterItsAlarmIsSlow() {
        var builder = RunBuilder()
        builder.streaming(tokens: 40)
        builder.alarm(50, .deadline, threshold_s: 50)
        builder.finish(at: 60)
        let assessment = Diagnoser.assess(run: builder.run, baseline: nil)
        #expect(assessment.verdict == .slow)
        #expect(assessment.findings.isEmpty)
    }

    @Test func theRecordedModelMustBeTheOneCalled() {
        var builder = RunBuilder()
        builder.streaming(tokens: 3)
        builder.finish(at: 20)
        builder.run.store = [StoreRecord(at: RunBuilder.moment(20), name: "reports", rows: [["job_id": 1, "model": "other-8k"]])]
        #expect(Diagnoser.assess(run: builder.run, baseline: nil).findings.map(\.cause) == [.wrongProvenance])
        builder.run.store = [StoreRecord(at: RunBuilder.moment(20), name: "reports", rows: [["job_id": 1, "model": "m-32k"]])]
        #expect(Diagnoser.assess(run: builder.run, baseline: nil).findings.isEmpty)
    }

    @Test(arguments: [("healthy", true), ("degraded", false)])
    func healthIsBlindOnlyWhenItSaysHealthy(_ said: String, _ blind: Bool) {
        var builder = Self.stalled()
        builder.event(310, .probe, "health", job: nil, ["status": .string(said)], means: .health)
        let causes = Diagnoser.assess(run: builder.run, baseline: nil).findings.map(\.cause)
        #expect(causes.contains(.healthBlind) == blind)
    }

    @Test(arguments: [(JSONValue.null, true), (JSONValue.double(620), false)])
    func aDeadlineIsMissingOnlyWhereTheRowHasNone(_ deadline: JSONValue, _ missing: Bool) {
        var builder = Self.stalled()
        builder.run.store = [StoreRecord(at: RunBuilder.moment(300), name: "jobs", rows: [["id": 1, "status": "PROCESSING", "deadline_at": deadline]])]
        let causes = Diagnoser.assess(run: builder.run, baseline: nil).findings.map(\.cause)
        #expect(causes.contains(.deadlineMissing) == missing)
    }

    @Test func aJobStuckForTenMinutesIsUndetected() {
        var builder = Self.stalled()
        builder.end(700, .unfinished)
        #expect(Diagnoser.assess(run: builder.run, baseline: nil).findings.map(\.cause).contains(.stuckJobUndetected))
    }

    @Test func aJobWithoutAnyTraceIsUntraced() {
        var builder = RunBuilder()
        builder.event(2, .work, "job.started", means: .started)
        builder.event(40, .work, "results.saved", means: .saved)
        builder.event(40, .status, "job.status", ["status": "COMPLETED"])
        builder.event(40, .work, "job.finished", means: .ended)
        builder.end(41, .completed)
        for step in 1...4 {
            var sample = Sample(at: RunBuilder.moment(Double(step) * 8), process: ProcessIdentity(pid: 100, startTicks: 1))
            sample.sockets = [SocketSample(inode: 9, state: .established, receiveQueue: 0, sendQueue: 0, bytesReceived: UInt64(step * 100), bytesSent: 10)]
            builder.run.samples.append(sample)
        }
        #expect(Diagnoser.assess(run: builder.run, baseline: nil).findings.map(\.cause) == [.workUntraced])
    }

    @Test func aDatabaseLockedByAnotherProcess() throws {
        var builder = RunBuilder()
        builder.streaming(tokens: 3)
        for step in 0..<6 { builder.event(5 + Double(step) * 2, .progress, "job.progress", ["progress": .int(Int64(15 + 2 * step))]) }
        builder.alarm(70)
        builder.end(120, .unfinished)
        for (ordinal, time_s) in [(1, 75.0), (2, 110.0)] {
            builder.snapshot(time_s, ordinal) { snapshot in
                snapshot.process(200, "locker")
                snapshot.descriptor(9, .file, "/data/jobs.sqlite", inode: 77)
                snapshot.databaseLock(holder: 200)
                snapshot.thread(100, name: "jobd", stack: ["clock_nanosleep", "unixSleep", "sqlite3_step", "save"], wait: .asleep(0.1))
            }
        }
        let assessment = Diagnoser.assess(run: builder.run, baseline: Self.working())
        let root = try #require(assessment.root)
        #expect(root.cause == .databaseLocked)
        #expect(root.confidence == .contrasted)
        #expect(root.summary.contains("200"))
        #expect(assessment.findings.map(\.cause).contains(.failureSwallowed))
    }

    @Test func damagedOrEmptyRunsAreUnknownOrIdle() {
        var builder = RunBuilder()
        #expect([.unknown, .idle].contains(Diagnoser.assess(run: builder.run, baseline: nil).verdict))
        builder.event(.nan, .work, "x")
        builder.event(-.infinity, .progress, "y", ["progress": .double(.nan)])
        builder.event(.infinity, .timer, "z", ["after_s": .double(.infinity)])
        _ = Diagnoser.assess(run: builder.run, baseline: builder.run)
        _ = Diagnoser.compare(working: builder.run, hanging: builder.run)
    }

    @Test func comparisonNamesWhereTheRunsPart() {
        let comparison = Diagnoser.compare(working: Self.working(), hanging: Self.stalled().run)
        #expect(comparison.lastCommonPoint == EventKey(name: "llm.token", ordinal: 12, job: "1"))
        #expect(comparison.firstMissing == EventKey(name: "llm.token", ordinal: 13, job: "1"))
        #expect(comparison.differences.first?.isSignificant == true)
    }
}
