internal import Synchronization

/// Runs an operation and stops waiting for it when it takes longer than `limit`: the timeout of the
/// defect `work-outlives-timeout`.
///
/// The operation is a task of its own. Nobody cancels it, and after the timeout nobody waits for it.
func withAbandoningTimeout<Value: Sendable>(
    _ limit: Duration, clock: ScaledClock, onTimeout: @escaping @Sendable () -> any Error,
    operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let first = FirstResult<Value>()
    let timer = Task(name: "timeout") {
        try await clock.sleep(for: limit)
        first.settle { .failure(onTimeout()) }
    }
    Task(name: "abandoned operation") {
        let result: Result<Value, any Error>
        do { result = .success(try await operation()) } catch { result = .failure(error) }
        first.settle { result }
    }
    defer { timer.cancel() }
    return try await withTaskCancellationHandler {
        try await first.value()
    } onCancel: {
        first.settle { .failure(CancellationError()) }
    }
}

/// The result of whoever comes first, for one waiter.
private final class FirstResult<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
    }

    private let state = Mutex(State.open)

    /// Evaluates `result` and keeps it, unless there is one already.
    func settle(_ result: () -> Result<Value, any Error>) {
        let waiter: (CheckedContinuation<Value, any Error>, Result<Value, any Error>)? = state.withLock { state in
            switch state {
            case .settled: return nil
            case .open:
                state = .settled(result())
                return nil
            case .awaited(let continuation):
                let result = result()
                state = .settled(result)
                return (continuation, result)
            }
        }
        if let waiter { waiter.0.resume(with: waiter.1) }
    }

    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<Value, any Error>? = state.withLock { state in
                if case .settled(let result) = state { return result }
                state = .awaited(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
