internal import CLinux
internal import Synchronization

/// Calls back for each signal of the given numbers, on a thread of its own, in place of what it does otherwise.
package final class SignalWatch: Sendable {
    private let numbers: [Int32]
    private let watch: ReadableWatch

    /// - Parameter onSignal: once for each; several that come at once may count as one. They are ignored after `cancel`.
    package init(_ numbers: [Int32], onSignal: @escaping @Sendable () -> Void) {
        self.numbers = numbers
        let event = OwnedDescriptor(hs_event_descriptor())
        watch = ReadableWatch(event) {
            if event.takeCount() > 0 { onSignal() }
            return true
        } onEnd: {}
        for number in numbers { hs_count_signal(number, event.number) }
    }

    package func cancel() {
        for number in numbers { hs_count_signal(number, -1) }
        watch.cancel()
    }
}
