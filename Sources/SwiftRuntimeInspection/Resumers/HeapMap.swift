internal import ProcessInspection

/// What kind of memory a writable mapping is, and where glibc's malloc keeps its chunks in it.
struct HeapMap {
    enum Kind: Hashable {
        /// Malloc's, with its first chunk.
        case chunks(first: UInt64)
        /// A live thread's stack, from its stack pointer on.
        case stack(from: UInt64)
        /// Left behind by a thread that has exited, or that of one that waits for work in its pool.
        case deadStack
        /// Globals, and memory that the program mapped itself.
        case other
    }
    struct Piece: Hashable {
        var range: Range<UInt64>
        var kind: Kind
    }
    private let memory: any MemoryReader
    private let threads: ThreadStacks

    init(memory: any MemoryReader, threads: ThreadStacks) {
        self.memory = memory
        self.threads = threads
    }

    /// The writable memory of a process, in pieces of one kind each.
    func pieces(of mappings: [MemoryMapping]) -> [Piece] {
        let stacks = threads.stacks(in: mappings)
        var pieces: [Piece] = []
        for (row, mapping) in mappings.enumerated() where mapping.isReadable && mapping.isWritable && !mapping.path.hasPrefix("/dev/") {
            let whole = mapping.start..<mapping.end
            if let stack = stacks.first(where: { $0.mapping == whole }) {
                pieces.append(Piece(range: whole, kind: stack.thread.isIdle ? .deadStack : .stack(from: (stack.thread.stackPointer ?? whole.lowerBound) &- PlaceNames.redZone)))
            } else if mapping.path == "[heap]" {
                pieces.append(Piece(range: whole, kind: .chunks(first: mapping.start)))
            } else if mapping.path.isEmpty || mapping.path.hasPrefix("[anon"), !mapping.isShared {
                let guarded = row > 0 && mappings[row - 1].end == mapping.start && !mappings[row - 1].isReadable
                pieces += anonymous(whole, isGuarded: guarded)
            } else {
                pieces.append(Piece(range: whole, kind: .other))
            }
        }
        return pieces
    }

    /// Secondary heaps begin at multiples of this: HEAP_MAX_SIZE, glibc malloc/arena.c, 64-bit.
    private static let heapAlignment: UInt64 = 64 << 20
    /// sizeof (struct malloc_state), glibc 2.27 to 2.41, x86-64.
    private static let stateSize: UInt64 = 0x898

    private func anonymous(_ whole: Range<UInt64>, isGuarded: Bool) -> [Piece] {
        if whole.lowerBound % Self.heapAlignment == 0, let heap = secondaryHeap(whole) { return heap }
        if isGuarded, isLeftStack(whole) { return [Piece(range: whole, kind: .deadStack)] }
        // Chunks of their own mapping, one after the other: IS_MMAPPED, whole pages.
        var place = whole.lowerBound
        while place < whole.upperBound, let (_, head) = memory.pair(place), head & 7 == 2, head & ~7 & 4095 == 0, head & ~7 > 0,
            head & ~7 <= whole.upperBound - place
        {
            place += head & ~7
        }
        var pieces: [Piece] = []
        if place > whole.lowerBound { pieces.append(Piece(range: whole.lowerBound..<place, kind: .chunks(first: whole.lowerBound))) }
        if place < whole.upperBound { pieces.append(Piece(range: place..<whole.upperBound, kind: .other)) }
        return pieces
    }

    /// heap_info (malloc/arena.c): {arena, previous heap, size in use ...}; a first heap holds the arena itself.
    private func secondaryHeap(_ whole: Range<UInt64>) -> [Piece]? {
        let start = whole.lowerBound
        guard let (arena, previous) = memory.pair(start), let size = memory.word(start &+ 16), size > 0, size & 15 == 0,
            size <= whole.upperBound - start
        else { return nil }
        let end = start + size
        var first: UInt64
        if previous == 0 {
            guard arena > start, arena - start <= 0x100 else { return nil }
            first = arena + Self.stateSize
        } else {
            guard previous % Self.heapAlignment == 0 else { return nil }
            first = start + 0x30
        }
        first += 15 & (16 &- (first & 15))
        guard first < end else { return nil }
        var pieces = [Piece(range: first..<end, kind: .chunks(first: first))]
        if end < whole.upperBound { pieces.append(Piece(range: end..<whole.upperBound, kind: .deadStack)) }
        return pieces
    }

    /// glibc keeps stacks of exited threads: their thread control block lies at the end, without a living thread's id.
    private func isLeftStack(_ whole: Range<UInt64>) -> Bool {
        let tail = UInt64(min(whole.upperBound - whole.lowerBound, 1 << 16))
        guard let bytes = try? memory.bytes(at: whole.upperBound - tail, upTo: Int(tail)) else { return false }
        let start = whole.upperBound - tail
        let living = Set(threads.threads.map(\.tid))
        let blocks = bytes.withUnsafeBytes { bytes in
            // tcbhead_t (sysdeps/x86_64/nptl/tls.h) holds its own address at +0 and +0x10, at multiples of 64.
            stride(from: 0, to: bytes.count - 0x18, by: 64).filter { offset in
                bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) == start + UInt64(offset)
                    && bytes.loadUnaligned(fromByteOffset: offset + 0x10, as: UInt64.self) == start + UInt64(offset)
            }
        }
        guard !blocks.isEmpty else { return false }
        return blocks.allSatisfy { offset in
            CurrentTasks.threadID(of: start + UInt64(offset), memory: memory).map { !living.contains($0) } ?? false
        }
    }
}
