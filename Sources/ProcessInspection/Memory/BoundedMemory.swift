internal import Synchronization

/// Wraps a reader so that hostile memory cannot make us read without end.
///
/// Bounds are checked before anything is read or allocated. The byte budget counts what
/// is asked for, not what is got; `reads` bounds pointer chases, which cost few bytes each.
package final class BoundedMemory: MemoryReader {
    private struct Spent {
        var bytes = 0
        var reads = 0
    }
    private let base: any MemoryReader
    private let maximumBytes: Int
    private let maximumReads: Int
    private let spent = Mutex(Spent())

    package init(_ base: any MemoryReader, bytes: Int = 256 << 20, reads: Int = 1_000_000) {
        self.base = base
        self.maximumBytes = bytes
        self.maximumReads = reads
    }

    package func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        let allowed = spent.withLock { spent in
            guard spent.reads < maximumReads, buffer.count <= maximumBytes - spent.bytes else { return false }
            spent.reads += 1
            spent.bytes += buffer.count
            return true
        }
        guard allowed else { throw MemoryError(.budgetExhausted, at: address) }
        return try base.read(at: address, into: buffer)
    }

    package var isExhausted: Bool { spent.withLock { $0.reads >= maximumReads || $0.bytes >= maximumBytes } }
}
