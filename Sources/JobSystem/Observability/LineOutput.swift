internal import Synchronization

/// Where lines go: each is written whole and at once, in the order of the calls.
package final class LineOutput: Sendable {
    private let sink: Mutex<@Sendable (String) -> Void>

    /// `write` is called with one line at a time, its newline included.
    package init(_ write: @escaping @Sendable (String) -> Void) {
        sink = Mutex(write)
    }

    package func write(_ line: String) {
        sink.withLock { $0(line) }
    }
}
