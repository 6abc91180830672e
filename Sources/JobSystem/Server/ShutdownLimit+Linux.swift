internal import Dispatch
internal import Glibc
internal import Logging

/// Ends the process a bounded REAL time after SIGTERM or SIGINT, whatever hangs in it.
///
/// It listens to the signals on a dispatch queue of its own, since the concurrency pool that the
/// orderly shutdown runs on may be what hangs.
final class ShutdownLimit: Sendable {
    /// Only kept alive here; never touched after `init`.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init(limit: Duration, observability: Observability) {
        let queue = DispatchQueue(label: "jobd.shutdown-limit")
        sources = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")].map { number, name in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                observability.emit(.serverStopping, ["signal": "\(name)"])
                queue.asyncAfter(deadline: .now() + limit.seconds) {
                    observability.emit(
                        .serverStopForced, ["after_s": .stringConvertible(limit.seconds)], level: .error)
                    // No atexit handlers: they could wait for what hangs.
                    _exit(EX_SOFTWARE)
                }
            }
            source.resume()
            return source
        }
    }
}
