import Diagnosis
import Evidence
import Testing

/// Waits of Swift tasks and event loops, from evidence: what shows a hang, and what looks alike and is none.
@Suite struct SwiftTaskTests {
    private func assess(_ builder: SnapshotBuilder, _ change: (inout SnapshotBuilder) -> Void = { _ in }) -> Assessment {
        Diagnoser.assess(snapshots: builder.later(6, change))
    }

    private static func waiting(_ kind: TaskWait.Kind, resumers: [String]? = nil, _ change: (inout TaskWait) -> Void = { _ in }) -> TaskWait {
        var wait = TaskWait(kind: kind)
        wait.address = 0x7000
        wait.resumers = resumers.map { .complete($0) }
        change(&wait)
        return wait
    }

    /// A Dispatch program: main put aside, the manager in its poll, timers as given.
    private static func dispatch(timers: Int?, listens: Bool = false) -> SnapshotBuilder {
        var builder = SnapshotBuilder(name: "service")
        builder.thread(100, stack: ["sigsuspend", "_dispatch_sigsuspend", "_dispatch_sig_thread"], syscall: "rt_sigsuspend", wait: ThreadWait(kind: .signal))
        var wait = ThreadWait.on(3, .poll)
        wait.descriptors?.append(DescriptorInterest(fd: 4, operation: .poll))
        builder.thread(101, stack: ["epoll_wait", "_dispatch_event_loop_drain", "_dispatch_mgr_invoke", "_dispatch_mgr_thread", "_dispatch_worker_thread"], syscall: "epoll_wait", wait: wait)
        builder.editProcess(100) { $0.dispatchTimers = timers }
        builder.descriptor(4, .eventfd, "anon_inode:[eventfd]")
        builder.descriptor(5, .timerfd, "anon_inode:[timerfd]")
        if listens { builder.descriptor(6, .socket, "socket:[1]") }
        var set = Descriptor(pid: 100, fd: 3, kind: .epoll, target: "anon_inode:[eventpoll]", inode: nil)
        set.epoll = ([4, 5] + (listens ? [6] : [])).map { EpollWatch(fd: $0, events: 1) }
        let rows = builder.snapshot.descriptors.elements + [set]
        builder.snapshot.descriptors = .complete(rows)
        return builder
    }

    @Test func nothingCanRunAnyMore() {
        var builder = Self.dispatch(timers: 0)
        builder.task(1, wait: Self.waiting(.continuation, resumers: ["Pending, held by a global of service"]), stack: ["call", "main"])
        let found = assess(builder)
        #expect(found.verdict == .hang)
        #expect(found.root?.cause == .continuationNeverResumed)
        #expect(found.root?.confidence == .persisted)
        #expect(found.root?.summary.contains("held by Pending") == true)
    }

    @Test(arguments: [(1, false), (nil, false), (0, true)] as [(Int?, Bool)])
    func aTimerOrASocketCouldStillAct(timers: Int?, listens: Bool) {
        var builder = Self.dispatch(timers: timers, listens: listens)
        builder.task(1, wait: Self.waiting(.continuation, resumers: ["Pending, held by a global of service"]), stack: ["call", "main"])
        #expect(assess(builder).verdict == .idle)
    }

    @Test func nobodyHoldsItInBothLooks() {
        var builder = Self.dispatch(timers: 1)
        builder.task(1, wait: Self.waiting(.continuation, resumers: []), stack: ["fetch", "main"])
        #expect(assess(builder).root?.cause == .continuationNeverResumed)
        builder = Self.dispatch(timers: 1)
        builder.task(1, wait: Self.waiting(.stream, resumers: []), stack: ["consume", "main"])
        #expect(assess(builder).root?.cause == .streamNeverFinished)
    }

    @Test func oneLookThatShowsAHolderIsNoProof() {
        var builder = Self.dispatch(timers: 1)
        builder.task(1, wait: Self.waiting(.continuation, resumers: ["Session"]), stack: ["fetch", "main"])
        let found = assess(builder) { later in
            var tasks = later.snapshot.tasks.elements
            tasks[0].wait?.resumers = .complete([])
            later.snapshot.tasks = .complete(tasks)
        }
        #expect(found.verdict == .idle)
    }

    @Test func aMainTaskThatParksItselfKeepsTheProcess() {
        var builder = Self.dispatch(timers: 1)
        builder.task(1, wait: Self.waiting(.continuation, resumers: []), stack: ["main"]) { $0.kind = .main }
        #expect(assess(builder).verdict == .idle)
    }

    @Test(arguments: [(.continuation, true, 0, Cause.continuationNeverResumed), (.stream, true, 0, .streamNeverFinished), (.stream, true, 1 << 14, nil), (.continuation, false, 0, nil)] as [(TaskWait.Kind, Bool, UInt64, Cause?)])
    func aMainTaskThatAwaitsInEarnestDoesNotParkItself(kind: TaskWait.Kind, isInEarnest: Bool, caughtSignals: UInt64, cause: Cause?) {
        var builder = Self.dispatch(timers: 1)
        builder.editProcess(100) { $0.caughtSignals = caughtSignals }
        builder.task(1, wait: Self.waiting(kind, resumers: []), stack: ["main"]) {
            $0.kind = .main
            $0.codeAhead = CodeAhead()
            $0.codeAhead?.awaitsInEarnest = isInEarnest
        }
        #expect(assess(builder).root?.cause == cause)
    }

    private static func timeout(cancelled: Bool) -> SnapshotBuilder {
        var builder = dispatch(timers: 1)
        builder.task(1, wait: waiting(.group) { $0.pending = 1 }, stack: ["withTimeout", "main"]) { $0.children = [2] }
        builder.task(2, wait: waiting(.continuation, resumers: ["Session, held by a global of service"]), stack: ["fetch"]) {
            $0.kind = .groupChild
            $0.parent = 1
            $0.isCancelled = cancelled
        }
        return builder
    }

    @Test func aCancelledChildThatStaysIsTheRoot() {
        let found = assess(Self.timeout(cancelled: true))
        #expect(found.root?.cause == .cancellationIgnored)
        #expect(found.root?.summary.contains("task 1 `withTimeout`") == true)
        #expect(assess(Self.timeout(cancelled: false)).verdict == .idle)
    }

    @Test func aCancelledChildThatGoesFromWaitToWaitCleansUp() {
        let found = assess(Self.timeout(cancelled: true)) { later in
            var tasks = later.snapshot.tasks.elements
            tasks[1].wait?.address = 0x9000
            later.snapshot.tasks = .complete(tasks)
        }
        #expect(found.verdict != .hang)
    }

    @Test(arguments: [(40_000_000.0, Cause.childTaskNeverEnds), (2_000_000, .timerTooFar), (60, nil)] as [(Double, Cause?)])
    func sleepsAreJudgedByWhatIsLeft(remaining_s: Double, cause: Cause?) {
        var builder = Self.dispatch(timers: 1)
        builder.task(1, wait: Self.waiting(.group) { $0.pending = 1 }, stack: ["work", "main"]) { $0.children = [2] }
        builder.task(2, wait: Self.waiting(.sleep, resumers: ["a closure"]) { $0.remaining_s = remaining_s }, stack: ["pause", "attempt"]) {
            $0.kind = .groupChild
            $0.parent = 1
        }
        #expect(assess(builder).root?.cause == cause)
    }

    @Test func anEventLoopThatIsGoneIsTold() {
        var builder = Self.dispatch(timers: 1)
        builder.task(1, wait: Self.waiting(.eventLoopFuture, resumers: ["promise"]) { $0.isEventLoopShutDown = true }, stack: ["get", "main"])
        #expect(assess(builder).root?.cause == .eventLoopShutDown)
    }

    private static func loops(_ count: Int32) -> SnapshotBuilder {
        var builder = dispatch(timers: 1)
        for number in 0..<count {
            builder.thread(
                200 + number, name: "NIO-ELT-\(number)-#0", stack: ["epoll_wait", "SelectableEventLoop.run()"], syscall: "epoll_wait", wait: .on(3, .poll))
        }
        return builder
    }

    @Test func manyLoopsAreALeak() {
        #expect(assess(Self.loops(40)).findings.map(\.cause) == [.eventLoopLeaked])
        #expect(assess(Self.loops(4)).findings.isEmpty)
    }

    @Test func aLoopThatBlocksAndIsWaitedForIsTheRoot() {
        var builder = Self.dispatch(timers: 1)
        builder.thread(200, name: "NIO-ELT-0-#0", stack: ["futex", "sem_wait", "blocking", "SelectableEventLoop.run()"], syscall: "futex", wait: .park(.semaphore))
        builder.task(1, wait: Self.waiting(.eventLoopFuture, resumers: ["promise"]) { $0.eventLoopTID = 200 }, stack: ["get", "main"])
        let found = assess(builder)
        #expect(found.root?.cause == .eventLoopBlocked)
        #expect(found.root?.chain.map(\.kind).prefix(2) == [.task, .thread])
    }

    /// The first look found the connection; at the second the loop was at work, or what leads from the task to it could not be read.
    @Test(arguments: [(awake: true, hidden: false), (false, true), (true, true)]) func aConnectionFoundOnceIsKept(awake: Bool, hidden: Bool) {
        var builder = Self.dispatch(timers: 1)
        builder.thread(200, name: "NIO-ELT-0-#0", stack: ["epoll_wait", "SelectableEventLoop.run()"], syscall: "epoll_wait", wait: .on(3, .poll))
        _ = builder.socket(fd: 14, sent_s: 20, received_s: 12, receivedBytes: 300)
        builder.task(1, wait: Self.waiting(.eventLoopFuture, resumers: ["promise"]) {
            $0.eventLoopTID = 200
            $0.descriptor = 14
        }, stack: ["get", "main"])
        let found = assess(builder) { later in
            if awake { later.editThread(200) { ($0.state, $0.wait) = ("R", nil) } }
            if hidden {
                later.editTask(1) {
                    $0.wait?.eventLoopTID = nil
                    $0.wait?.descriptor = nil
                }
            }
        }
        #expect(found.root?.cause == .peerStalled)
    }

    /// Puts a descriptor into the sets that are there.
    private static func watch(_ fd: Int32, _ builder: inout SnapshotBuilder) {
        builder.snapshot.descriptors = .complete(builder.snapshot.descriptors.elements.map { row in
            var row = row
            row.epoll?.append(EpollWatch(fd: fd, events: 1))
            return row
        })
    }

    /// The request went out in the moment of the answer before, on the connection whose handlers lead to it; or the only one that fits may be at rest.
    @Test(arguments: [(12, 14, Cause.peerSilent), (12, nil, nil), (12.5, nil, nil)] as [(Double, Int32?, Cause?)])
    func whoWaitsForAHeadHasNoPartOfAnAnswer(sent_s: Double, descriptor: Int32?, cause: Cause?) {
        var builder = Self.dispatch(timers: 1)
        builder.thread(200, name: "NIO-ELT-0-#0", stack: ["epoll_wait", "SelectableEventLoop.run()"], syscall: "epoll_wait", wait: .on(3, .poll))
        _ = builder.socket(fd: 14, sent_s: sent_s, received_s: 12, receivedBytes: 300)
        Self.watch(14, &builder)
        builder.task(1, wait: Self.waiting(.continuation, resumers: ["LockStorage, held by a global of service"]) {
            $0.eventLoopTID = 200
            $0.descriptor = descriptor
            $0.createdBy = "executeCancellable(_:deadline:logger:)"
        }, stack: ["HTTPClient.executeCancellable(_:deadline:logger:)", "file", "main"])
        #expect(assess(builder).root?.cause == cause)
    }

    /// Its channel's connection drips, beside one at rest that would fit as well.
    @Test func aConnectionThatIsKnownIsNotExchangedForAnother() {
        var builder = Self.dispatch(timers: 1)
        builder.thread(200, name: "NIO-ELT-0-#0", stack: ["epoll_wait", "SelectableEventLoop.run()"], syscall: "epoll_wait", wait: .on(3, .poll))
        _ = builder.socket(fd: 14, local: 40001, sent_s: 14, received_s: 0.5, receivedBytes: 300)
        _ = builder.socket(fd: 15, local: 40002, sent_s: 13, received_s: 12, receivedBytes: 300)
        builder.task(1, wait: Self.waiting(.stream, resumers: ["Transaction"]) {
            $0.descriptor = 14
            $0.answerMissing_bytes = 48_000
        }, stack: ["HTTPClientResponse.Body.collect(upTo:)", "file", "main"])
        let found = assess(builder) { later in
            later.snapshot.sockets = .complete(later.snapshot.sockets.elements.map { row in
                var row = row
                guard row.local.port == 40001 else { return row }
                row.tcp?.bytesReceived += 6
                row.tcp?.dataSegmentsIn += 6
                return row
            })
        }
        #expect(found.root?.cause == .peerDripping)
    }

    /// The loop that its frame leads to watches another connection of the same client, which is at rest.
    @Test func aRequestMayBeOnAnotherLoopsConnection() {
        var builder = Self.dispatch(timers: 1)
        builder.thread(200, name: "NIO-ELT-0-#0", stack: ["epoll_wait", "SelectableEventLoop.run()"], syscall: "epoll_wait", wait: .on(3, .poll))
        _ = builder.socket(fd: 14, local: 40001, sent_s: 14, received_s: 12, receivedBytes: 300)
        _ = builder.socket(fd: 15, local: 40002, sent_s: 11, received_s: 12, receivedBytes: 300)
        Self.watch(14, &builder)
        builder.task(1, wait: Self.waiting(.continuation, resumers: ["LockStorage, held by a global of service"]) {
            $0.eventLoopTID = 200
            $0.createdBy = "executeCancellable(_:deadline:logger:)"
        }, stack: ["HTTPClient.executeCancellable(_:deadline:logger:)", "file", "main"])
        #expect(assess(builder).root?.cause == .peerSilent)
    }

    /// A task that comes to nothing ticks beside a call for which nobody is left, unless a timer of Dispatch's was armed that is not the task's.
    @Test(arguments: [(before: 1, now: 1, isHang: true), (2, 1, false), (2, 2, false)]) func aTimerWhoseTimeHasComeIsStillOne(before: Int, now: Int, isHang: Bool) {
        var builder = Self.dispatch(timers: before)
        builder.editProcess(100) { $0.caughtSignals = 0 }
        builder.task(1, wait: Self.waiting(.continuation, resumers: ["Pending, held by a global of service"]), stack: ["call", "fetch", "load", "main"]) { $0.kind = .main }
        builder.task(2, wait: Self.waiting(.sleep, resumers: ["a closure"]) { $0.remaining_s = 0.2 }, stack: ["tick"]) { $0.codeAhead = CodeAhead(releases: .complete([])) }
        #expect((assess(builder) { $0.editProcess(100) { $0.dispatchTimers = now } }.verdict == .hang) == isHang)
    }

    @Test func whereATimerWasArmedNotAllStandsStill() {
        var builder = Self.dispatch(timers: 1)
        builder.task(1, wait: Self.waiting(.continuation, resumers: ["Pending, held by a global of service"]), stack: ["call", "main"])
        #expect(assess(builder) { $0.editProcess(100) { $0.dispatchTimers = 0 } }.verdict != .hang)
    }
}
