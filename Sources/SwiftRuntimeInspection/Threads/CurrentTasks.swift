internal import ProcessInspection

/// What each thread runs, from the concurrency runtime's thread-local storage.
///
/// Needs no stop and no registers: glibc's thread control blocks are found in memory, since each
/// holds its own address twice and its thread's id.
struct CurrentTasks {
    struct OnThread: Hashable {
        var tid: Int32
        /// Address of the task; 0 when the thread runs none.
        var task: UInt64
        /// Identity of the executor it runs on: an actor, or 0 for the global pool or none.
        var executor: UInt64
        /// Identity of the task executor it runs on; 0 for none.
        var taskExecutor: UInt64 = 0
        /// Its thread control block.
        var block: UInt64 = 0
    }
    var threads: [OnThread] = []
    /// Why some threads are missing.
    var shortfall: String?

    /// - Parameters:
    ///   - blocks: candidate addresses of thread control blocks.
    ///   - tids: the threads that live.
    ///   - running: addresses of tasks that run: what tells the runtime's words from others in a static executable.
    init(blocks: [UInt64], tids: Set<Int32>, running: Set<UInt64>, runtime: ConcurrencyRuntime, memory: any MemoryReader) {
        guard let module = runtime.threadLocalModule else {
            shortfall = "the runtime's thread-local storage could not be located"
            return
        }
        var seen: Set<Int32> = []
        for block in blocks {
            guard let tid = Self.thread(of: block, tids: tids, memory: memory), seen.insert(tid).inserted else { continue }
            // dtv[module] of the thread control block: TLS variant II, sysdeps/x86_64/nptl/tls.h; two words an entry.
            guard let vector = memory.word(block &+ 8), let storage = memory.word(vector &+ module &* 16),
                storage != 0, storage != UInt64.max  // TLS_DTV_UNALLOCATED
            else {
                threads.append(OnThread(tid: tid, task: 0, executor: 0, block: block))
                continue
            }
            var place = storage &+ runtime.layout.threadLocal.activeTask
            if runtime.isStatic {
                let found = Self.staticPlace(storage, block, running, memory)
                guard let found else {
                    threads.append(OnThread(tid: tid, task: 0, executor: 0, block: block))
                    continue
                }
                place = found
            }
            let task = memory.word(place) ?? 0
            let tracking = memory.word(
                place &- runtime.layout.threadLocal.activeTask &+ runtime.layout.threadLocal.executorTracking) ?? 0
            // ExecutorTrackingInfo (ExecutorImpl.h, Actor.cpp) begins with the serial executor and the task executor, two words each.
            let executor = tracking == 0 ? 0 : memory.word(tracking) ?? 0
            let taskExecutor = tracking == 0 ? 0 : memory.word(tracking &+ 16) ?? 0
            threads.append(OnThread(tid: tid, task: task, executor: executor, taskExecutor: taskExecutor, block: block))
        }
        if seen.count < tids.count { shortfall = "\(tids.count - seen.count) threads have no thread control block that was found" }
    }

    /// Where in an executable's own storage, which ends at the thread control block, the current task lies.
    private static func staticPlace(_ storage: UInt64, _ block: UInt64, _ running: Set<UInt64>, _ memory: any MemoryReader) -> UInt64? {
        guard storage < block, block - storage <= 1 << 16 else { return nil }
        return stride(from: storage & ~7, to: block, by: 8).first { place in memory.word(place).map(running.contains) ?? false }
    }

    /// glibc's `struct pthread` keeps the thread id at 0x2d0 (nptl/descr.h, x86-64, 2.27 to 2.41).
    private static let tidOffset: UInt64 = 0x2d0

    private static func thread(of block: UInt64, tids: Set<Int32>, memory: any MemoryReader) -> Int32? {
        guard let tid = threadID(of: block, memory: memory), tids.contains(tid) else { return nil }
        return tid
    }

    /// The id that a thread control block names; 0 once its thread has exited.
    static func threadID(of block: UInt64, memory: any MemoryReader) -> Int32? {
        try? memory.load(Int32.self, at: block &+ tidOffset)
    }
}
