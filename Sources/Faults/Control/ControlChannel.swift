internal import Dispatch
internal import Evidence
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// JSON lines over a connected stream socket, both ways.
///
/// Reading and writing have a queue of their own, so that neither a slow reader nor a
/// silent writer holds up anybody else. The descriptor belongs to the channel.
package final class ControlChannel: Sendable {
    /// Longest line taken, in bytes; a longer one ends the channel.
    static let longestLine = 1 << 20
    /// Events that may wait to be written; more are dropped and counted.
    static let mostWaiting = 4096

    private struct State {
        var closed = false
        var waiting = 0
        var dropped = 0
    }

    private let descriptor: CInt
    private let state = Mutex(State())
    private let writing = DispatchQueue(label: "control.write")
    /// Lines that came in, without the newline; ends with the channel.
    package let lines: AsyncStream<[UInt8]>

    package init(descriptor: CInt) {
        self.descriptor = descriptor
        let (lines, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        self.lines = lines
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        DispatchQueue(label: "control.read").async { [writing] in
            Self.readLines(of: descriptor, into: continuation)
            continuation.finish()
            self.state.withLock { $0.closed = true }
            writing.async { Glibc.close(descriptor) }
        }
    }

    /// Sends a message; false when the channel is closed or too much waits already.
    @discardableResult
    package func send<Message: Encodable & Sendable>(_ message: Message, droppable: Bool = false) -> Bool {
        let admitted = state.withLock { state in
            if state.closed { return false }
            if droppable && state.waiting >= Self.mostWaiting {
                state.dropped += 1
                return false
            }
            state.waiting += 1
            return true
        }
        guard admitted, let line = try? EvidenceCoding.line(message) else { return false }
        writing.async { [self] in
            state.withLock { $0.waiting -= 1 }
            if !writeAll(line) { close() }
        }
        return true
    }

    /// Ends both directions; `lines` ends too. What was sent before is still written.
    package func close() {
        writing.async { [self] in
            // The reader sees the end and closes the descriptor: nobody else does, so no number is closed twice.
            if !state.withLock({ $0.closed }) { shutdown(descriptor, CInt(SHUT_RDWR)) }
        }
    }

    private func writeAll(_ line: Data) -> Bool {
        if state.withLock({ $0.closed }) { return false }
        return line.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.send(descriptor, bytes.baseAddress! + sent, bytes.count - sent, CInt(MSG_NOSIGNAL))
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }
    }

    private static func readLines(of descriptor: CInt, into lines: AsyncStream<[UInt8]>.Continuation) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            for byte in buffer[0..<count] {
                if byte != UInt8(ascii: "\n") {
                    pending.append(byte)
                } else if !pending.isEmpty {
                    lines.yield(pending)
                    pending.removeAll(keepingCapacity: true)
                }
            }
            if pending.count > longestLine { return }
        }
    }
}
