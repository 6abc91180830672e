internal import Dispatch
internal import Foundation

/// Ctrl-C: the first heals, cleans up and writes what there is; the second ends at once.
enum Interruption {
    /// Runs the body in a task that the first SIGINT or SIGTERM cancels.
    static func during<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await body() }
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        nonisolated(unsafe) var count = 0
        let queue = DispatchQueue(label: "hangscope.interruption")
        let sources = [SIGINT, SIGTERM].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                count += 1
                if count > 1 { _exit(130) }
                complain("interrupted: cleaning up (again to end at once)")
                task.cancel()
            }
            source.activate()
            return source
        }
        defer { sources.forEach { $0.cancel() } }
        return try await task.value
    }
}
