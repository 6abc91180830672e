internal import Evidence

/// Thread pools: their workers, and the work that lies queued in them.
struct JavaPools {
    struct Pool {
        var typeName: String
        var workers: [Int32]
        /// Futures whose work is in the queue, and those that come of them.
        var queued: Set<UInt64>
        /// Pieces of work in the queue.
        var length: Int
        /// Those that are of the platform's own making, as what a client runs by the program's pool.
        var platformWork: [UInt64] = []
        /// The classes of what they call, and of what the workers are in the middle of.
        var queuedTypes: Set<String> = []
        var runningTypes: Set<String> = []
    }
    /// By the executor's address.
    private(set) var pools: [UInt64: Pool] = [:]
    private var poolOfThread: [Int32: UInt64] = [:]
    private let heap: JavaHeap

    private static let queueLimit = 10_000

    init(_ threads: [(tid: Int32, facts: JavaThreadFacts)], _ heap: JavaHeap) {
        self.heap = heap
        for (tid, facts) in threads {
            guard let executor = Self.executor(of: facts, heap) else { continue }
            poolOfThread[tid] = executor
            pools[executor, default: Pool(typeName: heap.typeName(of: executor) ?? "", workers: [], queued: [], length: 0)].workers.append(tid)
        }
        for executor in pools.keys {
            guard let queue = heap.reference(executor, "workQueue") else { continue }
            let work = Self.elements(queue, heap)
            pools[executor]?.length = work.count
            pools[executor]?.queued = JavaDependents.all(of: work.flatMap { Self.futures(of: $0, heap) }, heap)
            pools[executor]?.platformWork = work.filter { JavaReleasing.isPlatform(Self.type(ofWork: $0, heap)) }
            pools[executor]?.queuedTypes = Set(work.map { Self.type(ofWork: $0, heap) })
        }
    }

    /// Notes what the pools' workers are in the middle of, by the futures whose runners they are.
    mutating func note(_ subjects: [JavaWaitReader.Subject]) {
        for subject in subjects {
            guard let executor = poolOfThread[subject.thread.tid],
                let frame = subject.frames.last(where: { $0.isIn("java.util.concurrent.FutureTask", "run") || $0.isIn("java.util.concurrent.ThreadPoolExecutor", "runWorker") && JavaLocals.object($0, 2, heap) != nil })
            else { continue }
            let isFuture = frame.method.name == "run"
            let task = subject.frames.last { $0.isIn("java.util.concurrent.FutureTask", "run") }.flatMap { JavaLocals.object($0, 0, heap) } ?? (isFuture ? nil : JavaLocals.object(frame, 2, heap))
            if let task { pools[executor]?.runningTypes.insert(Self.type(ofWork: task, heap)) }
        }
    }

    /// The class that a piece of work belongs to: of what a future calls.
    private static func type(ofWork work: UInt64, _ heap: JavaHeap) -> String {
        let called = heap.reference(work, "callable") ?? heap.reference(work, "fn") ?? work
        return heap.typeName(of: heap.reference(called, "task") ?? called) ?? ""
    }

    func pool(of tid: Int32) -> UInt64? { poolOfThread[tid] }

    /// Marks the waits of pools none of whose threads is free while work lies in the queue: that work might end them.
    ///
    /// - Parameter mayEnd: whether that is so, by the code of what lies in an executor's queue.
    func markStarved(_ waits: inout [Int32: ManagedWait], mayEnd: (ManagedWait, _ executor: UInt64) -> Bool) {
        for (executor, pool) in pools where pool.length > 0 {
            let all = pool.workers.allSatisfy { waits[$0].map { $0.rest == nil && $0.timeout_s == nil && $0.kind != .sleep } ?? false }
            // More of the same would begin by waiting at the same semaphore, and give nothing back.
            let isMoreOfTheSame = !pool.queuedTypes.isEmpty && pool.queuedTypes == pool.runningTypes
            if all { markLed(pool, executor, &waits) }
            for tid in pool.workers where all {
                guard let wait = waits[tid], [.condition, .event, .semaphore, .barrier].contains(wait.kind), wait.kind != .semaphore || !isMoreOfTheSame, mayEnd(wait, executor) else { continue }
                waits[tid]?.executor = executor
                waits[tid]?.workers = pool.workers
            }
        }
    }

    /// Marks the waits for futures that work of the platform's own in the queue leads to: the platform completes them by this very pool.
    private func markLed(_ pool: Pool, _ executor: UInt64, _ waits: inout [Int32: ManagedWait]) {
        let open = pool.workers.filter { tid in waits[tid].map { $0.kind == .future && $0.ownerTID == nil && $0.executor == nil && $0.object != 0 } == true }
        guard !open.isEmpty, !pool.platformWork.isEmpty else { return }
        let led = JavaLeads.reached(from: pool.platformWork, among: Set(open.compactMap { waits[$0]?.object }), heap)
        for tid in open where waits[tid].map({ led.contains($0.object) }) == true {
            waits[tid]?.executor = executor
            waits[tid]?.workers = pool.workers
            waits[tid]?.count = pool.length
            waits[tid]?.knownFrom = "work of the platform's own in the queue of its pool"
        }
    }

    /// The executor in whose queue a future's work lies.
    func executor(holding future: UInt64) -> UInt64? { pools.first { $0.value.queued.contains(future) }?.key }

    private static let completionLimit = 256

    /// The queued CompletableFuture on whose list of dependents a waiter's Signaller stands.
    func future(awaitedBy signaller: UInt64) -> UInt64? {
        pools.values.lazy.flatMap(\.queued).first { future in
            var completion = heap.reference(future, "stack")
            for _ in 0..<Self.completionLimit {
                guard let current = completion, current != signaller else { return completion != nil }
                completion = heap.reference(current, "next")
            }
            return false
        }
    }

    private static func executor(of facts: JavaThreadFacts, _ heap: JavaHeap) -> UInt64? {
        if let task = facts.task, heap.typeName(of: task) == "java.util.concurrent.ThreadPoolExecutor$Worker" { return heap.reference(task, "this$0") }
        if heap.ancestry(of: facts.object).contains("java.util.concurrent.ForkJoinWorkerThread") { return heap.reference(facts.object, "pool") }
        return nil
    }

    /// What the queues of java.util.concurrent hold.
    static func elements(_ queue: UInt64, _ heap: JavaHeap) -> [UInt64] {
        for field in ["items", "queue"] {
            if let array = heap.reference(queue, field) { return heap.elements(ofArray: array) }
        }
        var result: [UInt64] = []
        var node = heap.reference(queue, "head") ?? heap.reference(queue, "first")
        while let current = node, result.count < queueLimit {
            if let item = heap.reference(current, "item") { result.append(item) }
            let next = heap.reference(current, "next")
            node = next == current ? nil : next
        }
        return result
    }

    /// The futures that running this piece of work would complete.
    private static func futures(of work: UInt64, _ heap: JavaHeap) -> [UInt64] {
        [work] + ["dep", "task"].compactMap { heap.reference(work, $0) }
    }
}
