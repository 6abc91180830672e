internal import Glibc

/// Reads a pipe or socket to its end and hands over the bytes as they come.
///
/// The handler runs on a thread of its own, one call after the other: while it is busy nothing is
/// read, so memory stays bounded whatever the writer does.
package final class PipeReader: Sendable {
    /// Set when the other side closed, or reading was cancelled.
    package let ended = Latch<Void>()
    private let watch: ReadableWatch

    package init(_ descriptor: OwnedDescriptor, onBytes: @escaping @Sendable (ArraySlice<UInt8>) -> Void) {
        let ended = ended
        _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
        watch = ReadableWatch(descriptor) {
            var number: Int32 = 0
            // pipe(7): a pipe's capacity.
            let chunk = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
                let count = read(descriptor.number, buffer.baseAddress, buffer.count)
                number = count < 0 ? errno : 0
                initialized = max(0, count)
            }
            if !chunk.isEmpty { onBytes(chunk[...]) }
            return !chunk.isEmpty || number == EAGAIN || number == EINTR
        } onEnd: {
            descriptor.close()
            ended.set(())
        }
    }

    /// Stops reading and closes the descriptor.
    package func cancel() { watch.cancel() }
}
