internal import Dispatch
internal import Glibc

/// Reads a pipe or socket to its end and hands over the bytes as they come.
///
/// The handler runs on a queue of its own, one call after the other: while it is busy nothing is
/// read, so memory stays bounded whatever the writer does.
package final class PipeReader: Sendable {
    /// Set when the other side closed, or reading was cancelled.
    package let ended = Latch<Void>()
    private nonisolated(unsafe) let source: any DispatchSourceRead

    package init(_ descriptor: OwnedDescriptor, onBytes: @escaping @Sendable (ArraySlice<UInt8>) -> Void) {
        let queue = DispatchQueue(label: "hangscope.pipe")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor.number, queue: queue)
        let ended = ended
        nonisolated(unsafe) let source = source
        nonisolated(unsafe) var chunk = [UInt8](repeating: 0, count: 65_536)  // pipe(7): a pipe's capacity
        _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
        source.setEventHandler {
            // To the end of what is there: after a hang-up libdispatch gives one event only (event_epoll.c).
            while !source.isCancelled {
                let count = read(descriptor.number, &chunk, chunk.count)
                let number = errno
                if count > 0 {
                    onBytes(chunk[..<count])
                } else if count < 0 && number == EAGAIN {
                    return
                } else if count == 0 || number != EINTR {
                    source.cancel()
                }
            }
        }
        source.setCancelHandler {
            descriptor.close()
            ended.set(())
        }
        source.activate()
    }

    /// Stops reading and closes the descriptor.
    package func cancel() { source.cancel() }
}
