import Evidence
import Testing
@testable import Diagnosis

/// Each cause that a process alone shows, and the healthy twin that looks alike.
@Suite struct ProcessTests {
    private func judge(_ builder: SnapshotBuilder, _ change: (inout SnapshotBuilder) -> Void = { _ in }) -> Assessment {
        Diagnoser.assess(snapshots: builder.later(6, change))
    }

    @Test func threadsThatWaitForEachOthersLocks() {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["pthread_join", "main"], wait: .join(101))
        builder.thread(101, stack: ["lock", "ab"], wait: .mutex(0xb, owner: 102))
        builder.thread(102, stack: ["lock", "ba"], wait: .mutex(0xa, owner: 101))
        let found = judge(builder)
        #expect(found.root?.cause == .lockCycle)
        #expect(found.root?.confidence == .persisted)
        #expect(found.root?.waiting == 3)
    }

    @Test func aLockThatIsPassedOnIsNoHang() {
        var builder = SnapshotBuilder()
        builder.thread(100, wait: .mutex(0xb, owner: 101))
        builder.thread(101, state: "R", stack: ["work"])
        let found = judge(builder) { later in
            let threads = later.snapshot.threads.elements.map { thread in
                var thread = thread
                thread.cpu.user_s += 3
                thread.voluntarySwitches = 500
                return thread
            }
            later.snapshot.threads = .complete(threads)
        }
        #expect(found.verdict == .advancing)
        #expect(found.findings.isEmpty)
    }

    @Test func aHolderThatWaitsForASilentPeerIsThePeersHang() throws {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["lock", "main"], wait: .mutex(0xa, owner: 101))
        builder.thread(101, stack: ["read", "fetch"], wait: .on(14, .read))
        builder.socket(fd: 14, sent_s: 20, received_s: 20.5)
        let root = try #require(judge(builder).root)
        #expect(root.cause == .peerSilent)
        #expect(root.waiting == 2)
        #expect(root.chain.map(\.kind) == [.thread, .lock, .thread, .socket])
    }

    @Test(arguments: [(true, false), (false, true)])
    func aConnectionThatReceivedLastIsNotOwed(_ receivedLast: Bool, _ hangs: Bool) {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["epoll_wait", "main"], syscall: "epoll_wait", wait: .on(3, .poll))
        builder.socket(sent_s: 20, received_s: receivedLast ? 19 : 21, receivedBytes: 100)
        #expect((judge(builder).root?.cause == .peerSilent) == hangs)
    }

    /// Two threads of one Unix pair: the listener's path is on the accepted end.
    private func session(_ title: String, watches: Bool) -> SnapshotBuilder {
        var builder = SnapshotBuilder(name: "psql")
        func unix(_ inode: UInt64, path: String?, to peer: UInt64) -> (inout SocketRecord) -> Void {
            { record in
                record.inode = inode
                record.family = .unix
                record.transport = .stream
                record.local = SocketAddress(host: path ?? "", port: 0)
                record.remote = nil
                record.tcp = nil
                record.wasAccepted = nil
                record.unixPath = path
                record.unixPeerInode = peer
                record.peer = SocketPeer(kind: .local, owners: [DescriptorReference(pid: peer == 900 ? 200 : 100, fd: 6, processName: "postgres")], inode: peer)
                record.peer?.receiveQueue = 0
            }
        }
        builder.process(200, "postgres")
        builder.editProcess(200) { $0.arguments = [title, "", ""] }
        builder.thread(100, stack: ["poll", "PQgetResult"], syscall: "poll", wait: .on(3, .poll))
        builder.thread(200, pid: 200, stack: ["epoll_wait", "WaitLatch"], syscall: "epoll_wait", wait: .on(8, .poll))
        builder.socket(fd: 3, edit: unix(800, path: nil, to: 900))
        builder.socket(pid: 200, fd: 6, local: 40001, edit: unix(900, path: "/run/pg/.s.PGSQL", to: 800))
        builder.socket(pid: 200, fd: 5, local: 40002, state: .listening, accepted: nil) { record in
            unix(901, path: "/run/pg/.s.PGSQL", to: 0)(&record)
            record.peer = nil
        }
        builder.descriptor(8, .socket, watches ? "socket:[900]" : "signalfd", pid: 200, inode: watches ? 900 : 7)
        return builder
    }

    /// Caught in SQLite's busy handler at both looks: a hang where the same process had the database all along, turns where another one has it now, or something was
    /// committed in between.
    @Test(arguments: [(300, 7), (301, 7), (300, 8)] as [(Int32, Double)]) func writersThatTakeTurnsDoNotStand(_ later: Int32, _ writtenAt_s: Double) {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["clock_nanosleep", "unixSleep", "sqliteDefaultBusyCallback", "sqlite3_step", "save", "main"], syscall: "clock_nanosleep")
        builder.descriptor(5, .file, "/data/jobs.sqlite", inode: 77)
        for holder in [300, 301] as [Int32] {
            builder.process(holder, "writer")
            builder.thread(holder, pid: holder, stack: ["clock_nanosleep", "work", "main"], syscall: "clock_nanosleep")
        }
        builder.databaseLock(holder: 300, writtenAt_s: 7)
        let assessment = Diagnoser.assess(snapshots: builder.later(6) { look in
            look.snapshot.locks = .complete([])
            look.databaseLock(holder: later, writtenAt_s: writtenAt_s)
        })
        let stands = later == 300 && writtenAt_s == 7
        #expect(assessment.root?.cause == (stands ? .databaseLocked : nil))
        #expect((assessment.verdict == .hang) == stands)
    }

    @Test func aSessionThatWaitsForAnothersLockSaysSo() throws {
        let root = try #require(judge(session("postgres: app shop [local] UPDATE waiting", watches: false)).root)
        #expect(root.cause == .databaseLocked)
        #expect(root.chain.map(\.kind) == [.thread, .socket, .thread, .peer])
    }

    @Test func aUnixServerOccupiedWithSomethingElseOwesTheAnswer() {
        #expect(judge(session("postgres: app shop [local] UPDATE", watches: false)).root?.cause == .peerSilent)
        #expect(judge(session("postgres: app shop [local] idle", watches: true)).root == nil)
    }

    @Test func aServersQuietConnectionIsAtRest() {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["epoll_wait", "main"], syscall: "epoll_wait", wait: .on(3, .poll))
        builder.socket(local: 8080, remote: 50000, accepted: true, sent_s: 20, received_s: 20.1, receivedBytes: 100)
        #expect(judge(builder).verdict == .idle)
    }

    @Test func unacknowledgedBytesMeanHalfOpen() {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["recv", "main"], wait: .on(14, .read))
        builder.socket(sent_s: 20, received_s: 21) {
            $0.timer = SocketTimer(kind: .retransmit, expires_ms: 100, retransmits: 4)
            $0.tcp?.unacked = 1
            $0.tcp?.retransmits = 4
        }
        #expect(judge(builder).root?.cause == .halfOpen)
    }

    @Test func theServersOwnHangIsTheRootOfItsClients() {
        var builder = SnapshotBuilder()
        builder.process(200, "server")
        builder.thread(100, stack: ["recv", "main"], wait: .on(14, .read))
        builder.socket(sent_s: 20, received_s: 21) {
            $0.peer = SocketPeer(kind: .local, owners: [DescriptorReference(pid: 200, fd: 4, processName: "server")])
        }
        builder.thread(200, pid: 200, stack: ["lock", "serve"], wait: .mutex(0xa, owner: 200))
        #expect(judge(builder).root?.cause == .lockAbandoned)
    }

    @Test(arguments: [(false, Verdict.hang), (true, .idle)])
    func aConditionIsAHangOnlyWhereNobodyIsLeft(_ someoneCanAct: Bool, _ verdict: Verdict) {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["pthread_cond_wait", "main"], wait: .park(.condition))
        builder.thread(101, stack: ["pthread_cond_wait", "worker"], wait: .park(.condition, 0xd0))
        if someoneCanAct { builder.thread(102, stack: ["epoll_wait", "loop"], syscall: "epoll_wait", wait: .on(3, .poll)) }
        let found = judge(builder)
        #expect(found.verdict == verdict)
        #expect((found.root?.cause == .conditionNeverSignalled) == (verdict == .hang))
    }

    @Test(arguments: [("ConnectionPool.take()", Cause.poolExhausted), ("Spool.take()", .conditionNeverSignalled)])
    func aSpoolIsNoPool(_ function: String, _ cause: Cause) {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["pthread_cond_wait", function, "main"], wait: .park(.condition))
        #expect(judge(builder).root?.cause == cause)
    }

    @Test func anInterpretersLockIsNotGuessed() {
        var builder = SnapshotBuilder()
        builder.editProcess(100) { $0.runtimes = ["python 3.11"] }
        builder.thread(100, stack: ["sem_wait", "PyThread_acquire_lock_timed", "lock_PyThread_acquire_lock"], wait: .park(.semaphore))
        let found = judge(builder)
        #expect(found.verdict == .hang)
        #expect(found.root == nil)
        #expect(found.nextSteps.contains { $0.contains("py-spy") })
    }

    @Test func aChildThatWritesToAPipeItsParentDoesNotRead() {
        var builder = SnapshotBuilder()
        builder.process(200, "child", role: .descendant, parent: 100)
        builder.thread(100, stack: ["wait4", "main"], wait: .child(200))
        builder.thread(200, pid: 200, stack: ["write", "main"], wait: .on(1, .write))
        builder.pipe(55, readers: [(100, 3)], writers: [(200, 1)])
        #expect(judge(builder).root?.cause == .pipeFull)
    }

    /// Forked later than the reader, with the end that its parent was to close; or its neighbour in a pipeline, with the pipe as its output.
    @Test(arguments: [(4, Cause.pipeNeverClosed), (1, nil)] as [(Int32, Cause?)]) func aSiblingThatInheritedThePipeKeepsItOpen(_ fd: Int32, _ cause: Cause?) {
        var builder = SnapshotBuilder()
        builder.process(200, "packer", role: .descendant, parent: 100)
        builder.process(300, "watcher", role: .descendant, parent: 100)
        builder.thread(100, stack: ["wait4", "close", "main"], wait: .child(200))
        builder.thread(200, pid: 200, stack: ["read", "main"], wait: .on(0, .read))
        builder.thread(300, pid: 300, stack: ["nanosleep", "watch", "main"], wait: .asleep(49))
        builder.pipe(55, readers: [(200, 0)], writers: [(300, fd)])
        #expect(judge(builder).root?.cause == cause)
    }

    /// Takes the ends of children that wait for orders on socket pairs, beside a main thread that listens; one that nobody feeds any more waits for what never comes.
    @Test(arguments: [true, false]) func aServersReaperWaitsForNoChildOfItsOwn(_ listens: Bool) {
        var builder = SnapshotBuilder()
        func end(_ inode: UInt64, of peer: UInt64, _ owner: (Int32, Int32)) -> (inout SocketRecord) -> Void {
            { record in
                (record.inode, record.family, record.transport) = (inode, .unix, .stream)
                (record.local, record.remote, record.tcp, record.wasAccepted) = (SocketAddress(host: "", port: 0), nil, nil, nil)
                record.unixPeerInode = peer
                record.peer = SocketPeer(kind: .local, owners: [DescriptorReference(pid: owner.0, fd: owner.1, processName: "subject")], inode: peer)
            }
        }
        for child in [200, 300] as [Int32] {
            let inode = UInt64(child) * 10
            builder.process(child, "worker", role: .descendant, parent: 100)
            builder.thread(child, pid: child, stack: ["read", "work", "main"], syscall: "read", wait: .on(5, .read))
            builder.socket(fd: child / 50, local: UInt16(child), edit: end(inode, of: inode + 1, (child, 5)))
            builder.socket(pid: child, fd: 5, local: UInt16(child) + 1, edit: end(inode + 1, of: inode, (100, child / 50)))
        }
        builder.socket(fd: 3, local: 9002, state: .listening, accepted: nil)
        builder.thread(100, stack: [listens ? "poll" : "pthread_join", "main"], wait: listens ? .on(3, .poll) : .join(101))
        builder.thread(101, stack: ["wait4", "reap"], wait: .child(nil))
        #expect((judge(builder).verdict == .idle) == listens)
    }

    /// A client within the server's own process, to which that spoke last: at rest where the server listens to it.
    @Test(arguments: [(true, Verdict.idle), (false, .unknown)]) func aServersOwnClientIsToldWhenThereAreNews(_ listens: Bool, _ verdict: Verdict) {
        var builder = SnapshotBuilder()
        func peer(_ inode: UInt64, _ fd: Int32) -> (inout SocketRecord) -> Void {
            { $0.peer = SocketPeer(kind: .local, owners: [DescriptorReference(pid: 100, fd: fd, processName: "subject")], inode: inode) }
        }
        let (client, server) = (UInt64(40000) << 16 | 16, UInt64(9002) << 16 | 20)
        builder.socket(fd: 16, local: 40000, remote: 9002, sent_s: 13, received_s: 12, receivedBytes: 40, edit: peer(server, 20))
        builder.socket(fd: 20, local: 9002, remote: 40000, accepted: true, sent_s: 12, received_s: 13, receivedBytes: 500, edit: peer(client, 16))
        builder.socket(fd: 3, local: 9002, remote: 0, state: .listening, accepted: nil)
        builder.thread(100, stack: ["epoll_wait", "main"], syscall: "epoll_wait", wait: .on(listens ? 20 : 3, .poll))
        builder.thread(101, stack: ["read", "member"], syscall: "read", wait: .on(16, .read))
        #expect(judge(builder).verdict == verdict)
    }

    /// What subscribers are told comes by the call that replies come by.
    @Test func aSubscriberOfRedisIsOwedNothing() {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["recv", "redisNetRead", "redisGetReply", "main"], syscall: "recvfrom", wait: .on(14, .read))
        builder.socket(sent_s: 15, received_s: 12, receivedBytes: 200)
        #expect(judge(builder).root == nil)
    }

    @Test func aWorkerThatWaitsForOrdersFromItsParentIsAtRest() {
        var builder = SnapshotBuilder()
        builder.process(200, "worker", role: .descendant, parent: 100)
        builder.thread(100, stack: ["epoll_wait", "main"], syscall: "epoll_wait", wait: .on(3, .poll))
        builder.thread(200, pid: 200, stack: ["read", "loop"], wait: .on(0, .read))
        builder.pipe(55, readers: [(200, 0)], writers: [(100, 4)])
        #expect(judge(builder).verdict == .idle)
    }

    @Test(arguments: [(["nanosleep", "main"], Verdict.idle), (["nanosleep", "retry", "fetch", "main"], .hang)])
    func aLongSleepIsAHangOnlyInTheMiddleOfWork(_ stack: [String], _ verdict: Verdict) {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: stack, wait: .asleep(1e9))
        #expect(judge(builder).verdict == verdict)
    }

    @Test func aStoppedProcess() {
        var builder = SnapshotBuilder()
        builder.editProcess(100) { $0.state = "T" }
        builder.thread(100, state: "T")
        #expect(judge(builder).root?.cause == .stopped)
    }

    @Test(arguments: [(UInt64?.none, false), (0, true)])
    func aContinuationIsLostOnlyWhereNothingRefersToIt(_ count: UInt64?, _ lost: Bool) {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["sigsuspend", "main"], wait: ThreadWait(kind: .signal))
        var wait = TaskWait(kind: .continuation)
        wait.address = 0x77
        wait.resumers = count == nil ? .complete(["a timer"]) : .complete([])
        builder.task(12, wait: wait, stack: ["Fetcher.load()"])
        #expect((judge(builder).root?.cause == .continuationNeverResumed) == lost)
    }

    @Test func tasksThatAwaitEachOther() {
        var builder = SnapshotBuilder()
        builder.thread(100, stack: ["sigsuspend", "main"], wait: ThreadWait(kind: .signal))
        for (id, other) in [(1, 2), (2, 1)] as [(UInt64, UInt64)] {
            var wait = TaskWait(kind: .task)
            wait.task = other
            builder.task(id, wait: wait, stack: ["step\(id)"])
        }
        #expect(judge(builder).root?.cause == .taskCycle)
    }

    @Test func everyStepOfEveryChainCitesEvidence() {
        for snapshots in Self.hangs {
            for finding in Diagnoser.assess(snapshots: snapshots).findings {
                #expect(!finding.chain.isEmpty && finding.chain.allSatisfy { !$0.evidence.isEmpty }, "\(finding.cause)")
            }
        }
    }

    private static var hangs: [[Snapshot]] {
        var lock = SnapshotBuilder()
        lock.thread(100, wait: .mutex(0xb, owner: 101))
        lock.thread(101, wait: .mutex(0xa, owner: 100))
        var peer = SnapshotBuilder()
        peer.thread(100, wait: .on(14, .read))
        peer.socket(sent_s: 20, received_s: 21)
        return [lock.later(6), peer.later(6), [lock.snapshot]]
    }

    @Test func fingerprintsSurviveOtherNumbers() throws {
        func fingerprint(pid: Int32, line: Int, address: UInt64) throws -> String {
            var builder = SnapshotBuilder(pid: pid)
            builder.thread(pid, stack: ["lock", "save"], wait: .mutex(address, owner: pid)) { thread in
                var frames = thread.stack.elements
                for row in frames.indices { frames[row].line = line }
                thread.stack = .complete(frames)
            }
            return try #require(Diagnoser.assess(snapshots: builder.later(6)).root?.fingerprint)
        }
        #expect(try fingerprint(pid: 100, line: 3, address: 0x10) == fingerprint(pid: 900, line: 88, address: 0xffee))
    }

    /// Rows taken away, repeated and pointed at each other: an answer, and no guess without threads.
    @Test(arguments: 0..<60)
    func damagedEvidenceIsNoCrash(_ seed: Int) {
        var random = Random(state: UInt64(seed) &* 7919 &+ 13)
        var snapshots = Self.hangs[seed % 2]
        for index in snapshots.indices {
            var threads = snapshots[index].threads.elements
            for row in threads.indices {
                if random.next() % 3 == 0 { threads[row].wait?.futex?.ownerTID = Int32(truncatingIfNeeded: random.next()) }
                if random.next() % 4 == 0 { threads[row].tid = Int32(truncatingIfNeeded: random.next()) }
                if random.next() % 5 == 0 { threads[row].wait = nil }
                threads[row].cpu.user_s = random.next() % 4 == 0 ? .nan : -1e300
                threads[row].voluntarySwitches = random.next()
            }
            if random.next() % 3 == 0 { threads += threads }
            snapshots[index].threads = random.next() % 4 == 0 ? .unavailable(reason: "cut") : .complete(threads)
            var sockets = snapshots[index].sockets.elements
            for row in sockets.indices { sockets[row].tcp?.lastDataSent_ms = random.next() % 2 == 0 ? .infinity : .nan }
            snapshots[index].sockets = .complete(sockets + sockets)
            if random.next() % 3 == 0 { snapshots[index].processes = .unavailable(reason: "cut") }
        }
        let found = Diagnoser.assess(snapshots: snapshots)
        if snapshots.last?.threads.value == nil { #expect(found.verdict == .unknown || found.root?.chain.isEmpty == false) }
    }
}
