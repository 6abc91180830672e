/// Runs an operation and cancels it when it takes longer than `limit` of the clock's time.
///
/// Throws what `onTimeout` gives, once the operation has ended: a task group ends only when all
/// its children have. An operation that ignores cancellation therefore holds up its timeout.
func withTimeout<Value: Sendable>(
    _ limit: Duration, clock: ScaledClock, onTimeout: @escaping @Sendable () -> any Error,
    operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(name: "timed operation", operation: operation)
        group.addTask(name: "timeout") {
            try await clock.sleep(for: limit)
            throw onTimeout()
        }
        defer { group.cancelAll() }
        // The group has two children, so there is a first result.
        return try await group.next()!
    }
}
