internal import Evidence
internal import ProcessInspection

/// Threads in `DispatchQueue.sync`: which queue they wait for and who drains it.
///
/// A waiter leaves a dispatch_sync_context_s on its stack, with its event in it (libdispatch src/queue_internal.h and queue.c,
/// `_dispatch_sync_f_slow`): dc_ctxt at +40 holds its own address, dc_other at +56 the queue. A queue's dq_state lies at +56, with
/// the draining thread's id in the bits of FUTEX_TID_MASK, its label at +72 (`struct dispatch_lane_s`).
struct DispatchQueueWaits {
    private static let contextAt: UInt64 = 40
    private static let queueAt: UInt64 = 56
    private static let stateAt: UInt64 = 56
    private static let labelAt: UInt64 = 72
    /// The event lies this far into the context at most.
    private static let reach: UInt64 = 192
    private static let ownerMask: UInt32 = 0x3fff_ffff

    let memory: any MemoryReader
    /// By concurrent queue: the threads that stand in blocks of it.
    var readers: [UInt64: [Int32]] = [:]

    /// By thread: its wait, completed with the queue as what is waited for.
    func waits(of threads: [ThreadRecord]) -> [Int32: ThreadWait] {
        // In another pid namespace the owner has another number there: then it stays unknown.
        let living = Set(threads.map(\.tid))
        let inside = threads.filter(Self.isInBlock).map(\.tid)
        var found: [Int32: ThreadWait] = [:]
        for thread in threads {
            guard var wait = thread.wait, let futex = wait.futex, thread.stack.elements.contains(where: { $0.function == "__DISPATCH_WAIT_FOR_QUEUE__" }),
                let queue = queue(waitedForAt: futex.address)
            else { continue }
            wait.futex = complete(futex, with: queue, living)
            // Readers of a concurrent queue are counted, not named: their own threads know where they stand.
            let others = (readers[queue] ?? []).filter { $0 != thread.tid && living.contains($0) }
            if wait.futex?.ownerTID == nil, others.count == 1, !isSuspended(queue) { wait.futex?.ownerTID = others[0] }
            // Where this thread is the only one in a block of any queue, it waits for itself.
            if wait.futex?.ownerTID == nil, inside == [thread.tid], !isSuspended(queue) { wait.futex?.ownerTID = thread.tid }
            found[thread.tid] = wait
        }
        return found
    }

    private func queue(waitedForAt event: UInt64) -> UInt64? {
        for distance in stride(from: 0, through: Self.reach, by: 8) {
            let context = (event & ~7) &- distance
            guard memory.word(context &+ Self.contextAt) == context else { continue }
            return memory.word(context &+ Self.queueAt)
        }
        return nil
    }

    /// In the middle of a block of a queue, whichever way it was handed over.
    static func isInBlock(_ thread: ThreadRecord) -> Bool { thread.stack.elements.contains(where: runsBlock) }

    /// A function of Dispatch's that runs a block.
    static func runsBlock(_ frame: Frame) -> Bool {
        let function = frame.function ?? ""
        return function.hasSuffix("_invoke_and_complete") || function == "_dispatch_client_callout" || function == "_dispatch_call_block_and_release" || function.hasPrefix("_dispatch_block_")
    }

    /// The count of suspensions stands in the topmost bits of dq_state (DISPATCH_QUEUE_SUSPEND_BITS_MASK); unreadable counts as suspended.
    private func isSuspended(_ queue: UInt64) -> Bool { memory.word(queue &+ Self.stateAt).map { $0 >> 55 != 0 } ?? true }

    private func complete(_ futex: FutexWait, with queue: UInt64, _ living: Set<Int32>) -> FutexWait {
        var futex = futex
        futex.object = .mutex
        futex.objectAddress = queue
        futex.flavour = "dispatch queue"
        let owner = Int32(truncatingIfNeeded: (memory.half(queue &+ Self.stateAt) ?? 0) & Self.ownerMask)
        if living.contains(owner) { futex.ownerTID = owner }
        let label = memory.word(queue &+ Self.labelAt).flatMap { try? memory.string(at: $0, limit: 128) }
        futex.knownFrom = "the drain lock of Dispatch queue" + (label.map { $0.isEmpty ? "" : " \"\($0)\"" } ?? "")
        return futex
    }
}
