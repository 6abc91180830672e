internal import ProcessInspection

/// Whether a decoder of SwiftNIO keeps a part of a message: `ByteToMessageHandler` (NIOCore/Codec.swift) has what its decoder did not take in
/// a `CircularBuffer` (NIOCore/CircularBuffer.swift), which is an array's storage, the index of its first element and that behind its last.
enum DecoderBuffer {
    static let className = "ByteToMessageHandler"
    private static let storageName = "_ContiguousArrayStorage"
    private static let maximum_bytes = 1024
    /// More places than this were never allocated for what a decoder keeps.
    private static let maximumPlaces: UInt64 = 1 << 20

    /// nil where no such buffer lies in the object.
    static func keepsBytes(at object: UInt64, memory: any MemoryReader, name: (UInt64) -> String?) -> Bool? {
        guard let words = try? memory.bytes(at: object, upTo: maximum_bytes).words, words.count >= 5 else { return nil }
        var keeps: Bool?
        for place in 2..<words.count - 2 where words[place] > 4096 && name(words[place]) == storageName {
            // The storage's count lies behind its header (ContiguousArrayBuffer.swift).
            guard let (places, _) = memory.pair(words[place] &+ 16), places > 0, places < maximumPlaces,
                words[place + 1] < places, words[place + 2] < places
            else { continue }
            keeps = keeps == true || words[place + 1] != words[place + 2]
        }
        return keeps
    }
}
