internal import Evidence
internal import ProcessInspection

/// The workers of each `ThreadPoolExecutor`, what they run, and what lies queued.
struct ThreadPools {
    struct Pool {
        let executor: UInt64
        var workers: [Int32] = []
        /// Futures of the work that no worker has begun.
        var queued: [UInt64] = []
        /// Their queue, and the pieces of work in it.
        var queue: UInt64?
        var items: [UInt64] = []
    }
    private(set) var pools: [Pool] = []
    /// Thread that runs the work of a future.
    private(set) var runner: [UInt64: Int32] = [:]
    private static let queueLimit = 4096

    init(_ threads: [PythonThread], _ objects: PythonObjects) {
        for thread in threads {
            guard let frame = thread.frames.first(where: { $0.isLibrary("concurrent/futures/thread.py", "_worker") }) else { continue }
            if let item = frame.local("work_item", objects), let future = objects.attribute("future", of: item) { runner[future] = thread.tid }
            guard let executor = Self.executor(frame, objects) else { continue }
            if let known = pools.firstIndex(where: { $0.executor == executor }) {
                pools[known].workers.append(thread.tid)
            } else {
                let queue = objects.attribute("_work_queue", of: executor)
                let queued = queue.map { Self.items($0, objects) } ?? []
                pools.append(Pool(
                    executor: executor, workers: [thread.tid], queued: queued.compactMap { objects.attribute("future", of: $0) }, queue: queue, items: queued))
            }
        }
    }

    private func pool(withQueued future: UInt64) -> Pool? { pools.first { $0.queued.contains(future) } }

    /// Whether somebody works on it, or is to.
    func knows(_ future: UInt64) -> Bool { runner[future] != nil || pool(withQueued: future) != nil }

    /// Says of a wait for a future who works on it, or in whose queue it lies; false where it is no pool's.
    func complete(_ wait: inout ManagedWait, for future: UInt64) -> Bool {
        if let tid = runner[future] {
            wait.ownerTID = tid
            wait.ownerAlive = true
            wait.knownFrom = "work item on the worker's stack"
        } else if let pool = pool(withQueued: future) {
            wait.executor = pool.executor
            wait.workers = pool.workers
            wait.count = pool.queued.count
            wait.knownFrom = "work item in the executor's queue"
        } else {
            return false
        }
        return true
    }

    /// The same of a wait for several futures, any of which lets it go on: those who work on them, and where nobody does, in whose queue they lie.
    func complete(_ wait: inout ManagedWait, forAny futures: [UInt64]) -> Bool {
        guard !futures.isEmpty, futures.allSatisfy(knows) else { return false }
        let runners = Set(futures.compactMap { runner[$0] })
        if runners.isEmpty { return complete(&wait, for: futures[0]) }
        wait.workers = runners.sorted()
        wait.count = futures.count
        wait.knownFrom = "work items on the workers' stacks"
        return true
    }

    /// From 3.14 on the executor comes in a context; up to then behind a weak reference (wr_object 16).
    private static func executor(_ frame: PythonFrame, _ objects: PythonObjects) -> UInt64? {
        guard let reference = frame.local("executor_reference", objects), let executor = objects.word(reference &+ 16),
            objects.type(of: executor)?.descends(from: "concurrent.futures.thread.ThreadPoolExecutor") == true
        else { return nil }
        return executor
    }

    /// simplequeueobject (Modules/_queuemodule.c): up to 3.12 lst 32, lst_pos 40; then a ring: get_idx 32, items 40, items_cap 48, num_items 56.
    private static func items(_ queue: UInt64, _ objects: PythonObjects) -> [UInt64] {
        guard objects.type(of: queue)?.fullName == "_queue.SimpleQueue" else { return [] }
        if objects.layout.simpleQueueHasLock {
            guard let list = objects.word(queue &+ 32), let position = objects.word(queue &+ 40), position < 1 << 24 else { return [] }
            return Array(objects.list(list).dropFirst(Int(position)))
        }
        guard let ring = try? objects.memory.array(of: UInt64.self, at: queue &+ 32, count: 4), ring[2] > 0, ring[3] <= ring[2], ring[2] < 1 << 24 else { return [] }
        return (0..<min(ring[3], UInt64(queueLimit))).compactMap { objects.word(ring[1] &+ 8 * ((ring[0] &+ $0) % ring[2])) }
    }
}
