internal import CLinux
package import ProcessInspection

/// Finds tasks by looking for the runtime's task metadata at every 16 bytes of the heap.
///
/// malloc aligns to 16, and so does the task allocator in which async-let tasks lie. A hit is judged
/// from the copied bytes alone: a read for each would cost more than the scan.
package struct HeapScan: TaskFinder {
    private let memory: any MemoryReader
    private let runtime: ConcurrencyRuntime
    private let regions: HeapRegions
    private let code: CodeRanges
    /// At most this many tasks are taken.
    private let maximumTasks: Int

    /// Notes where tasks and their stacks lie, for copying them later.
    private let notesBlocks: Bool

    private static let chunk_bytes = 1 << 20
    private static let hitsAtOnce = 4096

    package init(
        memory: any MemoryReader, runtime: ConcurrencyRuntime, regions: HeapRegions, mappings: [MemoryMapping],
        maximumTasks: Int = 4_000_000, notesBlocks: Bool = false
    ) {
        self.notesBlocks = notesBlocks
        self.memory = memory
        self.runtime = runtime
        self.regions = regions
        code = CodeRanges(mappings)
        self.maximumTasks = maximumTasks
    }

    package func findTasks(deadline: ContinuousClock.Instant) -> FoundTasks {
        var found = FoundTasks()
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.chunk_bytes + RawTask.extent_bytes, alignment: 64)
        defer { buffer.deallocate() }
        var unreadable_bytes: UInt64 = 0
        for range in regions.ranges {
            var position = range.lowerBound
            while position < range.upperBound {
                if ContinuousClock.now >= deadline {
                    found.shortfall = "the heap scan reached its deadline after \(found.scanned_bytes >> 20) MiB of "
                        + "\(regions.size_bytes >> 20)"
                    return found
                }
                let rest = range.upperBound - position
                let step = min(UInt64(Self.chunk_bytes), rest)
                let wanted = min(Int(step) + RawTask.extent_bytes, Int(rest))
                guard let got = try? memory.read(at: position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
                else {
                    // A page that went away: step over it.
                    let skip = min(4096, rest)
                    unreadable_bytes += skip
                    position += skip
                    continue
                }
                // A short read ends at a hole; what begins just before its end is read again with what follows.
                let whole = got > RawTask.extent_bytes ? got - RawTask.extent_bytes : got
                let usable = got < wanted ? max(16, whole & ~15) : Int(step)
                examine(UnsafeRawBufferPointer(rebasing: buffer[..<got]), at: position, usable: usable, into: &found)
                found.scanned_bytes += UInt64(usable)
                position += UInt64(usable)
                if found.tasks.count >= maximumTasks {
                    found.shortfall = "more than \(maximumTasks) tasks: the rest was left out"
                    return found
                }
            }
        }
        if unreadable_bytes > 0 { found.shortfall = "\(unreadable_bytes >> 10) KiB of the heap went away while it was read" }
        return found
    }

    /// - Parameter usable: hits that begin here or later belong to the next chunk.
    private func examine(_ bytes: UnsafeRawBufferPointer, at base: UInt64, usable: Int, into found: inout FoundTasks) {
        guard let start = bytes.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.hitsAtOnce) { offsets in
            var next = Int((16 - base % 16) % 16)
            while next < usable {
                let hits = hs_find_word(
                    start, usable, next, 16, runtime.taskMetadata, offsets.baseAddress, Self.hitsAtOnce, &next)
                for hit in offsets[..<hits] {
                    let body = UnsafeRawBufferPointer(rebasing: bytes[Int(hit)...].prefix(RawTask.extent_bytes))
                    guard body.count >= Int(runtime.layout.task.fragments) else { continue }
                    let task = RawTask(address: base + UInt64(hit), bytes: body, layout: runtime.layout.task)
                    guard task.isPlausible(isCode: code.contains) else { continue }
                    found.tasks.append(task)
                    found.blocks.insert(task.address / HeapBlocks.size_bytes)
                    found.blocks.insert((task.address + UInt64(RawTask.extent_bytes)) / HeapBlocks.size_bytes)
                }
            }
            noteSlabs(start, usable, base, offsets, into: &found)
            let blocks = hs_find_thread_blocks(start, usable, base, offsets.baseAddress, Self.hitsAtOnce)
            if found.threadBlocks.count < 100_000 { found.threadBlocks += offsets[..<blocks].map { base + UInt64($0) } }
        }
    }

    private func noteSlabs(
        _ start: UnsafeRawPointer, _ length: Int, _ base: UInt64, _ offsets: UnsafeMutableBufferPointer<UInt32>,
        into found: inout FoundTasks
    ) {
        guard notesBlocks, let slab = runtime.slabMetadata else { return }
        var next = Int((16 - base % 16) % 16)
        while next < length {
            let hits = hs_find_word(start, length, next, 16, slab, offsets.baseAddress, Self.hitsAtOnce, &next)
            for hit in offsets[..<hits] {
                // A slab is some 1 KiB: its header's block and the one in which its end lies.
                let address = base + UInt64(hit)
                found.blocks.insert(address / HeapBlocks.size_bytes)
                found.blocks.insert((address + 1024) / HeapBlocks.size_bytes)
            }
        }
    }
}
