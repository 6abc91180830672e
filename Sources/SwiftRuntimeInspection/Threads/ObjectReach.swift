internal import Evidence
internal import ProcessInspection

/// From which threads that wake up by themselves references lead to an object: from words of their stacks, through whatever lies on the heap.
///
/// Every aligned word counts that could be a reference, and an object is taken to be as large as the read: too much is found rather than too little.
struct ObjectReach {
    private static let depth = 8
    private static let objectSize = 256
    private static let maximumObjects = 4000
    private static let maximumThreads = 32

    let memory: any MemoryReader
    let mappings: [MemoryMapping]

    /// - Returns: by object, the threads that lead to it.
    func threads(leadingTo objects: Set<UInt64>, from copies: [ThreadCopy]) -> [UInt64: [Int32]] {
        guard !objects.isEmpty else { return [:] }
        let heap = heap(without: copies.map(\.stackPointer))
        var found: [UInt64: [Int32]] = [:]
        for (row, copy) in copies.enumerated() {
            let reached = row < Self.maximumThreads ? reach(from: copy, objects, heap) : objects
            for object in reached { found[object, default: []].append(copy.tid) }
        }
        return found
    }

    /// The objects among `wanted` that a thread leads to; all of them where there is more than can be followed.
    private func reach(from copy: ThreadCopy, _ wanted: Set<UInt64>, _ heap: [MemoryMapping]) -> Set<UInt64> {
        var found: Set<UInt64> = []
        return follow(from: copy, heap) { if wanted.contains($0) { found.insert($0) } } ? found : wanted
    }

    /// Addresses within a range that lie in memory to which a thread leads; nil where there is more than can be followed.
    func places(in range: Range<UInt64>, from copy: ThreadCopy) -> Set<UInt64>? {
        var found: Set<UInt64> = []
        return follow(from: copy, heap(without: [copy.stackPointer])) { if range.contains($0) { found.insert($0) } } ? found : nil
    }

    private func heap(without stacks: [UInt64]) -> [MemoryMapping] {
        mappings.filter { mapping in
            mapping.isReadable && mapping.isWritable && !mapping.isShared && (mapping.path.isEmpty || mapping.path == "[heap]" || mapping.path.hasPrefix("[anon"))
                && !stacks.contains { mapping.start <= $0 && $0 < mapping.end }
        }
    }

    /// Every word once; false where there are more objects than can be followed.
    private func follow(from copy: ThreadCopy, _ heap: [MemoryMapping], _ body: (UInt64) -> Void) -> Bool {
        var seen: Set<UInt64> = []
        var frontier = words(of: copy)
        var objects = 0
        for _ in 0..<Self.depth where !frontier.isEmpty {
            var next: [UInt64] = []
            for word in frontier where seen.insert(word).inserted {
                body(word)
                guard word & 7 == 0, let mapping = heap.containing(word) else { continue }
                objects += 1
                guard objects <= Self.maximumObjects else { return false }
                next += (try? memory.bytes(at: word, upTo: Int(min(UInt64(Self.objectSize), mapping.end - word))))?.words ?? []
            }
            frontier = next
        }
        return true
    }

    private func words(of copy: ThreadCopy) -> [UInt64] {
        // The thread's own control block, which leads to those of all others, lies above its stack.
        let end = copy.threadPointer.map { $0 > copy.stackPointer ? $0 : UInt64.max } ?? UInt64.max
        let used = end > copy.stackStart ? Int(min(end &- copy.stackStart, UInt64(copy.stack.count))) : 0
        let registers = copy.registers.enumerated().filter { copy.known & (1 << UInt32($0.offset)) != 0 }.map(\.element)
        return Array(copy.stack.prefix(used)).words + registers
    }
}
