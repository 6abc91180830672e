internal import ProcessInspection

/// Which memory belongs to which task: its own object and the pieces of its stack that are in use.
struct TaskMemory {
    private var ranges: [(range: Range<UInt64>, task: Int)] = []

    /// StackAllocator.h: {metadata, next, capacity u32, used u32}, then the memory itself; the header is padded to 32 bytes.
    private static let slabHeader_bytes: UInt64 = 32
    private static let firstSlabOffset: UInt64 = 8  // after lastAllocation
    /// Stands for no task: the part of a slab in which frames lay that have returned.
    private static let unused = -1

    init(_ tasks: [RawTask], runtime: ConcurrencyRuntime, memory: any MemoryReader) {
        for (index, task) in tasks.enumerated() {
            // What malloc gave the task: its fragments, result and first frames lie there too.
            var size = UInt64(RawTask.extent_bytes)
            if !task.isImmortal, let chunk = memory.word(task.address &- 8), chunk & ~7 > size, chunk & ~7 < 1 << 20 {
                size = (chunk & ~7) - 8
            }
            ranges.append((task.address..<task.address &+ size, index))
            var slab = memory.word(task.address &+ runtime.layout.task.lastAllocation &+ Self.firstSlabOffset) ?? 0
            for _ in 0..<256 where slab != 0 && slab & 7 == 0 {
                guard let (metadata, next) = memory.pair(slab), metadata == runtime.slabMetadata,
                    let capacity = memory.half(slab &+ 16), let used = memory.half(slab &+ 20)
                else { break }
                let payload = slab &+ Self.slabHeader_bytes
                ranges.append((slab..<payload &+ UInt64(capacity), index))
                if used < capacity { ranges.append((payload &+ UInt64(used)..<payload &+ UInt64(capacity), Self.unused)) }
                if next == slab { break }
                slab = next
            }
        }
        ranges.sort { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// Index of the task whose memory an address is in; the innermost where they nest, as async lets do in their parents.
    func owner(of place: UInt64) -> Int? {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = low + (high - low) / 2
            if ranges[middle].range.lowerBound <= place { low = middle + 1 } else { high = middle }
        }
        // The nearest that begins before it, or one further before that holds it too.
        for index in stride(from: low - 1, through: max(0, low - 16), by: -1)
        where ranges[index].range.contains(place) && ranges[index].task != Self.unused {
            return ranges[index].task
        }
        return nil
    }

    var all: [Range<UInt64>] { ranges.map(\.range) }

    /// By task: the memory in use that is its own, without that of tasks that lie within it.
    func own(count: Int) -> [[Range<UInt64>]] {
        var result = [[Range<UInt64>]](repeating: [], count: count)
        for (index, entry) in ranges.enumerated() where entry.task != Self.unused {
            var from = entry.range.lowerBound
            for inner in ranges[(index + 1)...].prefix(256) {
                guard inner.range.lowerBound < entry.range.upperBound else { break }
                guard inner.task != entry.task, inner.range.lowerBound >= from else { continue }
                if from < inner.range.lowerBound { result[entry.task].append(from..<inner.range.lowerBound) }
                from = min(inner.range.upperBound, entry.range.upperBound)
            }
            if from < entry.range.upperBound { result[entry.task].append(from..<entry.range.upperBound) }
        }
        return result
    }
}
