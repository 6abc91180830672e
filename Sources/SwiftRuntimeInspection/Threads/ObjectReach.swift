internal import Evidence
internal import ProcessInspection

/// From which threads references lead to an object: from words of their stacks, through whatever lies on the heap.
///
/// Every aligned word counts that could be a reference, and what is no object of malloc's is taken to be as large as the read: too much is found rather
/// than too little.
struct ObjectReach {
    private static let depth = 8
    private static let objectSize = 256
    private static let maximumObjects = 4000
    private static let maximumThreads = 32

    /// RLIMIT_STACK as most systems have it, and what swift-corelibs-foundation and SwiftNIO ask for (pthread_create(3); Thread.swift),
    /// with the page or without (glibc 2.27).
    private static let stackSizes: Set<UInt64> = [8 << 20, 2 << 20, 1 << 20, 512 << 10]

    let memory: any MemoryReader
    let mappings: [MemoryMapping]
    /// Where the program's own file lies.
    var program: Range<UInt64> = 0..<0
    var types: TypeNames?
    /// Where the stacks of all threads end. Below lies what functions left that have returned.
    var stackPointers: [UInt64] = []

    /// - Returns: by object, the threads that lead to it, and those that lead to more than can be followed.
    func threads(leadingTo objects: Set<UInt64>, from copies: [ThreadCopy]) -> [UInt64: [Int32]] {
        guard !objects.isEmpty else { return [:] }
        let heap = heap(without: copies.map(\.stackPointer))
        var found: [UInt64: [Int32]] = [:]
        for (row, copy) in copies.enumerated() {
            let reached = row < Self.maximumThreads ? reach(from: copy, objects, heap, Self.depth) : nil
            for object in reached ?? objects { found[object, default: []].append(copy.tid) }
        }
        return found
    }

    /// The threads that lead to one object; nil where one of them leads to more than can be followed.
    func threadsSurely(leadingTo object: UInt64, from copies: [ThreadCopy], depth: Int = Self.depth) -> [Int32]? {
        guard copies.count <= Self.maximumThreads else { return nil }
        let heap = heap(without: copies.map(\.stackPointer))
        var found: [Int32] = []
        for copy in copies {
            guard let reached = reach(from: copy, [object], heap, depth) else { return nil }
            if !reached.isEmpty { found.append(copy.tid) }
        }
        return found
    }

    /// The objects among `wanted` that a thread leads to; nil where there is more than can be followed.
    private func reach(from copy: ThreadCopy, _ wanted: Set<UInt64>, _ heap: [MemoryMapping], _ depth: Int) -> Set<UInt64>? {
        var found: Set<UInt64> = []
        return follow(from: words(of: copy), heap, depth) { if wanted.contains($0) { found.insert($0) } } ? found : nil
    }

    /// Addresses in the program's own file, and metadata of classes, that lie in memory to which a thread leads; nil where there is more than can be followed.
    func held(from copy: ThreadCopy) -> Set<UInt64>? { held(from: words(of: copy), heap(without: [copy.stackPointer])) }

    /// The same of a variable of the program's own.
    func held(from variable: Range<UInt64>) -> Set<UInt64>? {
        guard let bytes = try? memory.bytes(at: variable.lowerBound, upTo: variable.count) else { return [] }
        return held(from: bytes.words, heap(without: []))
    }

    private func held(from words: [UInt64], _ heap: [MemoryMapping]) -> Set<UInt64>? {
        var found: Set<UInt64> = []
        return follow(from: words, heap, typed: { found.insert($0) }) { if program.contains($0) { found.insert($0) } } ? found : nil
    }

    private func heap(without stacks: [UInt64]) -> [MemoryMapping] {
        mappings.enumerated().compactMap { row, mapping in
            guard mapping.isReadable && mapping.isWritable && !mapping.isShared && (mapping.path.isEmpty || mapping.path == "[heap]" || mapping.path.hasPrefix("[anon")),
                !stacks.contains(where: { mapping.start <= $0 && $0 < mapping.end })
            else { return nil }
            if let used = stackPointers.first(where: { mapping.start <= $0 && $0 < mapping.end }) {
                var live = mapping
                live.start = used
                return live
            }
            return !stackPointers.isEmpty && isStack(row) ? nil : mapping
        }
    }

    /// The stack of a thread, as glibc makes them and keeps them when the thread has ended: behind a page that must not be touched
    /// (nptl/allocatestack.c; pthread_attr_setguardsize(3)). Behind the heaps of malloc lies what they have not used yet.
    private func isStack(_ row: Int) -> Bool {
        guard row > 0, mappings[row].path.isEmpty else { return false }
        let guardPage = mappings[row - 1]
        guard !guardPage.isReadable, !guardPage.isWritable, !guardPage.isExecutable, guardPage.path.isEmpty, guardPage.end == mappings[row].start, guardPage.end - guardPage.start == 4096 else { return false }
        // Other memory that lies right behind it would be one mapping with it.
        return Self.stackSizes.contains(mappings[row].end - mappings[row].start) || Self.stackSizes.contains(mappings[row].end - guardPage.start)
    }

    /// Every word once; false where there are more objects than can be followed.
    ///
    /// - Parameter typed: is given the first word of each object.
    private func follow(from words: [UInt64], _ heap: [MemoryMapping], _ depth: Int = Self.depth, typed: (UInt64) -> Void = { _ in }, _ body: (UInt64) -> Void) -> Bool {
        var seen: Set<UInt64> = []
        var frontier = words
        var objects = 0
        for _ in 0..<depth where !frontier.isEmpty {
            var next: [UInt64] = []
            for word in frontier where seen.insert(word).inserted {
                body(word)
                let word = word.withoutSpareBits
                guard let mapping = heap.containing(word) else { continue }
                objects += 1
                guard objects <= Self.maximumObjects else { return false }
                var words = (try? memory.bytes(at: word, upTo: Int(min(size(of: word, in: mapping), mapping.end - word))))?.words ?? []
                words = types?.leading(words, ofObject: word, program: program) ?? words
                if isFreed(words, at: word, in: mapping) { continue }
                let first = words.first ?? 0
                typed(first)
                // A class's methods are no functions that an object was given.
                next += types?.ofClass(metadata: first) == nil ? words[...] : words.dropFirst()
            }
            frontier = next
        }
        return true
    }

    /// Of glibc's malloc, where an object begins at the address: {size of the chunk with three flags} before it, with the next chunk's behind, in which
    /// the lowest flag says that this one is in use (malloc/malloc.c).
    private func size(of object: UInt64, in mapping: MemoryMapping) -> UInt64 {
        func chunk(_ address: UInt64) -> UInt64? {
            guard address >= mapping.start &+ 16, address < mapping.end, let size = try? memory.load(UInt64.self, at: address &- 8) else { return nil }
            return size & 8 == 0 && size & ~15 >= 32 && size < 1 << 40 ? size : nil
        }
        guard object & 15 == 0, let own = chunk(object), own & 2 == 0, let next = chunk(object &+ (own & ~15)), next & 1 == 1 else { return UInt64(Self.objectSize) }
        return min((own & ~15) &- 8, UInt64(Self.objectSize))
    }

    /// What was freed and lies in a cache of malloc's begins with a pointer to the next one, hidden by where it lies itself (malloc/malloc.c, PROTECT_PTR): stacks of
    /// threads that have ended refer to such.
    private func isFreed(_ words: [UInt64], at object: UInt64, in mapping: MemoryMapping) -> Bool {
        guard object & 15 == 0, let first = words.first, first != 0, first < 1 << 36 else { return false }
        let next = first ^ object >> 12
        return next == 0 || next & 15 == 0 && mapping.start <= next && next < mapping.end
    }

    private func words(of copy: ThreadCopy) -> [UInt64] {
        // The thread's own control block, which leads to those of all others, lies above its stack.
        let end = copy.threadPointer.map { $0 > copy.stackPointer ? $0 : UInt64.max } ?? UInt64.max
        let used = end > copy.stackStart ? Int(min(end &- copy.stackStart, UInt64(copy.stack.count))) : 0
        let registers = copy.registers.enumerated().filter { copy.known & (1 << UInt32($0.offset)) != 0 }.map(\.element)
        return Array(copy.stack.prefix(used)).words + registers
    }
}
