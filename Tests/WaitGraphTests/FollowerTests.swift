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

    /// Plain functions of C++ begin in one function of its library for all of their type, and closures in one of their own, as those of Rust do under one name.
    @Test func threadsOfOneBeginningAreToldByTheirSymbols() {
        func stack(_ frames: [(function: String, symbol: String?)]) -> [Frame] {
            frames.map { row in
                var frame = Frame(programCounter: 1)
                frame.function = row.function
                frame.symbol = row.symbol
                return frame
            }
        }
        let end = [(function: "start_thread", symbol: String?.none), (function: "clone3", symbol: nil)]
        let run = "_ZNSt6thread11_State_implINS_8_InvokerISt5tupleIJPFvvEEEEEE6_M_runEv"
        let lambda = "_ZNSt6thread11_State_implINS_8_InvokerISt5tupleIJZ4mainEUlvE_EEEEE6_M_runEv"
        func start(_ frames: [(function: String, symbol: String?)]) -> [String] { StackShape.start(of: stack(frames + end)) }
        let serve = start([("accept", nil), ("serve()", "_Z5servev"), ("_M_run", run)])
        #expect(serve == start([("lock", nil), ("serve()", "_Z5servev"), ("_M_run", run)]))
        #expect(serve != start([("lock", nil), ("feed()", "_Z4feedv"), ("_M_run", run)]))
        #expect(start([("accept", nil), ("_M_run", lambda)]) == start([("lock", nil), ("_M_run", lambda)]))
        let one = [(function: "FnOnce::call_once", symbol: String?("_ZN4core3ops8function6FnOnce9call_once17h6690963b2657ae1fE")), (function: "thread_start", symbol: nil)]
        let other = [(function: "FnOnce::call_once", symbol: String?("_ZN4core3ops8function6FnOnce9call_once17he583347a3efab568E")), (function: "thread_start", symbol: nil)]
        #expect(start(one) == start([("lock", nil)] + one) && start(one) != start(other))
    }
}
