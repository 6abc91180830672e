internal import CLinux
internal import Glibc
internal import Synchronization

/// A file descriptor that is closed once: by `close`, or when nobody holds it any more.
package final class OwnedDescriptor: Sendable {
    /// The number; must not be used after `close`.
    package let number: Int32
    private let isOpen = Mutex(true)

    package init(_ number: Int32) { self.number = number }

    package func close() {
        let mustClose = isOpen.withLock { open in
            defer { open = false }
            return open
        }
        if mustClose { Glibc.close(number) }
    }

    deinit { close() }

    /// What an eventfd has counted since the last time; it must not block.
    func takeCount() -> UInt64 {
        var count: UInt64 = 0
        return read(number, &count, MemoryLayout.size(ofValue: count)) == 8 ? count : 0
    }

    /// A pipe, both ends close-on-exec.
    package static func pipe() throws(ProcessError) -> (read: OwnedDescriptor, write: OwnedDescriptor) {
        var ends: [Int32] = [0, 0]
        guard hs_make_pipe(&ends) == 0 else { throw .descriptors(errno) }
        return (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
    }

    package static func open(_ path: String, flags: Int32, mode: UInt32 = 0o644) throws(ProcessError) -> OwnedDescriptor {
        let number = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else {
            throw ProcessError(
                code: "cannot-open", message: "cannot open \(path): \(ErrorNumber.text(errno))",
                remedy: "Check the path and its permissions.")
        }
        return OwnedDescriptor(number)
    }
}

extension ProcessError {
    static func descriptors(_ number: Int32) -> ProcessError {
        ProcessError(
            code: "no-descriptors", message: "no descriptor to be had: \(ErrorNumber.text(number))",
            remedy: "Raise the limit (ulimit -n), or end what holds descriptors open.")
    }
}

/// What errno(3) means, in words.
package enum ErrorNumber {
    package static func text(_ number: Int32) -> String { String(cString: strerror(number)) }
}

extension OwnedDescriptor {
    /// Writes all bytes; for what fits into a pipe (64 KiB, pipe(7)) before anybody reads.
    package func writeAll(_ bytes: [UInt8]) throws(ProcessError) {
        let count = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        guard count == bytes.count else {
            throw ProcessError(
                code: "cannot-write", message: "cannot write \(bytes.count) bytes: \(ErrorNumber.text(errno))",
                remedy: "Keep what is handed over under 64 KiB.")
        }
    }
}
