/// Memory that was copied earlier, with whatever lies under it for the rest: copied stacks
/// over live memory, fixtures, hostile memory in tests.
package struct RecordedMemory: MemoryReader {
    /// A run of bytes and where it lay.
    package struct Piece: Sendable, Hashable {
        package var address: UInt64
        package var bytes: [UInt8]

        package init(address: UInt64, bytes: [UInt8]) {
            self.address = address
            self.bytes = bytes
        }
    }
    private let pieces: [Piece]
    private let underneath: (any MemoryReader)?

    /// - Parameter pieces: must not overlap.
    package init(_ pieces: [Piece], over underneath: (any MemoryReader)? = nil) {
        self.pieces = pieces.filter { !$0.bytes.isEmpty }.sorted { $0.address < $1.address }
        self.underneath = underneath
    }

    package func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        guard !buffer.isEmpty else { return 0 }
        guard let piece = pieces.last(where: { $0.address <= address }), address - piece.address < UInt64(piece.bytes.count) else {
            guard let underneath else { throw MemoryError(.notMapped, at: address) }
            return try underneath.read(at: address, into: buffer)
        }
        let offset = Int(address - piece.address)
        let count = min(buffer.count, piece.bytes.count - offset)
        piece.bytes.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
        }
        return count
    }
}
