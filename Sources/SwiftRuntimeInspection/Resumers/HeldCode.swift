internal import ProcessInspection

/// Which addresses of the program's own file lie in memory to which a task leads: among them are the functions of all closures that it could
/// call, and the metadata of objects' classes, wherever those lie. The memory of other tasks is not its own, and the methods of classes are known from elsewhere.
struct HeldCode {
    /// Among more tasks asleep none is looked at: some of them are no mere tickers.
    static let maximumTasks = 32
    private static let maximumObjects = 4000
    private static let maximumObject_bytes = 1 << 16
    private static let table_bytes = 320
    private static let maximumDestroyer_bytes = 512

    private let search: LivenessSearch
    private let program: Range<UInt64>
    /// Where the runtime keeps what it makes of generic types, as long as there is room.
    private let runtime: [Range<UInt64>]

    init(search: LivenessSearch) {
        self.search = search
        let own = search.reader.mappings.filter { $0.isFile && $0.path == search.reader.mappings.first?.path }
        program = (own.map(\.start).min() ?? 0)..<(own.map(\.end).max() ?? 0)
        let mappings = search.reader.mappings
        runtime = mappings.indices.filter { row in
            let file = mappings[row].path.isEmpty && row > 0 && mappings[row - 1].end == mappings[row].start ? mappings[row - 1].path : mappings[row].path
            return mappings[row].isWritable && file.contains("/libswiftCore.so")
        }.map { mappings[$0].start..<mappings[$0].end }
    }

    /// What a generic type does for a protocol; the methods of classes are known from elsewhere.
    private func table(at place: UInt64) -> [UInt64] {
        guard place & 7 == 0 else { return [] }
        return ((try? search.reader.live.bytes(at: place, upTo: Self.table_bytes))?.words ?? []).filter(program.contains)
    }

    /// nil when there is more than can be followed.
    func found(from memory: [Range<UInt64>]) -> Set<UInt64>? {
        var found: Set<UInt64> = []
        var seen: Set<UInt64> = []
        var queue: [UInt64] = []
        func look(_ range: Range<UInt64>) -> Bool {
            guard let bytes = try? search.reader.live.bytes(at: range.lowerBound, upTo: Int(min(range.upperBound - range.lowerBound, UInt64(Self.maximumObject_bytes)))) else { return false }
            for word in Set(search.reader.types.leading(bytes.words, ofObject: range.lowerBound, program: program)) {
                if program.contains(word) {
                    if !isOfBox(word) { found.insert(word) }
                    continue
                }
                if word & 7 == 0, search.reader.types.ofClass(metadata: word) != nil { found.insert(word); continue }
                let word = word.withoutSpareBits
                if runtime.contains(where: { $0.contains(word) }) { found.formUnion(table(at: word)); continue }
                guard word > 4096, let start = search.reachable.allocation(at: word)?.lowerBound, !seen.contains(start), search.taskMemory.owner(of: start) == nil else { continue }
                seen.insert(start)
                queue.append(start)
            }
            return true
        }
        for range in memory where !look(range) { return nil }
        while let next = queue.popLast() {
            guard seen.count <= Self.maximumObjects, let allocation = search.reachable.allocation(at: next), allocation.upperBound - next <= UInt64(Self.maximumObject_bytes),
                look(next..<min(allocation.upperBound, next &+ (sizeOfCaptures(at: next) ?? .max / 2)))
            else { return nil }
        }
        return found
    }

    /// Metadata of what closures capture has no methods: HeapLocalVariable 0x400, HeapGenericLocalVariable 0x500 (MetadataKind.def).
    private func isOfBox(_ metadata: UInt64) -> Bool { metadata & 7 == 0 && search.reader.live.word(metadata).map { $0 == 0x400 || $0 == 0x500 } == true }

    /// How large what a closure captures is, with its header: behind it lies what was there before. Its metadata has the function that destroys it
    /// before it (HeapMetadata), which hands size and alignment to swift_deallocObject: MOV $size, %esi; MOV $mask, %edx.
    private func sizeOfCaptures(at object: UInt64) -> UInt64? {
        guard search.typeName(at: object) == "a closure", let metadata = search.reader.live.word(object), let destroy = search.reader.live.word(metadata &- 16),
            program.contains(destroy), let code = try? search.reader.live.bytes(at: destroy, upTo: Self.maximumDestroyer_bytes)
        else { return nil }
        func immediate(_ row: Int) -> UInt64 { (1...4).reduce(0) { $0 | UInt64(code[row + $1]) << UInt64(8 * ($1 - 1)) } }
        for row in code.indices.dropLast(9) {
            let (size, mask) = code[row] == 0xbe && code[row + 5] == 0xba ? (row, row + 5) : code[row] == 0xba && code[row + 5] == 0xbe ? (row + 5, row) : (-1, -1)
            if size >= 0, [7, 15].contains(immediate(mask)), (16...4096).contains(immediate(size)) { return immediate(size) }
        }
        return nil
    }
}
