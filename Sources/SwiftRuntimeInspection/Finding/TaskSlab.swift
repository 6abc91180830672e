/// A piece of a task's own stack: {metadata, next, capacity u32, used u32}, padded to 32 bytes, then the
/// memory itself (StackAllocator.h).
enum TaskSlab {
    static let header_bytes: UInt64 = 32
    private static let capacityOffset = 16
    /// A task with its fragments and first frames, or a slab, as a rule.
    static let usualExtent_bytes: UInt64 = 1024
    /// What lies further from a slab's start is read from the live process.
    private static let maximumExtent_bytes: UInt64 = 1 << 20

    /// - Parameter bytes: begin at the slab's first word.
    static func extent_bytes(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard bytes.count >= capacityOffset + 4 else { return usualExtent_bytes }
        let capacity = bytes.loadUnaligned(fromByteOffset: capacityOffset, as: UInt32.self)
        return min(header_bytes + UInt64(capacity), maximumExtent_bytes)
    }
}
