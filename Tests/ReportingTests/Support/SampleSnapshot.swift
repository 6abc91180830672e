import Evidence

/// A snapshot of the sample job server and of its model server.
struct SampleSnapshot {
    let subject: ProcessIdentity
    let modelPID: Int32
    let isHanging: Bool
    private var pid: Int32 { subject.pid }

    init(subject: ProcessIdentity, modelPID: Int32, isHanging: Bool) {
        self.subject = subject
        self.modelPID = modelPID
        self.isHanging = isHanging
    }

    func snapshot(_ ordinal: Int, _ reason: SnapshotReason, _ at: Moment) -> Snapshot {
        var snapshot = Snapshot(
            ordinal: ordinal, reason: reason, takenAt: at,
            clocks: ClockReading(monotonic_s: at.monotonic_s, boottime_s: at.monotonic_s, wall_s: 1_795_230_888), host: SampleRun.host, subject: subject)
        snapshot.processes = .complete(processes)
        snapshot.threads = .complete(threads)
        snapshot.tasks = .complete(tasks)
        snapshot.actors = .complete([])
        snapshot.descriptors = .complete(descriptors)
        snapshot.pipes = .complete([])
        snapshot.sockets = .complete(sockets)
        snapshot.locks = .complete(locks)
        snapshot.modules = .complete(modules)
        snapshot.environment = .complete(environment)
        snapshot.cost.stopped_ms = 1.9
        snapshot.cost.longestThreadPause_ms = 0.2
        snapshot.cost.wall_ms = 48
        snapshot.cost.threads = 9
        snapshot.cost.threadsReadWithoutStopping = 3
        snapshot.cost.frames = 141
        snapshot.cost.processes = 2
        snapshot.cost.tasks = tasks.count
        snapshot.unobserved = [Unobserved(what: "threads of pid \(modelPID) (model server)", why: "it does not belong to the run and was read without stopping it; `--follow=full` stops it too")]
        return snapshot
    }

    private var processes: [ProcessRecord] {
        var jobd = ProcessRecord(identity: subject, name: "jobd")
        jobd.executable = "/work/build/jobd"
        jobd.arguments = ["jobd", "--port", "8080", "--database", "/tmp/run/\(isHanging ? "hanging" : "working")/jobs.sqlite"]
        jobd.threadCount = 9
        jobd.runtimes = ["swift"]
        var model = ProcessRecord(identity: ProcessIdentity(pid: modelPID, startTicks: 81_300), name: "hangscope", role: .followed)
        model.executable = "/work/build/hangscope"
        model.arguments = ["hangscope", "fault", "model-server"]
        model.followedBecause = "other end of socket 14"
        return [jobd, model]
    }

    private var threads: [ThreadRecord] {
        var all = [thread(0, "jobd", "S", .futex, mainStack)]
        for loop in 0..<2 { all.append(thread(1 + Int32(loop), "NIO-ELT-0-#\(loop)", "S", .descriptors, loopStack)) }
        for pool in 0..<4 { all.append(thread(3 + Int32(pool), "NIO-TP-\(pool)", "S", .futex, poolStack)) }
        all.append(thread(7, "swift-coop", isHanging ? "S" : "R", isHanging ? .futex : nil, isHanging ? idleStack : parseStack))
        all.append(thread(8, "GRDB", "S", .futex, idleStack))
        return all
    }

    private func thread(_ offset: Int32, _ name: String, _ state: String, _ wait: ThreadWait.Kind?, _ stack: [Frame]) -> ThreadRecord {
        var thread = ThreadRecord(pid: pid, tid: pid + offset, name: name, state: state, stack: .complete(stack))
        if let wait {
            var record = ThreadWait(kind: wait)
            if wait == .descriptors { record.descriptors = [DescriptorInterest(fd: 5 + offset, operation: .poll)] }
            if wait == .futex { record.futex = FutexWait(address: 0x7f20_1000, operation: 9, object: .condition) }
            thread.wait = record
        }
        thread.pause = ThreadPause(method: wait == .descriptors ? .readWithoutStopping : .stopped, duration_ms: 0.2)
        return thread
    }

    private func frames(_ list: [(String, String?, Int?)], module: String = "/work/build/jobd") -> [Frame] {
        list.enumerated().map { Frame(programCounter: 0x5555_0000 + UInt64($0.offset * 64), function: $0.element.0, module: $0.element.1 == nil ? "/usr/lib/libc.so.6" : module, file: $0.element.1, line: $0.element.2) }
    }
    private var mainStack: [Frame] { frames([("__futex_abstimed_wait_common", nil, nil), ("pthread_cond_wait", nil, nil), ("dispatchMain", "/swift/libdispatch/src/queue.c", 7812), ("ServiceGroup.run()", "/work/.build/checkouts/swift-service-lifecycle/Sources/ServiceLifecycle/ServiceGroup.swift", 112), ("main", "/work/Sources/jobd/Main.swift", 9)]) }
    private var loopStack: [Frame] { frames([("epoll_wait", nil, nil), ("Selector.whenReady0(strategy:onLoopBegin:_:)", "/work/.build/checkouts/swift-nio/Sources/NIOPosix/SelectorEpoll.swift", 252), ("SelectableEventLoop.run()", "/work/.build/checkouts/swift-nio/Sources/NIOPosix/SelectableEventLoop.swift", 776), ("start_thread", nil, nil)]) }
    private var poolStack: [Frame] { frames([("__futex_abstimed_wait_common", nil, nil), ("ConditionLock.lock(whenValue:)", "/work/.build/checkouts/swift-nio/Sources/NIOConcurrencyHelpers/lock.swift", 140), ("NIOThreadPool.process(identifier:)", "/work/.build/checkouts/swift-nio/Sources/NIOPosix/NIOThreadPool.swift", 311), ("start_thread", nil, nil)]) }
    private var idleStack: [Frame] { frames([("__futex_abstimed_wait_common", nil, nil), ("_dispatch_worker_thread", "/swift/libdispatch/src/queue.c", 6934), ("start_thread", nil, nil)]) }
    private var parseStack: [Frame] { frames([("JSONDecoder.decode(_:from:)", "/swift/Foundation/JSONDecoder.swift", 360), ("LLMClient.append(token:)", "/work/Sources/JobSystem/LLM/LLMClient.swift", 131), ("LLMClient.complete(_:)", "/work/Sources/JobSystem/LLM/LLMClient.swift", 88), ("swift_job_runImpl", nil, nil), ("start_thread", nil, nil)]) }

    private var tasks: [TaskRecord] {
        var job = TaskRecord(pid: pid, id: 7, address: 0x7f00_7000, kind: .unstructured, state: .suspended)
        job.name = "job 1"
        job.wait = TaskWait(kind: .group)
        job.wait?.pending = isHanging ? 2 : 3
        job.children = [12, 13]
        job.backtrace = .complete(frames([("JobManager.withTimeout(_:operation:)", "/work/Sources/JobSystem/Jobs/JobManager.swift", 204), ("JobManager.run(_:)", "/work/Sources/JobSystem/Jobs/JobManager.swift", 96)]))
        var call = TaskRecord(pid: pid, id: 12, address: 0x7f00_8000, kind: .groupChild, state: isHanging ? .suspended : .running)
        call.parent = 7
        if isHanging {
            call.wait = TaskWait(kind: .continuation)
            call.wait?.createdBy = "HTTPClientResponse.Body.AsyncIterator.next()"
        } else {
            call.runningOnTID = pid + 7
        }
        call.backtrace = .complete(frames([("LLMClient.complete(_:)", "/work/Sources/JobSystem/LLM/LLMClient.swift", 88), ("Analysis.analyse(chunk:)", "/work/Sources/JobSystem/Analysis/Analysis.swift", 57)]))
        var simulation = TaskRecord(pid: pid, id: 13, address: 0x7f00_9000, kind: .unstructured, state: .suspended)
        simulation.name = "progress of job 1"
        simulation.wait = TaskWait(kind: .sleep)
        simulation.backtrace = .complete(frames([("ProgressSimulation.run()", "/work/Sources/JobSystem/Jobs/ProgressSimulation.swift", isHanging ? 61 : 44)]))
        return [job, call, simulation]
    }

    private var sockets: [SocketRecord] {
        func end(_ pid: Int32, _ fd: Int32, _ name: String) -> DescriptorReference { DescriptorReference(pid: pid, fd: fd, processName: name) }
        var listener = SocketRecord(inode: 4700, family: .inet, transport: .tcp, state: .listening, local: SocketAddress(host: "127.0.0.1", port: 8080))
        listener.sendQueue = 256
        listener.owners = [end(pid, 8, "jobd")]
        var llm = SocketRecord(inode: 4711, family: .inet, transport: .tcp, state: .established, local: SocketAddress(host: "127.0.0.1", port: isHanging ? 41_322 : 40_118), remote: SocketAddress(host: "127.0.0.1", port: 9002))
        llm.owners = [end(pid, 14, "jobd")]
        llm.wasAccepted = false
        llm.peer = SocketPeer(kind: .local, owners: [end(modelPID, 9, "hangscope")], inode: 4712)
        llm.tcp = TCPInfo(lastDataSent_ms: isHanging ? 1083 : 75, lastDataReceived_ms: isHanging ? 1012 : 9, bytesSent: 1840, bytesReceived: isHanging ? 13_530 : 14_104)
        var client = SocketRecord(inode: 4720, family: .inet, transport: .tcp, state: .established, local: SocketAddress(host: "127.0.0.1", port: 8080), remote: SocketAddress(host: "127.0.0.1", port: isHanging ? 51_000 : 51_800))
        client.wasAccepted = true
        client.owners = [end(pid, 11, "jobd")]
        client.peer = SocketPeer(kind: .local, owners: [end(800, 6, "hangscope")])
        client.tcp = TCPInfo(lastDataSent_ms: 12, lastDataReceived_ms: 13, bytesSent: 9_100, bytesReceived: 5_200)
        return [listener, llm, client]
    }

    private var descriptors: [Descriptor] {
        var all = [(Int32(0), Descriptor.Kind.device, "/dev/null"), (1, .pipe, "pipe:[8801]"), (2, .pipe, "pipe:[8802]"), (5, .epoll, "anon_inode:[eventpoll]"), (6, .epoll, "anon_inode:[eventpoll]"), (7, .eventfd, "anon_inode:[eventfd]"), (8, .socket, "socket:[4700]"), (11, .socket, "socket:[4720]"), (12, .file, "/tmp/run/\(isHanging ? "hanging" : "working")/jobs.sqlite"), (14, .socket, "socket:[4711]")]
        if isHanging { all.append((13, .file, "/tmp/run/hanging/jobs.sqlite-journal")) }
        return all.map { Descriptor(pid: pid, fd: $0.0, kind: $0.1, target: $0.2) }
    }

    private var locks: [FileLock] {
        var shared = FileLock(kind: .posix, mode: .read, inode: 77_001, start: 1_073_741_826, end: 1_073_742_335)
        shared.path = "/tmp/run/\(isHanging ? "hanging" : "working")/jobs.sqlite"
        shared.holders = [DescriptorReference(pid: pid, fd: 12, processName: "jobd")]
        shared.sqlite = SQLiteLock(journal: .rollback, name: .shared, database: shared.path!)
        return isHanging ? [shared] : []
    }

    private var modules: [ModuleRecord] {
        ["/work/build/jobd", "/usr/lib/swift/linux/libswiftCore.so", "/usr/lib/swift/linux/libswift_Concurrency.so", "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0.8.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"].enumerated().map {
            ModuleRecord(pid: pid, path: $0.element, baseAddress: UInt64($0.offset) << 24, endAddress: UInt64($0.offset + 1) << 24, buildID: "9f0\($0.offset)c3a1")
        }
    }

    private var environment: [EnvironmentEntry] {
        [("PATH", 42, "p"), ("HOME", 5, "h"), ("LANG", 7, "l"), ("LLM_ENDPOINT", 21, "e"), ("LLM_API_KEY", 51, "k"), ("RUN_DIRECTORY", 24, isHanging ? "r2" : "r1")].map {
            EnvironmentEntry(pid: pid, name: $0.0, value: nil, valueLength: $0.1, digest: $0.2)
        }
    }
}
