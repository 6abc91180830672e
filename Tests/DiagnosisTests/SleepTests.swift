import Evidence
import Testing
import WaitGraph

@testable import Diagnosis

/// How long a sleep may be, and whose it is.
@Suite struct SleepTests {
    private func judge(_ builder: SnapshotBuilder) -> Assessment { Diagnoser.assess(snapshots: builder.later(6)) }

    @Test(arguments: [(30_000.0, false), (28_800.0, false), (17_411.3, false), (3_000_000.0, true), (1e9, false)])
    func aSleepIsTooLongWhereItsLengthSaysSo(_ asked_s: Double, _ hangs: Bool) {
        var builder = SnapshotBuilder()
        let sleep = ThreadWait.asleep(asked_s)
        builder.thread(100, stack: ["nanosleep", "pause_between", "retry", "main"], wait: sleep)
        builder.thread(101, stack: ["accept", "serve"], wait: .on(9, .accept))
        builder.socket(fd: 9, state: .listening, accepted: nil)
        #expect((judge(builder).root?.cause == .timerTooFar) == hangs)
    }

    /// 4 294 967 295 s are minus one in 32 bits without a sign.
    @Test(arguments: [(true, UInt64(0), true), (false, 0, false), (nil, 0, false), (true, 1 << 14, false)])
    func anEndlessSleepIsAMistakeWhereItsLoopDoesMore(_ doesMore: Bool?, _ caught: UInt64, _ hangs: Bool) {
        var builder = SnapshotBuilder()
        builder.editProcess(100) { $0.caughtSignals = caught }
        builder.thread(100, stack: ["pthread_join", "main"], wait: .join(101))
        builder.thread(101, stack: ["nanosleep", "run"], wait: .asleep(4_294_967_295)) { $0.codeAhead = CodeAhead(comesBack: doesMore) }
        #expect((judge(builder).root?.cause == .timerTooFar) == hangs)
    }

    /// `sleep 7200000` in its place, and `sleep 7200000 &` with `wait` after it.
    @Test(arguments: [(["wait4", "wait_for", "execute_command_internal", "main"], Cause.timerTooFar), (["wait4", "wait_for", "wait_builtin", "execute_command_internal", "main"], .childNeverExits), (["wait4", "run", "main"], .childNeverExits)])
    func aScriptsSleepInItsPlaceIsItsOwnPause(_ stack: [String], _ cause: Cause) {
        var builder = SnapshotBuilder(name: "bash")
        builder.editProcess(100) { $0.executable = "/usr/bin/bash" }
        builder.thread(100, stack: stack, wait: .child(200))
        builder.process(200, "sleep", role: .descendant, parent: 100)
        builder.editProcess(200) {
            $0.executable = "/usr/bin/sleep"
            $0.caughtSignals = 0
        }
        builder.thread(200, pid: 200, stack: ["nanosleep", "main"], wait: .asleep(7_200_000))
        #expect(judge(builder).root?.cause == cause)
    }

    /// 7 200 s from then on a minute begins, as the scheduler of a daily job means it; 7 230 s are nobody's time of day.
    @Test(arguments: [(7_200.0, Cause?.none), (7_230, .timerTooFar)]) func aSleepUntilATimeOfDayIsMeant(_ left_s: Double, _ cause: Cause?) {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["epoll_wait", "main"], syscall: "epoll_wait", wait: .on(3, .poll))
        var (group, sleep) = (TaskWait(kind: .group), TaskWait(kind: .sleep))
        group.pending = 1
        sleep.remaining_s = left_s
        sleep.resumers = .complete(["a closure"])
        builder.task(1, wait: group, stack: ["work", "main"]) { $0.children = [2] }
        builder.task(2, wait: sleep, stack: ["pause", "attempt"]) { ($0.kind, $0.parent) = (.groupChild, 1) }
        #expect(judge(builder).root?.cause == cause)
    }
}
