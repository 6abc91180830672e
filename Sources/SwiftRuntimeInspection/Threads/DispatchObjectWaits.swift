internal import Evidence
internal import ProcessInspection

/// Threads that wait for a semaphore or a group of Dispatch: what it was made with, or how often it was entered and not left.
///
/// swift-corelibs-libdispatch 6.x, src/semaphore_internal.h, 64-bit Linux: behind the object's header of 48 bytes a semaphore has its value,
/// the value it was made with, and a sem_t; a group its state {bits u32, generation u32}. The offsets were checked on running programs.
struct DispatchObjectWaits {
    private static let header: UInt64 = 48
    private static let original: UInt64 = 56
    private static let kernelSemaphore: UInt64 = 64
    private static let generation: UInt64 = 52
    /// DISPATCH_GROUP_VALUE_MASK: entries are counted downwards, above two bits for flags.
    private static let entriesMask: UInt32 = 0xffff_fffc
    private static let maximumCount: Int64 = 1 << 24

    let memory: any MemoryReader

    /// By thread: its wait, completed with the Dispatch object.
    func waits(of threads: [ThreadRecord]) -> [Int32: ThreadWait] {
        var found: [Int32: ThreadWait] = [:]
        for thread in threads {
            guard var wait = thread.wait, let futex = wait.futex else { continue }
            let functions = thread.stack.elements.prefix(12).compactMap(\.function)
            let complete = functions.contains("_dispatch_semaphore_wait_slow") ? semaphore(futex)
                : functions.contains("_dispatch_group_wait_slow") ? group(futex) : nil
            guard let complete else { continue }
            wait.futex = complete
            found[thread.tid] = wait
        }
        return found
    }

    private func semaphore(_ futex: FutexWait) -> FutexWait? {
        let object = futex.address &- Self.kernelSemaphore
        guard let (value, original) = memory.pair(object &+ Self.header) else { return nil }
        // Whoever waits has taken one more than there were.
        let count = Int64(bitPattern: original)
        guard (-Self.maximumCount..<0).contains(Int64(bitPattern: value)), (0..<Self.maximumCount).contains(count) else { return nil }
        return completed(futex, object, "dispatch semaphore", Int(count))
    }

    private func group(_ futex: FutexWait) -> FutexWait? {
        let object = futex.address &- Self.generation
        guard let bits = memory.half(object &+ Self.header) else { return nil }
        let entries = Int64((0 &- (bits & Self.entriesMask)) >> 2)
        guard (1..<Self.maximumCount).contains(entries) else { return nil }
        return completed(futex, object, "dispatch group", Int(entries))
    }

    private func completed(_ futex: FutexWait, _ object: UInt64, _ flavour: String, _ count: Int) -> FutexWait {
        var futex = futex
        futex.object = .semaphore
        futex.objectAddress = object
        futex.flavour = flavour
        futex.count = count
        return futex
    }
}
