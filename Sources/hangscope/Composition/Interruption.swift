internal import Foundation
internal import Processes

/// Ctrl-C: the first heals, cleans up and writes what there is; the second ends at once.
enum Interruption {
    /// Runs the body in a task that the first SIGINT or SIGTERM cancels.
    static func during<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await body() }
        let watch = SignalWatch([SIGINT, SIGTERM]) {
            if task.isCancelled { _exit(130) }
            complain("interrupted: cleaning up (again to end at once)")
            task.cancel()
        }
        defer { watch.cancel() }
        return try await task.value
    }
}
