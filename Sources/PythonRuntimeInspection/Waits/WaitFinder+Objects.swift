internal import Evidence

/// Found objects, described.
extension WaitFinder {
    func processLock(_ frame: PythonFrame, _ futex: UInt64) -> ManagedWait? {
        guard record.wait?.futex?.isShared == true,
            let lock = candidates(frame).lazy.filter({ objects.word($0 &+ 16) == futex }).compactMap({ ProcessLock($0, objects) }).first
        else { return nil }
        var wait = ManagedWait(kind: .semaphore, object: lock.address, typeName: lock.typeName, knownFrom: "semaphore at the futex, in a file that processes share")
        // Its method is written in C: the program's variable has the object around it.
        let owner = frame.code.isLibrary ? thread.frames.first { $0.local("self", objects) != nil && $0.code.isLibrary }?.local("self", objects) : lock.address
        wait.name = owner.flatMap { name(of: $0) }?.replacing("._semlock", with: "")
        wait.timeout_s = record.wait?.timeout_s
        // This process's own threads could release it as well.
        if process.threads.count == 1, wait.timeout_s == nil, ProcessLock.sharers(of: futex, pid: record.pid)?.isEmpty == true { wait.releasers = .complete([]) }
        return wait
    }

    /// Waiting for the interpreter's own lock: the futex lies within it (struct _gil_runtime_state, below 256 bytes).
    func interpreterLock(_ futex: UInt64) -> ManagedWait? {
        for interpreter in process.interpreters {
            guard let lock = process.states.lockAddress(of: interpreter.address), futex >= lock, futex < lock &+ 256 else { continue }
            var wait = ManagedWait(kind: .lock, object: lock, typeName: "the interpreter's lock (GIL)", knownFrom: "futex within the interpreter's lock; its last_holder field")
            if let holder = process.states.lockHolder(of: interpreter.address), let owner = process.threads.first(where: { $0.state == holder }) {
                wait.ownerTID = owner.tid
                wait.ownerAlive = true
                wait.ownerFrame = owner.frames.first?.evidence
            }
            return wait
        }
        return nil
    }

    func waiting(for lock: LockObject, _ innermost: PythonFrame) -> ManagedWait {
        if let tid = process.tidOfEndLock[lock.address] { return ending(tid) }
        // In a condition's `wait` the lock is the waiter's own; anything else there is the condition's lock.
        let isWaiter = innermost.isLibrary("threading.py", "Condition.wait") && innermost.local("waiter", objects) == lock.address
        if let library = LibraryWait.outermost(thread.frames, objects), isWaiter || library.kind == .threadEnd { return described(library) }
        return exclusive(lock)
    }

    private func exclusive(_ lock: LockObject) -> ManagedWait {
        var wait = ManagedWait(kind: .lock, object: lock.address, typeName: lock.typeName, knownFrom: "lock object whose semaphore is the futex")
        wait.timeout_s = record.wait?.timeout_s
        wait.name = name(of: lock.address)
        if let ident = lock.owner {
            let owner = process.thread(ofIdent: ident)
            wait.ownerTID = owner?.tid
            wait.ownerAlive = owner != nil
            wait.knownFrom = "owner field of threading.RLock"
            if let tid = owner?.tid, let holding = process.held.byLock[lock.address]?.first(where: { $0.tid == tid }) { wait.ownerFrame = holding.frame }
        } else if let holding = process.held.holder(of: lock.address) {
            wait.ownerTID = holding.tid
            wait.ownerAlive = true
            wait.ownerFrame = holding.frame
            wait.knownFrom = holding.knownFrom
        }
        return wait
    }

    func ending(_ tid: Int32) -> ManagedWait {
        let object = process.tidOfObject.first { $0.value == tid }?.key ?? 0
        var wait = ManagedWait(kind: .threadEnd, object: object, typeName: "threading.Thread", knownFrom: "lock that the thread's end releases")
        wait.ownerTID = tid
        wait.ownerAlive = true
        wait.timeout_s = record.wait?.timeout_s
        wait.name = process.threads.first { $0.tid == tid }?.name
        return wait
    }

    func taking(from queue: UInt64, _ isPoolWorker: Bool) -> ManagedWait {
        var wait = ManagedWait(kind: .queueTake, object: queue, typeName: "queue.SimpleQueue", knownFrom: "type of the object waited in")
        wait.timeout_s = record.wait?.timeout_s
        wait.name = name(of: queue)
        if isPoolWorker { wait.rest = "idle worker of a ThreadPoolExecutor" }
        return wait
    }

    func described(_ library: LibraryWait) -> ManagedWait {
        if library.kind == .threadEnd, let tid = process.tidOfObject[library.object] { return ending(tid) }
        var wait = ManagedWait(kind: library.kind, object: library.object, typeName: library.typeName, knownFrom: "type of the object in whose method it waits")
        wait.timeout_s = record.wait?.timeout_s
        wait.name = name(of: library.object)
        switch library.kind {
        case .barrier:
            if let parties = number("_parties", library.object), let count = number("_count", library.object) { wait.count = max(0, parties - count) }
        case .queueJoin: wait.count = number("unfinished_tasks", library.object)
        case .future: future(library.object, &wait)
        case .event:
            let caller = library.depth < thread.frames.count ? thread.frames[library.depth] : nil
            if caller.map({ several($0, &wait) }) != true { wait.rest = process.reasonToKeepWaiting(record) }
        default: break
        }
        return wait
    }

    /// Lib/concurrent/futures/_base.py: `as_completed` and `wait` wait in an event of their own for the futures that are not done, which they keep in a set.
    private func several(_ frame: PythonFrame, _ wait: inout ManagedWait) -> Bool {
        let name = ["as_completed": "pending", "wait": "not_done"].first { frame.isLibrary("concurrent/futures/_base.py", $0.key) }?.value
        guard let set = name.flatMap({ frame.local($0, objects) }) else { return false }
        let futures = AsyncTasks(objects: objects, coroutines: Coroutines(objects: objects, frames: process.frames)).elements(set)
        guard process.pools.complete(&wait, forAny: futures.filter { objects.type(of: $0)?.descends(from: "concurrent.futures._base.Future") == true }) else { return false }
        wait.kind = .future
        wait.typeName = "concurrent.futures.Future"
        return true
    }

    private func future(_ object: UInt64, _ wait: inout ManagedWait) {
        if let workers = ProcessPool.processes(ofResult: object, objects) {
            wait.processes = workers
            wait.knownFrom = "processes of the result's pool"
        } else if process.pools.complete(&wait, for: object) {
            return
        } else if let loop = AsyncFutures(objects: objects).loop(for: object, process.loops) {
            wait.ownerTID = loop.tid
            wait.ownerTask = AsyncFutures(objects: objects).task(for: object)
            wait.ownerAlive = true
            wait.knownFrom = "callback in the queue of the event loop that the thread runs"
        } else if process.stoppedLoops.keep(object, thread.frames) {
            wait.isLoopStopped = true
            wait.knownFrom = "its event loop of asyncio, which notes no thread that runs it"
        }
    }

    private func number(_ attribute: String, _ object: UInt64) -> Int? { objects.attribute(attribute, of: object).flatMap(objects.integer) }

    private func name(of object: UInt64) -> String? { ObjectNames(objects: objects).name(of: object, from: thread.frames) }
}
