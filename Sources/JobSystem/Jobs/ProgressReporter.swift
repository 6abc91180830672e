internal import GRDB
internal import Logging

/// Writes a job's displayed progress.
struct ProgressReporter: Sendable {
    var id: Int64
    var store: JobStore
    var board: JobBoard
    var observability: Observability
    var defects: Defects

    /// Writes it, and throws when that fails; `touch` says that only `updated_at` changes.
    func report(_ progress: Int, _ message: String, touch: Bool = false) async throws {
        do {
            if defects.contains(.sessionContention) {
                try await writeInNewSession(progress, message)
            } else {
                try await store.updateProgress(id, to: progress, message: message)
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if defects.contains(.swallowedErrors) { return }
            observability.emit(
                .progressWriteFailed, ["progress": .stringConvertible(progress)], level: .error, error: error)
            throw error
        }
        let now = observability.clock.seconds
        board.update(id) { $0.progress = progress; $0.message = message; $0.updated_at = now }
        var about: Logger.Metadata = ["progress": .stringConvertible(progress)]
        if touch { about["touch"] = .stringConvertible(true) }
        observability.emit(.jobProgress, about)
    }

    /// Writes it if that is possible: what is displayed is not worth a job, and a failure has been logged.
    func reportIfPossible(_ progress: Int, _ message: String) async throws {
        do {
            try await report(progress, message)
        } catch is StoreError {}
    }

    /// The defect `session-contention`: a connection for every update.
    private func writeInNewSession(_ progress: Int, _ message: String) async throws {
        do {
            let session = try await DatabaseSession.open(store.opener, label: "progress.session")
            try await session.write(JobStore.progressUpdate(id, progress, message, store.clock.seconds))
        } catch {
            throw StoreError.wrap(error, "updating the progress of job \(id)")
        }
    }
}
