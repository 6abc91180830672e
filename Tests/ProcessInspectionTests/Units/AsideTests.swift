import Dispatch
import Glibc
import Testing

@testable import ProcessInspection

/// Work beside copying waits for processors that nobody wants, until it is wanted itself.
@Suite struct AsideTests {
    /// SCHED_IDLE of sched.h.
    private static let idle: Int32 = 5

    @Test func `work stands aside, and then no longer`() {
        let before = sched_getscheduler(0)
        let aside = Aside()
        aside.run { #expect(sched_getscheduler(0) == (before == SCHED_OTHER && geteuid() == 0 ? Self.idle : before)) }
        #expect(sched_getscheduler(0) == before)
        aside.hurry()
        aside.run { #expect(sched_getscheduler(0) == before) }
    }

    @Test func `work that is under way is hurried`() {
        let aside = Aside()
        let began = DispatchSemaphore(value: 0), hurried = DispatchSemaphore(value: 0)
        let group = DispatchGroup()
        nonisolated(unsafe) var policies: [Int32] = []
        DispatchQueue.global().async(group: group) {
            let before = sched_getscheduler(0)
            aside.run {
                began.signal()
                hurried.wait()
                policies = [before, sched_getscheduler(0)]
            }
            policies.append(sched_getscheduler(0))
        }
        began.wait()
        aside.hurry()
        hurried.signal()
        group.wait()
        #expect(policies.count == 3 && Set(policies).count == 1)
    }
}
