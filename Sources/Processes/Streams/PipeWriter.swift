internal import Glibc

/// Writes to a process's standard input without ever blocking a thread.
package final class PipeWriter: Sendable {
    private let descriptor: OwnedDescriptor

    package init(_ descriptor: OwnedDescriptor) {
        self.descriptor = descriptor
        BrokenPipes.ignore()
        _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
    }

    /// Writes all bytes; throws when the reader is gone or does not read for so long.
    package func write(_ bytes: [UInt8], within limit: Duration = .seconds(10)) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor.number, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN, clock.now < deadline {
                try await Task.sleep(for: .milliseconds(2))
            } else if errno != EINTR {
                let reason = errno == EAGAIN ? "it does not read" : ErrorNumber.text(errno)
                throw ProcessError(
                    code: "cannot-write", message: "cannot write to the process: \(reason)",
                    remedy: "It ended or hangs; see its log.")
            }
        }
    }

    package func write(line: String, within limit: Duration = .seconds(10)) async throws {
        try await write(Array(line.utf8) + [UInt8(ascii: "\n")], within: limit)
    }

    package func close() { descriptor.close() }
}

/// SIGPIPE would end the whole program when a process it writes to goes away.
enum BrokenPipes {
    private static let ignored: Void = { signal(SIGPIPE, SIG_IGN) }()
    static func ignore() { _ = ignored }
}
