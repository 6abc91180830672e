internal import Evidence

/// What one thread waits for in Python's terms.
///
/// The kernel names the futex; the lock object that keeps its semaphore there is looked for among the values of
/// the innermost frame; the types of the objects in whose methods the thread stands tell what the lock is part of.
struct WaitFinder {
    let process: PythonProcess
    let thread: PythonThread
    let record: ThreadRecord
    private var objects: PythonObjects { process.objects }

    init(process: PythonProcess, thread: PythonThread, record: ThreadRecord) {
        self.process = process
        self.thread = thread
        self.record = record
    }

    /// nil for a thread that runs, or waits for what the system call alone tells.
    func wait() -> ManagedWait? {
        guard let futex = record.wait?.futex?.address, let innermost = thread.frames.first else { return nil }
        if let wait = interpreterLock(futex) { return wait }
        let isPoolWorker = innermost.isLibrary("concurrent/futures/thread.py", "_worker")
        if let (lock, simpleQueue) = lockAndQueue(innermost, futex) {
            if let simpleQueue { return taking(from: simpleQueue, isPoolWorker) }
            if let lock { return waiting(for: lock, innermost) }
        }
        // Python 3.13 waits for threads and simple queues in a parking lot of its own, whose futex belongs to no object.
        if isPoolWorker, let queue = innermost.local("work_queue", objects) { return taking(from: queue, true) }
        if let library = LibraryWait.outermost(thread.frames, objects), library.kind == .threadEnd { return described(library) }
        return simpleQueue(among: innermost).map { taking(from: $0, false) }
    }

    // MARK: Finding the object

    /// Values of the frame that may be the object, with what bound methods are bound to, and attributes of `self`.
    private func candidates(_ frame: PythonFrame) -> [UInt64] {
        var values: [UInt64] = frame.slots.filter { PythonObjects.isPlausible($0) } + frame.locals(objects).map(\.value)
        for value in frame.slots {
            guard let type = objects.type(of: value)?.fullName, type == "builtin_function_or_method" || type == "method" else { continue }
            if let this = objects.word(value &+ 24) { values.append(this) }
        }
        if let this = frame.local("self", objects) { values += objects.attributes(of: this).prefix(256).map(\.value) }
        values += objects.entries(of: frame.globals).map(\.value)
        var seen: Set<UInt64> = []
        return values.filter { seen.insert($0).inserted }
    }

    private func lockAndQueue(_ frame: PythonFrame, _ futex: UInt64) -> (lock: LockObject?, queue: UInt64?)? {
        for value in candidates(frame) {
            // Both kinds of lock and the simple queue keep their semaphore's address at 16.
            guard objects.word(value &+ 16) == futex else { continue }
            if let lock = LockObject(value, objects) { return (lock, nil) }
            if objects.layout.simpleQueueHasLock, objects.type(of: value)?.fullName == "_queue.SimpleQueue" { return (nil, value) }
        }
        return nil
    }

    private func simpleQueue(among frame: PythonFrame) -> UInt64? {
        guard !objects.layout.simpleQueueHasLock else { return nil }
        let queues = candidates(frame).filter { objects.type(of: $0)?.fullName == "_queue.SimpleQueue" }
        return queues.count == 1 ? queues[0] : nil
    }

    // MARK: Describing it

    /// Waiting for the interpreter's own lock: the futex lies within it (struct _gil_runtime_state, below 256 bytes).
    private func interpreterLock(_ futex: UInt64) -> ManagedWait? {
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

    private func waiting(for lock: LockObject, _ innermost: PythonFrame) -> ManagedWait {
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

    private func ending(_ tid: Int32) -> ManagedWait {
        let object = process.tidOfObject.first { $0.value == tid }?.key ?? 0
        var wait = ManagedWait(kind: .threadEnd, object: object, typeName: "threading.Thread", knownFrom: "lock that the thread's end releases")
        wait.ownerTID = tid
        wait.ownerAlive = true
        wait.timeout_s = record.wait?.timeout_s
        wait.name = process.threads.first { $0.tid == tid }?.name
        return wait
    }

    private func taking(from queue: UInt64, _ isPoolWorker: Bool) -> ManagedWait {
        var wait = ManagedWait(kind: .queueTake, object: queue, typeName: "queue.SimpleQueue", knownFrom: "type of the object waited in")
        wait.timeout_s = record.wait?.timeout_s
        wait.name = name(of: queue)
        if isPoolWorker { wait.rest = "idle worker of a ThreadPoolExecutor" }
        return wait
    }

    private func described(_ library: LibraryWait) -> ManagedWait {
        if library.kind == .threadEnd, let tid = process.tidOfObject[library.object] { return ending(tid) }
        var wait = ManagedWait(kind: library.kind, object: library.object, typeName: library.typeName, knownFrom: "type of the object in whose method it waits")
        wait.timeout_s = record.wait?.timeout_s
        wait.name = name(of: library.object)
        switch library.kind {
        case .barrier:
            if let parties = number("_parties", library.object), let count = number("_count", library.object) { wait.count = max(0, parties - count) }
        case .queueJoin: wait.count = number("unfinished_tasks", library.object)
        case .future: future(library.object, &wait)
        default: break
        }
        return wait
    }

    private func future(_ object: UInt64, _ wait: inout ManagedWait) {
        if let tid = process.pools.runner[object] {
            wait.ownerTID = tid
            wait.ownerAlive = true
            wait.knownFrom = "work item on the worker's stack"
        } else if let pool = process.pools.pool(withQueued: object) {
            wait.executor = pool.executor
            wait.workers = pool.workers
            wait.count = pool.queued.count
            wait.knownFrom = "work item in the executor's queue"
        }
    }

    private func number(_ attribute: String, _ object: UInt64) -> Int? { objects.attribute(attribute, of: object).flatMap(objects.integer) }

    private func name(of object: UInt64) -> String? { ObjectNames(objects: objects).name(of: object, from: thread.frames) }
}
