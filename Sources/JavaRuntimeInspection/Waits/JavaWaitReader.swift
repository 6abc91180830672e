internal import Evidence
internal import ProcessInspection

/// What each thread waits for, from the objects it waits on.
struct JavaWaitReader {
    let heap: JavaHeap
    let monitors: JavaMonitors
    let threads: [JavaThread]
    let pools: JavaPools
    /// Threads by the addresses of their java.lang.Thread objects.
    let byObject: [UInt64: Int32]
    /// Completable futures that are being worked out, and by which thread.
    let computing: [UInt64: Int32]
    /// Threads that wait for a child process, by the child.
    let reapers: [Int32: Int32]
    let initialization: JavaClassInitialization?

    typealias Status = JavaThreadFacts.Status

    /// One thread as far as it was read.
    struct Subject {
        var thread: JavaThread
        var facts: JavaThreadFacts
        var frames: [JavaFrame]
        /// Sleeps inside the virtual machine, without a frame of Java.
        var isBare: Bool
        /// The timeout of its system call, in seconds.
        var timeout_s: Double?
    }

    func wait(_ subject: Subject) -> ManagedWait? {
        switch subject.facts.status {
        case Status.blocked: return enter(subject)
        case Status.waiting: return objectWait(subject)
        case Status.waitingTimed: return timed(objectWait(subject), subject)
        case Status.parked: return parked(subject)
        case Status.parkedTimed: return timed(parked(subject), subject)
        case Status.sleeping:
            var wait = ManagedWait(kind: .sleep, object: 0, typeName: "java.lang.Thread.sleep", knownFrom: "java.lang.Thread's threadStatus: sleeping")
            wait.timeout_s = subject.timeout_s
            return wait
        default:
            // A native call that another monitor holds up is still shown as running.
            if subject.thread.pendingMonitor != nil { return enter(subject) }
            // A class is initialized on the way to a member of it, never from within a native method, which has no code.
            guard subject.thread.isBlockedInside, let innermost = subject.frames.first, innermost.method.codeSize > 0 else { return nil }
            return initialization?.wait(of: subject.thread.tid, lock: nil)
        }
    }

    /// What ends by itself, unless it is only the time after which an idle worker goes home.
    private func timed(_ wait: ManagedWait?, _ subject: Subject) -> ManagedWait? {
        guard var wait else { return nil }
        if wait.rest == nil || subject.frames.contains(where: { $0.isIn("java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue", "take") })
            || wait.typeName == "java.util.TaskQueue"
        {
            let asked_s = subject.timeout_s ?? 0
            // `Long.MAX_VALUE` of whatever unit means "for ever", and an executor's `close` waits day by day.
            let isClosing = subject.frames.prefix(16).contains { $0.method.name == "close" && $0.method.className.hasPrefix("java.util.concurrent.") }
            wait.timeout_s = asked_s < Self.forEver_s && !isClosing ? asked_s : nil
        }
        return wait
    }

    /// HotSpot waits no longer than 100,000,000 s at a time (os_posix.cpp, MAX_SECS).
    private static let forEver_s = 99e6

    // MARK: Monitors

    private func enter(_ subject: Subject) -> ManagedWait? {
        (subject.thread.pendingMonitor ?? subject.thread.waitingMonitor).map { monitors.enter($0, among: threads) }
    }

    private func objectWait(_ subject: Subject) -> ManagedWait? {
        guard let monitor = subject.thread.waitingMonitor else { return nil }
        guard let object = monitors.object(of: monitor) else {
            return ManagedWait(kind: .condition, object: monitor, typeName: "Object.wait", knownFrom: "the thread's waiting monitor")
        }
        let type = heap.typeName(of: object) ?? "java.lang.Object"
        if let tid = byObject[object], subject.frames.prefix(4).contains(where: { $0.isIn("java.lang.Thread", "join") }) {
            return join(tid, object, by: subject.thread.tid)
        }
        if type == "[I", let wait = initialization?.wait(of: subject.thread.tid, lock: object) { return wait }
        if type == "java.lang.ProcessImpl", let wait = child(object) { return wait }
        var wait = ManagedWait(kind: .condition, object: object, typeName: "Object.wait on \(type)", knownFrom: "the thread's waiting monitor")
        if type == "java.util.TaskQueue" {
            wait.typeName = type
            wait.rest = "a timer waits for its next task"
        }
        return wait
    }

    private func join(_ tid: Int32, _ object: UInt64, by waiter: Int32) -> ManagedWait {
        var wait = ManagedWait(kind: .threadEnd, object: object, typeName: "java.lang.Thread", knownFrom: "Thread.join waits on the thread's object")
        wait.ownerTID = tid
        wait.ownerAlive = true
        if tid == waiter { wait.rest = "joins itself, which keeps the program alive until it is ended" }
        return wait
    }

    /// The end of a child process, which a thread of the platform waits for.
    private func child(_ process: UInt64) -> ManagedWait? {
        guard let pid = heap.integer(process, "pid"), let reaper = reapers[Int32(truncatingIfNeeded: pid)] else { return nil }
        var wait = ManagedWait(kind: .future, object: process, typeName: "java.lang.Process \(pid)", knownFrom: "the thread that waits for the child")
        wait.ownerTID = reaper
        wait.ownerAlive = true
        return wait
    }

    // MARK: java.util.concurrent

    private func parked(_ subject: Subject) -> ManagedWait? {
        if let rest = idle(subject) {
            var wait = ManagedWait(
                kind: .queueTake, object: pools.pool(of: subject.thread.tid) ?? 0, typeName: "the pool's next task", knownFrom: "the worker's stack and its pool")
            wait.rest = rest
            wait.executor = pools.pool(of: subject.thread.tid)
            return wait
        }
        guard let blocker = subject.facts.parkBlocker, let type = heap.typeName(of: blocker) else {
            return ManagedWait(kind: .event, object: 0, typeName: "LockSupport.park", knownFrom: "java.lang.Thread's threadStatus: parked")
        }
        let outer = String(type.prefix { $0 != "$" })
        if heap.ancestry(of: blocker).contains("java.util.concurrent.locks.AbstractOwnableSynchronizer") { return synchronizer(blocker, outer, subject) }
        switch outer {
        case "java.util.concurrent.CompletableFuture": return completable(subject, blocker, type)
        case "java.util.concurrent.Phaser", "java.util.concurrent.Exchanger":
            return ManagedWait(kind: .barrier, object: blocker, typeName: outer, knownFrom: "the thread's parkBlocker")
        case "java.util.concurrent.locks.StampedLock":
            // Who holds it stands nowhere.
            return ManagedWait(kind: .lock, object: blocker, typeName: outer, knownFrom: "the thread's parkBlocker")
        case "java.util.concurrent.SubmissionPublisher" where subject.frames.prefix(12).contains(where: { $0.isIn(outer, "submit") || $0.isIn(outer, "offer") }):
            return ManagedWait(kind: .queuePut, object: blocker, typeName: outer, knownFrom: "the stack of submit and the thread's parkBlocker")
        default: break
        }
        if type.hasSuffix("$ConditionObject") { return condition(subject, blocker) }
        if heap.ancestry(of: blocker).contains("java.util.concurrent.FutureTask") { return futureTask(blocker, type) }
        if heap.ancestry(of: blocker).contains("java.util.concurrent.ForkJoinTask") { return forkJoinTask(blocker, type, by: subject.thread.tid) }
        if let queue = queueOperation(subject, blocker) { return queue }
        return ManagedWait(kind: .event, object: blocker, typeName: type, knownFrom: "the thread's parkBlocker")
    }

    /// Where pools park workers that have nothing to do.
    private func idle(_ subject: Subject) -> String? {
        guard pools.pool(of: subject.thread.tid) != nil else { return nil }
        if subject.frames.prefix(10).contains(where: { $0.isIn("java.util.concurrent.ThreadPoolExecutor", "getTask") }) { return "idle worker of a thread pool" }
        let isForkJoin = subject.frames.prefix(6).contains { frame in
            frame.method.className == "java.util.concurrent.ForkJoinPool" && ["awaitWork", "runWorker"].contains(frame.method.name)
        }
        return isForkJoin && subject.frames.prefix(6).allSatisfy { $0.method.isPlatform } ? "idle worker of a fork-join pool" : nil
    }

    /// Locks, latches, semaphores: all keep their state in one number.
    private func synchronizer(_ blocker: UInt64, _ outer: String, _ subject: Subject) -> ManagedWait {
        let state = heap.integer(blocker, "state") ?? 0
        switch outer {
        case "java.util.concurrent.CountDownLatch":
            // Virtual threads, and executors that make one for each task, have a latch for their end; what keeps them from it is not seen.
            if let end = subject.frames.prefix(12).lazy.compactMap(Self.virtualEnd).first {
                return ManagedWait(kind: .threadEnd, object: blocker, typeName: end, knownFrom: "the stack of its waiter")
            }
            var wait = ManagedWait(kind: .event, object: blocker, typeName: outer, knownFrom: "the thread's parkBlocker and its state")
            wait.count = state
            return wait
        case "java.util.concurrent.Semaphore":
            return ManagedWait(kind: .semaphore, object: blocker, typeName: outer, knownFrom: "the thread's parkBlocker and its state")
        default: break
        }
        var wait = ManagedWait(kind: .lock, object: blocker, typeName: outer, knownFrom: "exclusiveOwnerThread of the lock")
        var owner = heap.reference(blocker, "exclusiveOwnerThread")
        if owner == nil, outer == "java.util.concurrent.locks.ReentrantReadWriteLock", state >> 16 > 0 {
            // Held for reading: the upper half of the state counts readers, and the first of them is noted.
            owner = heap.reference(blocker, "firstReader")
            wait.knownFrom = "firstReader of the lock, which \(state >> 16) hold for reading"
        }
        if let owner {
            wait.ownerTID = byObject[owner]
            wait.ownerAlive = wait.ownerTID != nil
        }
        return wait
    }

    private static func virtualEnd(_ frame: JavaFrame) -> String? {
        if frame.method.className == "java.lang.VirtualThread", frame.method.name.hasPrefix("join") { return "the end of a virtual thread" }
        return frame.isIn("java.util.concurrent.ThreadPerTaskExecutor", "awaitTermination") ? "the end of an executor's tasks" : nil
    }

    private func condition(_ subject: Subject, _ blocker: UInt64) -> ManagedWait {
        if let queue = queueOperation(subject, blocker) { return queue }
        // Above the lock's own frames and the pool's that lets another thread in while this one waits.
        let frame = subject.frames.prefix(12).first { frame in
            !["java.util.concurrent.locks.", "java.util.concurrent.ForkJoinPool", "jdk.internal."].contains { frame.method.className.hasPrefix($0) }
        }
        if let frame, frame.isIn("java.util.concurrent.CyclicBarrier", "dowait") {
            let barrier = local(frame, 0)
            var wait = ManagedWait(kind: .barrier, object: barrier ?? blocker, typeName: "java.util.concurrent.CyclicBarrier", knownFrom: "the barrier's count")
            wait.count = barrier.flatMap { heap.integer($0, "count") }
            return wait
        }
        if let frame, frame.isIn("java.lang.ProcessImpl", "waitFor"), let wait = local(frame, 0).flatMap(child) { return wait }
        if let frame, frame.isIn("java.util.concurrent.ThreadPoolExecutor", "awaitTermination"), let executor = local(frame, 0) {
            var wait = ManagedWait(
                kind: .event, object: executor, typeName: "the end of a \(heap.typeName(of: executor) ?? "thread pool")", knownFrom: "the stack of awaitTermination")
            wait.executor = executor
            wait.workers = pools.pools[executor]?.workers
            return wait
        }
        return ManagedWait(kind: .condition, object: blocker, typeName: "java.util.concurrent.locks.Condition", knownFrom: "the thread's parkBlocker")
    }

    private static let takes: Set<String> = ["take", "poll", "takeFirst", "takeLast", "pollFirst", "pollLast"]
    private static let puts: Set<String> = ["put", "offer", "putFirst", "putLast", "offerFirst", "offerLast", "transfer", "tryTransfer"]

    /// The operation on one of the queues of java.util.concurrent in which the thread is.
    private func queueOperation(_ subject: Subject, _ blocker: UInt64) -> ManagedWait? {
        for frame in subject.frames.prefix(12) {
            guard frame.method.isPlatform else { return nil }
            let type = String(frame.method.className.prefix { $0 != "$" })
            guard type.hasPrefix("java.util.concurrent."), type.hasSuffix("Queue") || type.hasSuffix("Deque") else { continue }
            let isTake = Self.takes.contains(frame.method.name)
            guard isTake || Self.puts.contains(frame.method.name) else { continue }
            return ManagedWait(
                kind: isTake ? .queueTake : .queuePut, object: local(frame, 0) ?? blocker, typeName: type,
                knownFrom: "the stack of \(frame.method.name) and the thread's parkBlocker")
        }
        return nil
    }

    // MARK: Futures

    private func futureTask(_ future: UInt64, _ type: String) -> ManagedWait {
        var wait = ManagedWait(kind: .future, object: future, typeName: type, knownFrom: "the future's runner")
        if let runner = heap.reference(future, "runner") {
            wait.ownerTID = byObject[runner]
            wait.ownerAlive = wait.ownerTID != nil
        } else if let left_s = scheduled_s(future, type) {
            wait.kind = .sleep
            wait.timeout_s = left_s
            wait.knownFrom = "the time that the future is scheduled for"
            return wait
        }
        return queued(wait)
    }

    /// Real seconds until a piece of work that is done once begins: `time` counts as System.nanoTime does, which is CLOCK_MONOTONIC (ScheduledThreadPoolExecutor.java).
    private func scheduled_s(_ future: UInt64, _ type: String) -> Double? {
        guard type == "java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask", heap.integer(future, "period") == 0, let time = heap.integer(future, "time") else { return nil }
        let left_s = Double(time) / 1e9 - HostFacts.clocks().monotonic_s
        return left_s > 0 ? left_s : nil
    }

    private func forkJoinTask(_ task: UInt64, _ type: String, by waiter: Int32) -> ManagedWait {
        guard let tid = computing[task], tid != waiter else { return ManagedWait(kind: .event, object: task, typeName: type, knownFrom: "the thread's parkBlocker") }
        var wait = ManagedWait(kind: .future, object: task, typeName: type, knownFrom: "the stack of the thread that computes it")
        wait.ownerTID = tid
        wait.ownerAlive = true
        return wait
    }

    private func completable(_ subject: Subject, _ blocker: UInt64, _ type: String) -> ManagedWait {
        let frame = subject.frames.prefix(10).first { $0.isIn("java.util.concurrent.CompletableFuture", "waitingGet") || $0.isIn("java.util.concurrent.CompletableFuture", "timedGet") }
        let future = frame.flatMap { local($0, 0) } ?? pools.future(awaitedBy: blocker)
        var wait = ManagedWait(
            kind: .future, object: future ?? blocker, typeName: "java.util.concurrent.CompletableFuture", knownFrom: "the stack of its waiter")
        if let future, let tid = computing[future] {
            wait.ownerTID = tid
            wait.ownerAlive = true
            wait.knownFrom = "the stack of the thread that computes it"
        }
        return queued(wait)
    }

    private func queued(_ wait: ManagedWait) -> ManagedWait {
        guard let executor = pools.executor(holding: wait.object) else { return wait }
        var wait = wait
        wait.executor = executor
        wait.workers = pools.pools[executor]?.workers
        wait.count = pools.pools[executor]?.length
        wait.knownFrom = "the queue of its pool"
        return wait
    }

    /// The object that a local variable of an interpreted frame refers to.
    private func local(_ frame: JavaFrame, _ index: UInt64) -> UInt64? { JavaLocals.object(frame, index, heap) }
}

/// Local variables of interpreted frames.
enum JavaLocals {
    /// Number N lies N words below the first; references in them are not compressed.
    static func object(_ frame: JavaFrame, _ index: UInt64, _ heap: JavaHeap) -> UInt64? {
        guard let locals = frame.locals, let object = heap.memory.pointer(locals &- index * 8), heap.type(of: object) != nil else { return nil }
        return object
    }
}
