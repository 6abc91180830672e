internal import CLinux
internal import ProcessInspection

/// The runtime's debug variables in an executable that has it linked in and lost its symbols.
///
/// They are constants that lie one after the other (stdlib/public/Concurrency/Debug.h): the metadata of slabs, jobs and tasks,
/// then four functions. What the metadata say of themselves tells them from other data of this shape.
struct StrippedRuntime {
    var path: String
    var image: UInt64
    var slabMetadata: UInt64
    var taskMetadata: UInt64
    var nonFutureAdapter: UInt64
    var futureAdapter: UInt64
    var waitAdapters: Set<UInt64>

    /// MetadataKind::Job and ::Task, include/swift/ABI/MetadataKind.def.
    private static let jobKind: UInt64 = 0x503
    private static let taskKind: UInt64 = 0x502
    /// Most bytes searched of one file.
    private static let limit_bytes: UInt64 = 256 << 20
    private static let chunk_bytes: UInt64 = 4 << 20

    /// Nil when no file's data has them.
    static func locate(memory: any MemoryReader, mappings: [MemoryMapping]) -> StrippedRuntime? {
        var seen: Set<String> = []
        for image in mappings where image.isFile && image.fileOffset == 0 && seen.insert(image.path).inserted {
            let parts = mappings.filter { $0.path == image.path }
            guard let code = parts.first(where: \.isExecutable), let last = parts.last, image.start < last.end else { continue }
            // The loader writes addresses into them: they lie in what was writable, which follows the code.
            let data = parts.filter { $0.isReadable && !$0.isExecutable && !$0.isShared && $0.start > code.start }
            // Zero-initialised data, where the slabs' metadata are, follows the file's mappings.
            let whole = hs_address_range(start: image.start, end: last.end &+ limit_bytes)
            let search = Search(memory: memory, image: whole, code: hs_address_range(start: code.start, end: code.end))
            var rest = limit_bytes
            for mapping in data {
                let end = mapping.start + min(rest, mapping.end - mapping.start)
                if var found = search.find(in: mapping.start..<end) {
                    found.path = image.path
                    found.image = image.start
                    return found
                }
                rest -= end - mapping.start
            }
        }
        return nil
    }

    private struct Search {
        let memory: any MemoryReader
        let image: hs_address_range
        let code: hs_address_range

        func find(in range: Range<UInt64>) -> StrippedRuntime? {
            var position = range.lowerBound
            while position < range.upperBound {
                let count = Int(min(chunk_bytes, range.upperBound - position))
                guard let bytes = try? memory.bytes(at: position, upTo: count) else { return nil }
                if let found = bytes.withUnsafeBytes({ find(in: $0, at: position) }) { return found }
                guard bytes.count == count, count > 64 else { return nil }
                // What lies across the border is seen with the next piece.
                position += UInt64(count < Int(chunk_bytes) ? count : count - 64)
            }
            return nil
        }

        private func find(in bytes: UnsafeRawBufferPointer, at base: UInt64) -> StrippedRuntime? {
            var offset = 0
            while true {
                offset = hs_find_runtime_variables(bytes.baseAddress, bytes.count, offset, image, code)
                guard offset < bytes.count else { return nil }
                if let found = variables(at: base + UInt64(offset)) { return found }
                offset += 8
            }
        }

        private func variables(at address: UInt64) -> StrippedRuntime? {
            guard let words = try? memory.array(of: UInt64.self, at: address &- 8, count: 7),
                memory.word(words[1]) == jobKind, memory.word(words[2]) == taskKind
            else { return nil }
            return StrippedRuntime(
                path: "", image: 0, slabMetadata: words[0], taskMetadata: words[2], nonFutureAdapter: words[3],
                futureAdapter: words[4], waitAdapters: [words[5], words[6]])
        }
    }
}
