internal import Evidence
internal import ProcessInspection

/// What one thread waits for in Python's terms.
///
/// The kernel names the futex; the lock object that keeps its semaphore there is looked for among the values of
/// the innermost frame; the types of the objects in whose methods the thread stands tell what the lock is part of.
struct WaitFinder {
    let process: PythonProcess
    let thread: PythonThread
    let record: ThreadRecord
    var objects: PythonObjects { process.objects }

    init(process: PythonProcess, thread: PythonThread, record: ThreadRecord) {
        self.process = process
        self.thread = thread
        self.record = record
    }

    /// nil for a thread that runs, or waits for what the system call alone tells.
    func wait() -> ManagedWait? {
        if let rest = ProcessPool.restOfWorker(thread) { return rest }
        guard let futex = record.wait?.futex?.address, let innermost = thread.frames.first else { return nil }
        if let wait = interpreterLock(futex) { return wait }
        if let wait = processLock(innermost, futex) { return wait }
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

    /// The argument of `time.sleep`, which Python 3.11 and later turn into a time of day of the monotonic clock (Modules/timemodule.c,
    /// pysleep): it lies on the value stack above the function that was called.
    var asked_s: Double? {
        guard record.wait?.kind == .sleep, let frame = thread.frames.first else { return nil }
        let stack = Array(frame.slots.dropFirst(frame.code.localNames.count))
        guard let call = stack.lastIndex(where: isSleep), call + 1 < stack.count else { return nil }
        return objects.seconds(stack[call + 1])
    }

    /// What the answer that it reads from a connection still owes it.
    var owedRest: String? { record.wait?.kind == .descriptors ? AnswerRest(objects: objects).words(thread.frames) : nil }

    /// PyCFunctionObject: m_ml 16, whose first word is the function's name (Include/methodobject.h).
    private func isSleep(_ value: UInt64) -> Bool {
        guard objects.type(of: value)?.fullName == "builtin_function_or_method", let name = objects.word(value &+ 16).flatMap(objects.word) else { return false }
        return (try? objects.memory.string(at: name, limit: 16)) == "sleep"
    }

    // MARK: Finding the object

    /// Values of the frame that may be the object, with what bound methods are bound to, and attributes of `self`.
    func candidates(_ frame: PythonFrame) -> [UInt64] {
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
}
