internal import Evidence
internal import ProcessInspection

/// What Dispatch's queues hold at one moment: those that threads drain, the main queue, and Swift's global ones.
struct DispatchState: Sendable {
    /// By address.
    private(set) var queues: [UInt64: DispatchQueues.Queue] = [:]
    /// By thread: the queue that it drains; 0 for none.
    private(set) var drained: [Int32: UInt64] = [:]
    private(set) var mainQueue: UInt64?
    /// By thread: a serial queue that waits for the block in which the thread stands.
    private(set) var blocked: [Int32: BlockedQueue] = [:]
    /// By concurrent queue: the threads that stand in blocks of it.
    private(set) var readers: [UInt64: [Int32]] = [:]

    /// The label that the runtime gives its queues, one a priority: stdlib/public/Concurrency/DispatchGlobalExecutor.cpp.
    static let globalLabel = "Swift global concurrent queue"
    private static let maximumData: UInt64 = 1 << 20

    init(_ dispatch: DispatchQueues, threads: CurrentTasks, runtime: ConcurrencyRuntime, memory: any MemoryReader, mappings: [MemoryMapping]) {
        for thread in threads.threads {
            let around = dispatch.queuesAround(thread.tid, block: thread.block)
            for queue in around where queue.width > 1 { readers[queue.address, default: []].append(thread.tid) }
            if let behind = around.first(where: { $0.width == 1 && !$0.items.isEmpty }) {
                blocked[thread.tid] = BlockedQueue(label: behind.label, queued: behind.items.count)
            }
            guard let address = dispatch.queueDrained(by: thread.tid, block: thread.block) else { continue }
            drained[thread.tid] = address
            if address != 0, queues[address] == nil { queues[address] = dispatch.queue(at: address) }
        }
        if let main = dispatch.mainQueue, let queue = dispatch.queue(at: main) {
            mainQueue = main
            queues[main] = queue
        }
        // A queue that no thread drains is known to the runtime's own table of them (globalQueueCache).
        guard !runtime.isStatic else { return }
        for mapping in mappings where mapping.isWritable && runtime.image.range.overlaps(mapping.start..<mapping.end) && mapping.end - mapping.start <= Self.maximumData {
            for word in Set((try? memory.bytes(at: mapping.start, upTo: Int(mapping.end - mapping.start)))?.words ?? []) where queues[word] == nil {
                if let queue = dispatch.queue(at: word), queue.label == Self.globalLabel { queues[word] = queue }
            }
        }
    }
}
