internal import Dispatch
internal import Synchronization

/// A value that is being made on another thread.
final class Underway<Value: Sendable>: Sendable {
    private let made = Mutex<Value?>(nil)
    private let making = DispatchGroup()

    init(_ make: @escaping @Sendable () -> Value) {
        DispatchQueue.global().async(group: making) { [self] in
            let value = make()
            made.withLock { $0 = value }
        }
    }

    /// Waits for it.
    var value: Value? {
        making.wait()
        return made.withLock { $0 }
    }
}
