internal import Logging
internal import ServiceLifecycle

/// Finds jobs that will not end by themselves and ends them as failed.
struct StuckJobSweeper: Service {
    /// How long after its deadline a job may take to end properly.
    private static let deadlineGrace = 30.0

    var manager: JobManager
    var configuration: Configuration
    var defects: Defects
    var observability: Observability

    /// Sweeps every `sweeper.interval` until the server shuts down.
    func run() async throws {
        guard !defects.contains(.noStuckDetection) else { return try await gracefulShutdown() }
        try? await cancelWhenGracefulShutdown {
            while true {
                try await observability.clock.sleep(for: configuration.sweepInterval)
                do {
                    await storeUnsavedEnds()
                    _ = try await sweep()
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    observability.logger.error(
                        "the sweeper could not look", error: error, metadata: ["error.type": "\(errorType(error))"])
                }
            }
        }
    }

    /// Ends the stuck jobs and gives their ids.
    func sweep() async throws -> [Int64] {
        let now = observability.clock.seconds
        var cleaned: [Int64] = []
        for job in try await manager.store.unfinished() {
            guard let reason = reason(job, now: now) else { continue }
            let error = JobError(kind: .stuck, detail: "ended by the stuck-job sweeper: \(reason)")
            manager.cancel(job.id, because: error)
            guard try await manager.store.finish(job.id, as: .failed, error: "\(error)") else { continue }
            manager.board.finish(job.id, as: .failed, error: "\(error)", at: now, isSaved: true)
            cleaned.append(job.id)
            let about: Logger.Metadata = ["job.id": "\(job.id)", "status": "FAILED"]
            observability.emit(.jobStatus, about)
            observability.emit(.jobFinished, about, level: .error, error: error)
        }
        observability.emit(
            .sweeperRun,
            [
                "cleaned": .stringConvertible(cleaned.count),
                "jobs": "\(cleaned.map(String.init).joined(separator: ","))",
            ])
        return cleaned
    }

    /// The jobs that are stuck now, without ending them.
    func stuckJobs() async throws -> [Int64] {
        let now = observability.clock.seconds
        return try await manager.store.unfinished().filter { reason($0, now: now) != nil }.map(\.id)
    }

    /// Why a job counts as stuck; nil if it does not.
    private func reason(_ job: JobRecord, now: Double) -> String? {
        let limit = configuration.stuckAfter.seconds
        if now - job.updated_at > limit { return "not updated for \(Int(now - job.updated_at)) s" }
        // The rest sees through a job that is touched but not done.
        guard !defects.contains(.noStuckDetection), job.status == .processing else { return nil }
        if let deadline = job.deadline_at, now > deadline + Self.deadlineGrace {
            return "its deadline passed \(Int(now - deadline)) s ago"
        }
        let lastWork = manager.board.lastWork(job.id) ?? job.started_at ?? job.created_at
        if now - lastWork > limit { return "no work was done for \(Int(now - lastWork)) s" }
        return nil
    }

    /// Stores the ends of jobs that could not be stored when they happened.
    private func storeUnsavedEnds() async {
        for job in manager.board.unsaved {
            do {
                _ = try await manager.store.finish(job.id, as: job.status, error: job.error)
                manager.board.finish(job.id, as: job.status, error: job.error, at: observability.clock.seconds, isSaved: true)
                observability.emit(.jobStatus, ["job.id": "\(job.id)", "status": "\(job.status.rawValue)"])
            } catch {
                return  // still locked: next time
            }
        }
    }
}
