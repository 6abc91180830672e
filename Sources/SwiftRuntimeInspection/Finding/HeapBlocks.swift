internal import Dispatch
internal import ProcessInspection

#if canImport(Glibc)
    internal import Glibc
#endif

/// Copies of the parts of the heap that hold tasks, taken at one moment.
///
/// The whole heap is searched while the process runs; then it stands only as long as the blocks
/// in which something was found are copied. Everything else is read from the live process.
final class HeapBlocks: MemoryReader {
    /// Unit of copying.
    static let size_bytes: UInt64 = 64 << 10
    /// What one thread copies at a time.
    private static let run_bytes = 4 << 20

    private static let hugePage_bytes = 2 << 20

    private struct Run {
        var start: UInt64
        var offset: Int
        var count: Int
    }
    private let live: any MemoryReader
    /// For what was not copied.
    private let rest: BlockCache
    private let runs: [Run]
    // Written by `fill` before anybody reads, and never after.
    private nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer
    private nonisolated(unsafe) var filled: [Int]
    /// Blocks that did not fit the limit.
    let omitted: Int

    /// Allocates and touches the buffers, so that copying meets no page faults of ours.
    init(_ blocks: AscendingBlocks, within regions: HeapRegions, live: any MemoryReader, limit_bytes: Int = 640 << 20) {
        self.live = live
        rest = BlockCache(live, limit_bytes: 64 << 20)
        let limit = limit_bytes / Int(Self.size_bytes)
        let kept = blocks.numbers.prefix(limit)
        omitted = blocks.numbers.count - kept.count
        var runs: [Run] = []
        var offset = 0
        for range in Self.clip(kept, to: regions.ranges) {
            if let last = runs.last, last.start + UInt64(last.count) == range.lowerBound, last.count < Self.run_bytes {
                runs[runs.count - 1].count += range.count
            } else {
                runs.append(Run(start: range.lowerBound, offset: offset, count: range.count))
            }
            offset += range.count
        }
        self.runs = runs
        filled = Array(repeating: 0, count: runs.count)
        bytes = .allocate(byteCount: max(offset, 1), alignment: Self.hugePage_bytes)
        #if os(Linux)
            // Touching it takes a fraction of the time so; without huge pages nothing changes.
            if offset >= Self.hugePage_bytes { madvise(bytes.baseAddress, offset, MADV_HUGEPAGE) }
        #endif
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }

    /// What is held, neighbours joined: a task may lie across two runs.
    var ranges: [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        for run in runs {
            let end = run.start + UInt64(run.count)
            if let last = ranges.last, last.upperBound == run.start {
                ranges[ranges.count - 1] = last.lowerBound..<end
            } else {
                ranges.append(run.start..<end)
            }
        }
        return ranges
    }

    /// Copies, with several threads where there is much; to be called once, while the process stands.
    func fill() {
        filled.withUnsafeMutableBufferPointer { filled in
            nonisolated(unsafe) let filled = filled
            DispatchQueue.concurrentPerform(iterations: runs.count) { index in
                let run = runs[index]
                let target = UnsafeMutableRawBufferPointer(rebasing: bytes[run.offset..<run.offset + run.count])
                filled[index] = HoldUrgency.during { (try? live.read(at: run.start, into: target)) ?? 0 }
            }
        }
    }

    func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = low + (high - low) / 2
            if runs[middle].start + UInt64(runs[middle].count) <= address { low = middle + 1 } else { high = middle }
        }
        if low < runs.count, runs[low].start <= address {
            let offset = Int(address - runs[low].start)
            if offset < filled[low] {
                let count = min(buffer.count, filled[low] - offset)
                let start = runs[low].offset + offset
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[start..<start + count]))
                if count == buffer.count { return count }
                let beyond = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                return count + ((try? read(at: address + UInt64(count), into: beyond)) ?? 0)
            }
        }
        // Not copied: the live process, up to where copied memory begins again.
        let next = runs[low...].first { $0.start > address }?.start ?? .max
        let count = Int(min(UInt64(buffer.count), next - address))
        return try rest.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    }

    /// The blocks as address ranges, without what lies outside the regions.
    private static func clip(_ blocks: ArraySlice<UInt64>, to regions: [Range<UInt64>]) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        var region = 0
        for block in blocks {
            let range = block * size_bytes..<(block + 1) * size_bytes
            while region < regions.count, regions[region].upperBound <= range.lowerBound { region += 1 }
            var here = region
            while here < regions.count, regions[here].lowerBound < range.upperBound {
                result.append(range.clamped(to: regions[here]))
                here += 1
            }
        }
        return result
    }
}
