/// Starts processes: through the supervisor, or directly.
package protocol ProcessSpawner: Sendable {
    /// Returns once the program runs (execve succeeded); throws `ProcessError` when it does not.
    func spawn(_ request: SpawnRequest) async throws -> ChildProcess
}
