internal import ProcessInspection

/// Finds the heap object that an address lies in.
struct HeapObjects {
    struct Object: Hashable {
        var address: UInt64
        /// Type's name; "a closure" for a closure's context.
        var typeName: String
    }
    let memory: any MemoryReader
    let types: TypeNames

    /// How far before the address the object may begin.
    private static let reach: UInt64 = 16384

    /// Nil when no Swift object can be made out: raw memory, or that of another language.
    func enclosing(_ place: UInt64) -> Object? {
        var candidate = place & ~15
        let lowest = candidate > Self.reach ? candidate - Self.reach : 0
        while candidate > lowest {
            if let object = object(at: candidate, covering: place) { return object }
            candidate -= 16
        }
        return nil
    }

    private func object(at address: UInt64, covering place: UInt64) -> Object? {
        guard let (metadata, refcount) = memory.pair(address), metadata & 7 == 0, metadata > 0x10000,
            // Not being destroyed, and with the unowned count that every object begins with (RefCount.h).
            refcount >> 32 & 1 == 0, refcount & 0xffff_ffff != 0,
            // glibc's malloc keeps the chunk's size before it (malloc/malloc.c, struct malloc_chunk).
            let chunk = memory.word(address &- 8), covers(chunk & ~7, place &- address)
        else { return nil }
        if let name = types.ofClass(metadata: metadata) { return Object(address: address, typeName: name) }
        // HeapLocalVariable 0x400, HeapGenericLocalVariable 0x500, ErrorObject 0x501: MetadataKind.def.
        switch memory.word(metadata) {
        case 0x400, 0x500: return Object(address: address, typeName: "a closure")
        case 0x501: return Object(address: address, typeName: "an error")
        default: return nil
        }
    }

    private func covers(_ chunk: UInt64, _ offset: UInt64) -> Bool {
        chunk >= 32 && chunk < 1 << 40 && chunk & 15 == 0 && offset &+ 8 <= chunk &- 8
    }
}
