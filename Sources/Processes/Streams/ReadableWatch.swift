internal import CLinux
internal import Glibc
internal import Synchronization

/// Calls back while a descriptor is readable or hung up, on a thread of its own, until told to end.
///
/// Not a `DispatchSource`: libdispatch's epoll back end frees what its manager thread still uses when read
/// sources come and go on several threads (swift-corelibs-libdispatch issue 949), which ends the program
/// with SIGSEGV now and then, anywhere.
final class ReadableWatch: Sendable {
    private let isCancelled = Mutex(false)
    private let wake: OwnedDescriptor?

    /// - Parameters:
    ///   - onReadable: false ends the watch. One call after the other: while it is busy nothing is watched.
    ///   - onEnd: called once, last.
    init(_ descriptor: OwnedDescriptor, onReadable: @escaping @Sendable () -> Bool, onEnd: @escaping @Sendable () -> Void) {
        let event = hs_event_descriptor()
        wake = event >= 0 ? OwnedDescriptor(event) : nil
        DetachedThread.run { [self] in
            while !isCancelled.withLock({ $0 }), isReadable(descriptor), onReadable() {}
            onEnd()
        }
    }

    func cancel() {
        isCancelled.withLock { $0 = true }
        guard let wake else { return }
        var one: UInt64 = 1
        _ = write(wake.number, &one, 8)
    }

    /// Waits; false when it was cancelled, or the descriptor is not one.
    private func isReadable(_ descriptor: OwnedDescriptor) -> Bool {
        var watched = [pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)]
        if let wake { watched.append(pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0)) }
        while !isCancelled.withLock({ $0 }) {
            // Where no descriptor was to be had for waking us up, we look now and then.
            let ready = poll(&watched, nfds_t(watched.count), wake == nil ? 50 : -1)
            if ready < 0 && errno != EINTR { return false }
            if ready > 0, watched[0].revents != 0 { return watched[0].revents & Int16(POLLNVAL) == 0 }
        }
        return false
    }
}
