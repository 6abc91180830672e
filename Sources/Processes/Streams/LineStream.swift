internal import Synchronization

/// The lines a helper process writes, as an asynchronous sequence.
///
/// At most `buffered` lines wait to be taken; the oldest are dropped beyond that, so that a
/// helper gone wild costs no memory. For protocols of a few lines; not for a subject's log.
package final class LineStream: Sendable {
    package let lines: AsyncStream<String>
    private let reader: PipeReader

    package init(_ descriptor: OwnedDescriptor, maximumLine: Int = 1 << 20, buffered: Int = 1024) {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(buffered))
        self.lines = lines
        let splitter = Mutex(LineSplitter(maximumLine: maximumLine))
        let reader = PipeReader(descriptor) { bytes in
            for line in splitter.withLock({ $0.append(bytes) }) { continuation.yield(line.text) }
        }
        self.reader = reader
        Task {
            _ = await reader.ended.wait()
            if let last = splitter.withLock({ $0.finish() }) { continuation.yield(last.text) }
            continuation.finish()
        }
    }

    package func cancel() { reader.cancel() }
}
