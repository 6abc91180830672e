internal import Synchronization

/// Memory read in aligned blocks that are kept: for chasing many pointers that lie close together.
///
/// Holds at most `limit` bytes; beyond that it starts afresh. One cache is one moment's view as
/// far as a process that runs on allows: make a new one for each reading.
package final class BlockCache: MemoryReader {
    private static let blockSize: UInt64 = 16384
    private struct State {
        var blocks: [UInt64: [UInt8]] = [:]
        var missing: Set<UInt64> = []
    }
    private let base: any MemoryReader
    private let maximumBlocks: Int
    private let state = Mutex(State())

    package init(_ base: any MemoryReader, limit_bytes: Int = 384 << 20) {
        self.base = base
        maximumBlocks = max(1, limit_bytes / Int(Self.blockSize))
    }

    package func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        var done = 0
        while done < buffer.count {
            let (place, overflow) = address.addingReportingOverflow(UInt64(done))
            if overflow { break }
            let block = place & ~(Self.blockSize - 1)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let got = state.withLock { copy(from: block, offset: Int(place - block), into: rest, &$0) }
            if got == 0 {
                // The block's start is not readable, or it ends before this place: ask directly.
                do throws(MemoryError) { return done + (try base.read(at: place, into: rest)) } catch {
                    if done > 0 { return done }
                    throw error
                }
            }
            done += got
        }
        return done
    }

    private func copy(from block: UInt64, offset: Int, into buffer: UnsafeMutableRawBufferPointer, _ state: inout State) -> Int {
        if state.blocks[block] == nil {
            if state.missing.contains(block) { return 0 }
            if state.blocks.count >= maximumBlocks { state.blocks.removeAll(keepingCapacity: true) }
            guard let bytes = try? base.bytes(at: block, upTo: Int(Self.blockSize)) else {
                if state.missing.count < 1 << 20 { state.missing.insert(block) }
                return 0
            }
            state.blocks[block] = bytes
        }
        guard let bytes = state.blocks[block], offset < bytes.count else { return 0 }
        let count = min(buffer.count, bytes.count - offset)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        return count
    }
}
