internal import CLinux
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
        let end = place & ~15
        let start = end > Self.reach ? end - Self.reach : 16
        // As much as is mapped before the place, at least its own page.
        guard let bytes = (try? memory.bytes(at: start, upTo: Int(end + 16 - start))).flatMap({ $0.count == Int(end + 16 - start) ? $0 : nil })
            ?? (try? memory.bytes(at: end & ~4095, upTo: Int(end & 4095) + 16)), bytes.count >= 32
        else { return nil }
        let first = end + 16 - UInt64(bytes.count)
        return bytes.withUnsafeBytes { bytes in
            let within = Int(place - first)
            var below = bytes.count - 16
            while below >= 16 {
                let offset = Int(hs_find_object(bytes.baseAddress, bytes.count, within, below))
                guard offset >= 16 else { return nil }
                if let name = typeName(metadata: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) {
                    return Object(address: first + UInt64(offset), typeName: name)
                }
                below = offset - 16
            }
            return nil
        }
    }

    private func typeName(metadata: UInt64) -> String? {
        if let name = types.ofClass(metadata: metadata) { return name }
        // HeapLocalVariable 0x400, HeapGenericLocalVariable 0x500, ErrorObject 0x501: MetadataKind.def.
        return switch memory.word(metadata) {
        case 0x400, 0x500: "a closure"
        case 0x501: "an error"
        default: nil
        }
    }
}
