internal import Evidence

/// Pools of processes (Lib/multiprocessing/pool.py, Lib/concurrent/futures/process.py).
enum ProcessPool {
    /// Where workers take their tasks: file, function, and the method of the queue.
    private static let loops = [
        ("multiprocessing/pool.py", "worker", "SimpleQueue.get", "multiprocessing.Pool"),
        ("concurrent/futures/process.py", "_process_worker", "Queue.get", "ProcessPoolExecutor"),
    ]

    /// A worker that waits for its next task: in its queue, with or without the queue's lock.
    static func restOfWorker(_ thread: PythonThread) -> ManagedWait? {
        for (file, function, get, pool) in loops {
            guard let row = thread.frames.firstIndex(where: { $0.isLibrary(file, function) }), row > 0, thread.frames[row - 1].isLibrary("multiprocessing/queues.py", get) else { continue }
            var wait = ManagedWait(kind: .queueTake, object: 0, typeName: "the pool's next task", knownFrom: "the worker's stack")
            wait.rest = "idle worker of a \(pool)"
            return wait
        }
        return nil
    }

    /// The processes of the pool that a result is to come from; nil for other futures.
    static func processes(ofResult result: UInt64, _ objects: PythonObjects) -> [Int32]? {
        guard objects.type(of: result)?.descends(from: "multiprocessing.pool.ApplyResult") == true, let pool = objects.attribute("_pool", of: result),
            let members = objects.attribute("_pool", of: pool)
        else { return nil }
        let pids = objects.list(members).prefix(4096).compactMap { member in
            objects.attribute("_popen", of: member).flatMap { objects.attribute("pid", of: $0) }.flatMap(objects.integer)
        }
        return pids.map { Int32(truncatingIfNeeded: $0) }
    }
}
