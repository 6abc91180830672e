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

    /// Who uses an installed client waits in the middle of an operation only by functions of its own.
    @Test func howDeepAReaderStandsIsToldByItsOwnProgram() {
        func reader(_ functions: [(file: String, function: String)]) -> ThreadRecord {
            var thread = ThreadRecord(pid: 1, tid: 1, name: "main", state: "S")
            thread.managedStack = .complete(functions.map { row in
                var frame = Frame(programCounter: 0)
                (frame.file, frame.function) = row
                return frame
            })
            return thread
        }
        let client = [("/usr/lib/python3/dist-packages/feed/parser.py", "Parser.read"), ("/usr/lib/python3/dist-packages/feed/client.py", "Client.listen")]
        #expect(!MidMessage.isInOperation(reader(client + [("/srv/app.py", "<module>")])))
        #expect(!MidMessage.isInOperation(reader(client + [("/srv/app.py", "follow"), ("/srv/app.py", "<module>")])))
        #expect(MidMessage.isInOperation(reader(client + [("/srv/app.py", "price"), ("/srv/app.py", "order"), ("/srv/app.py", "<module>")])))
        #expect(MidMessage.isInOperation(reader([("/srv/feed.py", "Client.ask"), ("/srv/app.py", "price"), ("/srv/app.py", "order"), ("/srv/app.py", "<module>")])))
    }

    /// An input that stays open is not what somebody stands for whom a peer owes an answer.
    @Test func ofSeveralThingsThatAreWaitedForTheOneThatIsOwedCounts() {
        func stuck(_ ending: Ending) -> Outcome { .stuck(Standstill(end: .thread(pid: 1, tid: 1), ending: ending, isCommitted: true)) }
        let follower = Follower(WaitGraph(snapshots: [snapshot([])], samples: [], hungAfter_s: 5))
        let input = Ending.pipeOpen(holders: [])
        let peer = Ending.socket(.owed(since_s: 9, everReceived: false))
        for outcomes in [[stuck(input), stuck(peer)], [stuck(peer), stuck(input)]] { #expect(follower.any(outcomes) == stuck(peer)) }
        #expect(follower.any([stuck(input)]) == stuck(input))
    }
}
