internal import ProcessInspection

/// Queues of libdispatch in a process's memory, and which one each thread drains.
///
/// swift-corelibs-libdispatch 6.x, src/queue_internal.h (`struct dispatch_lane_s`) and src/shims/tsd.h (`struct dispatch_tsd`), 64-bit Linux;
/// the offsets were checked on running programs.
struct DispatchQueues {
    struct Queue: Hashable {
        var address: UInt64
        var label: String
        /// Of the queue that it takes its threads from, such as `com.apple.root.default-qos`.
        var targetLabel: String?
        /// Most threads that drain it at once; 1 for a serial queue.
        var width: Int
        /// What is enqueued and was not begun, as far as it could be followed.
        var items: [UInt64]
        var isWhole: Bool
    }
    private enum Offset {
        static let target: UInt64 = 24
        static let tail: UInt64 = 48
        static let label: UInt64 = 72
        /// dq_atomic_flags: the width in the low 16 bits.
        static let flags: UInt64 = 80
        static let head: UInt64 = 104
        /// Of an item (dispatch_continuation_s): the next one, and dc_ctxt.
        static let next: UInt64 = 16
        static let context: UInt64 = 40
        /// Of a thread's dispatch_tsd: {tid, queue ...}.
        static let currentQueue: UInt64 = 8
        /// The frame of the block around the innermost one: {queue, frame}, dispatch_thread_frame_s.
        static let frame: UInt64 = 16
    }
    private static let maximumItems = 100_000
    private static let maximumNesting = 32
    /// A thread's storage is searched so far for Dispatch's part of it, where the program holds the library.
    private static let maximumStorage: UInt64 = 1 << 16

    private let memory: any MemoryReader
    private let mappings: [MemoryMapping]
    /// Dispatch's library, or the executable that holds it.
    private let path: String
    private let module: UInt64
    private let isStatic: Bool
    /// Dispatch's main queue; nil where it has no symbol.
    let mainQueue: UInt64?

    init?(memory: any MemoryReader, mappings: [MemoryMapping], runtime: ConcurrencyRuntime, staticSymbol: (String) -> UInt64?) {
        self.memory = memory
        self.mappings = mappings
        let name = "_dispatch_main_q"
        if let library = mappings.first(where: { $0.fileOffset == 0 && $0.path.split(separator: "/").last?.hasPrefix("libdispatch.so") == true }) {
            guard let image = DynamicImage(at: library.start, memory: memory), let module = image.threadLocalModule() else { return nil }
            path = library.path
            isStatic = false
            self.module = module
            mainQueue = image.symbols([name])[name]
        } else {
            guard runtime.isStatic, let module = runtime.threadLocalModule else { return nil }
            path = runtime.path
            isStatic = true
            self.module = module
            mainQueue = staticSymbol(name)
        }
    }

    /// Nil when there is no queue at the address.
    func queue(at address: UInt64) -> Queue? {
        guard address & 7 == 0, address > 4096, let type = memory.word(address), mappings.containing(type)?.path == path,
            let name = memory.word(address &+ Offset.label), let flags = memory.half(address &+ Offset.flags), flags & 0xffff > 0
        else { return nil }
        var queue = Queue(address: address, label: text(name), width: Int(flags & 0xffff), items: [], isWhole: true)
        if let target = memory.word(address &+ Offset.target), target != 0 { queue.targetLabel = memory.word(target &+ Offset.label).map(text) }
        guard memory.word(address &+ Offset.tail) ?? 0 != 0 else { return queue }
        var seen: Set<UInt64> = []
        var next = memory.word(address &+ Offset.head) ?? 0
        while next != 0, next & 7 == 0 {
            guard queue.items.count < Self.maximumItems, seen.insert(next).inserted else {
                queue.isWhole = false
                break
            }
            queue.items.append(next)
            next = memory.word(next &+ Offset.next) ?? 0
        }
        return queue
    }

    private func text(_ address: UInt64) -> String { address == 0 ? "" : (try? memory.string(at: address, limit: 128)) ?? "" }

    /// The queue that a thread drains; 0 for none, nil when it cannot be told.
    func queueDrained(by tid: Int32, block: UInt64) -> UInt64? {
        guard let vector = memory.word(block &+ 8), let storage = memory.word(vector &+ module &* 16), storage != 0, storage != UInt64.max else { return nil }
        let id = UInt32(bitPattern: tid)
        if !isStatic { return memory.half(storage) == id ? memory.word(storage &+ Offset.currentQueue) : nil }
        // In an executable's own storage, which ends at the thread control block, it lies anywhere; others keep the id there too.
        guard storage < block, block - storage <= Self.maximumStorage else { return nil }
        guard let words = try? memory.bytes(at: storage & ~7, upTo: Int(block - storage)).words else { return nil }
        return zip(words, words.dropFirst()).first { UInt32(truncatingIfNeeded: $0) == id && $1 != 0 && queue(at: $1) != nil }?.1 ?? 0
    }

    /// The queues in whose blocks a thread stands, innermost first: dispatch_sync nests them.
    func queuesAround(_ tid: Int32, block: UInt64) -> [Queue] {
        guard !isStatic, let vector = memory.word(block &+ 8), let storage = memory.word(vector &+ module &* 16), storage != 0, storage != UInt64.max,
            memory.half(storage) == UInt32(bitPattern: tid)
        else { return [] }
        var found: [Queue] = []
        var (current, frame) = memory.pair(storage &+ Offset.currentQueue) ?? (0, 0)
        for _ in 0..<Self.maximumNesting {
            if current != 0, !found.contains(where: { $0.address == current }), let queue = queue(at: current) { found.append(queue) }
            guard frame != 0, frame & 7 == 0, let outer = memory.pair(frame) else { break }
            (current, frame) = outer
        }
        return found
    }

    /// The first queue that an object refers to, as executors do to theirs: itself, or by the Swift object that stands for it.
    func queue(ofObjectAt object: UInt64, size: Int) -> Queue? {
        guard size > 16, let bytes = try? memory.bytes(at: object &+ 16, upTo: min(size - 16, 1 << 10)) else { return nil }
        return bytes.words.lazy.compactMap { word in
            guard word & 7 == 0, word > 4096 else { return nil }
            // DispatchQueue in Queue.swift of swift-corelibs-libdispatch has one property, the queue itself.
            return queue(at: word) ?? memory.word(word &+ 16).flatMap(queue(at:))
        }.first
    }

    /// Which of the jobs each item of a queue would run: handed over as its context, or captured by its closure.
    func jobs(of queue: Queue, among isJob: (UInt64) -> Bool) -> [UInt64] {
        queue.items.prefix(10_000).compactMap { item in
            guard let context = memory.word(item &+ Offset.context), context != 0 else { return nil }
            if isJob(context) { return context }
            // A block {isa, flags, invoke, descriptor, function, Swift context} and that context's {metadata, refcount, captured ...}.
            guard let captured = try? memory.bytes(at: context, upTo: 64).words else { return nil }
            if let job = captured.first(where: isJob) { return job }
            for inner in captured where inner & 7 == 0 && inner > 4096 {
                if let job = (try? memory.bytes(at: inner, upTo: 64))?.words.first(where: isJob) { return job }
            }
            return nil
        }
    }
}
