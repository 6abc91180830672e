internal import CLinux
internal import Glibc

/// Memory of a running process, by process_vm_readv(2): the process is neither stopped nor told.
package struct LiveMemory: MemoryReader, Hashable {
    /// A process, or any thread of it that still lives: a zombie leader's own id has no memory.
    package let pid: Int32

    package init(pid: Int32) { self.pid = pid }

    package func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        guard let base = buffer.baseAddress, !buffer.isEmpty else { return 0 }
        let got = hs_read_memory(pid, address, base, buffer.count)
        if got > 0 { return got }
        switch Int32(-got) {
        case EPERM, EACCES: throw MemoryError(.notPermitted, at: address)
        case ETIMEDOUT: throw MemoryError(.silent, at: address)
        case ESRCH: throw MemoryError(.processGone, at: address)
        default: throw MemoryError(.notMapped, at: address)
        }
    }
}
