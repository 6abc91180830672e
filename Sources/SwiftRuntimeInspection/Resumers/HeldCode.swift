internal import ProcessInspection

/// Which addresses of the program's own file lie in memory to which a task leads: among them are the functions of all closures that it could
/// call. The memory of other tasks is not its own, and the methods of classes are known from elsewhere.
struct HeldCode {
    /// Among more tasks asleep none is looked at: some of them are no mere tickers.
    static let maximumTasks = 32
    private static let maximumObjects = 4000
    private static let maximumObject_bytes = 1 << 16
    private static let table_bytes = 320

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
        guard place & 7 == 0, search.reader.types.ofClass(metadata: place) == nil else { return [] }
        return ((try? search.reader.live.bytes(at: place, upTo: Self.table_bytes))?.words ?? []).filter(program.contains)
    }

    /// nil when there is more than can be followed.
    func found(from memory: [Range<UInt64>]) -> Set<UInt64>? {
        var found: Set<UInt64> = []
        var seen: Set<UInt64> = []
        var queue: [UInt64] = []
        func look(_ range: Range<UInt64>) -> Bool {
            guard let bytes = try? search.reader.live.bytes(at: range.lowerBound, upTo: Int(min(range.upperBound - range.lowerBound, UInt64(Self.maximumObject_bytes)))) else { return false }
            for word in Set(bytes.words) {
                if program.contains(word) { found.insert(word); continue }
                if runtime.contains(where: { $0.contains(word) }) { found.formUnion(table(at: word)); continue }
                guard word > 4096, let start = search.reachable.allocation(at: word)?.lowerBound, !seen.contains(start), search.taskMemory.owner(of: start) == nil,
                    search.reader.types.ofClass(metadata: word) == nil
                else { continue }
                seen.insert(start)
                queue.append(start)
            }
            return true
        }
        for range in memory where !look(range) { return nil }
        while let next = queue.popLast() {
            guard seen.count <= Self.maximumObjects, let allocation = search.reachable.allocation(at: next), allocation.upperBound - next <= UInt64(Self.maximumObject_bytes),
                look(allocation)
            else { return nil }
        }
        return found
    }
}
