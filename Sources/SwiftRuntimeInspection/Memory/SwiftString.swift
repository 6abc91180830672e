internal import ProcessInspection

/// Reads a `String` of another process (stdlib/public/core/StringObject.swift, 64-bit).
enum SwiftString {
    private static let maximumLength = 1024

    /// Nil when there is no plausible native string there.
    static func read(at address: UInt64, memory: any MemoryReader) -> String? {
        guard let (first, second) = memory.pair(address) else { return nil }
        // Small: top nibble 0xE or 0xA, then the count; up to 15 bytes of UTF-8 in place.
        if second >> 61 & 1 == 1 {
            let count = Int(second >> 56 & 0xf)
            guard let bytes = try? memory.bytes(at: address, upTo: count), bytes.count == count else { return nil }
            return text(bytes)
        }
        // Large and native: the count in the low 48 bits; the text 32 bytes behind the object.
        let count = Int(first & 0xffff_ffff_ffff)
        let object = second & 0x0fff_ffff_ffff_ffff
        guard count > 0, count <= maximumLength, object != 0,
            let bytes = try? memory.bytes(at: object &+ 32, upTo: count), bytes.count == count
        else { return nil }
        return text(bytes)
    }

    private static func text(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty else { return nil }
        return text
    }
}
