import Evidence
import Testing
@testable import WaitGraph

@Suite struct FollowerTests {
    private func snapshot(_ threads: [ThreadRecord]) -> Snapshot {
        var snapshot = Snapshot(
            reason: .requested, takenAt: Moment(monotonic_s: 100), clocks: ClockReading(monotonic_s: 100, boottime_s: 100, wall_s: 0),
            host: HostRecord(name: "box", kernel: "6", architecture: "x86_64", bootID: "b", processors: 2), subject: ProcessIdentity(pid: 1, startTicks: 1))
        snapshot.processes = .complete([ProcessRecord(identity: ProcessIdentity(pid: 1, startTicks: 1), name: "p")])
        snapshot.threads = .complete(threads)
        return snapshot
    }

    private func waiter(_ tid: Int32, owner: Int32) -> ThreadRecord {
        var thread = ThreadRecord(pid: 1, tid: tid, name: "t\(tid)", state: "S")
        var futex = FutexWait(address: UInt64(owner) * 16, operation: 0, object: .mutex)
        futex.ownerTID = owner
        var wait = ThreadWait(kind: .futex)
        wait.futex = futex
        thread.wait = wait
        return thread
    }

    @Test(arguments: [2, 3, 7])
    func aCircleOfLocksIsFoundFromEveryThread(_ size: Int32) {
        let threads = (1...size).map { waiter($0, owner: $0 % size + 1) }
        let graph = WaitGraph(snapshots: [snapshot(threads)], samples: [], hungAfter_s: 5)
        var follower = Follower(graph)
        for tid in 1...size {
            guard case .stuck(let standstill) = follower.outcome(of: .thread(pid: 1, tid: tid)), case .cycle(let edges) = standstill.ending else {
                Issue.record("thread \(tid) is not stuck")
                continue
            }
            #expect(edges.count == Int(size) * 2)
        }
    }

    @Test func aChainOfAnyLengthIsBounded() {
        let threads = (1...2000).map { waiter(Int32($0), owner: Int32($0) + 1) }
        let graph = WaitGraph(snapshots: [snapshot(threads)], samples: [], hungAfter_s: 5)
        var follower = Follower(graph)
        #expect(follower.outcome(of: .thread(pid: 1, tid: 1)) == .unclear("the chain is too long to follow"))
        guard case .stuck(let last) = follower.outcome(of: .thread(pid: 1, tid: 2000)) else { Issue.record("not stuck"); return }
        #expect(last.ending == .ownerGone)
    }

    @Test func repeatedRowsAreTolerated() {
        let graph = WaitGraph(snapshots: [snapshot([waiter(1, owner: 1), waiter(1, owner: 1)])], samples: [], hungAfter_s: 5)
        var follower = Follower(graph)
        guard case .stuck(let standstill) = follower.outcome(of: .thread(pid: 1, tid: 1)) else { Issue.record("not stuck"); return }
        #expect(standstill.ending == .ownerSelf)
    }
}
