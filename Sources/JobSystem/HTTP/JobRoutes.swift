internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Tracing

/// The HTTP interface.
struct JobRoutes: Sendable {
    /// The longest request body, in bytes.
    private static let maximumBody = 4 << 20

    var configuration: Configuration
    var manager: JobManager
    var sweeper: StuckJobSweeper
    var health: HealthCheck
    var observability: Observability

    private struct Submission: Decodable {
        var script: String
        var model: String?
    }

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: CorrelationMiddleware())
        router.add(middleware: ErrorMiddleware(observability: observability))
        router.post("generate-async") { request, _ in try await submit(request) }
        router.get("jobs/:id/status") { _, context in try await status(context) }
        router.get("jobs/:id/result") { _, context in try await result(context) }
        router.get("health") { _, _ in try await health.response() }
        router.post("admin/cleanup-stuck-jobs") { _, _ in
            let cleaned = try await sweeper.sweep()
            return try Response.json(CleanupResponse(cleaned: cleaned.count, jobs: cleaned.map { "\($0)" }))
        }
        return router
    }

    private func submit(_ request: Request) async throws -> Response {
        var request = request
        let remedy = "send {\"script\": \"...\"} and, if you like, \"model\""
        let body: ByteBuffer
        do {
            body = try await request.collectBody(upTo: Self.maximumBody)
        } catch {
            throw APIError(
                status: .contentTooLarge, code: "too-large", message: "the body is longer than \(Self.maximumBody) bytes",
                remedy: "send a shorter script")
        }
        guard let submission = try? JSONDecoder().decode(Submission.self, from: Data(body.readableBytesView)) else {
            throw APIError.badRequest("the body is not the JSON object that is expected", remedy: remedy)
        }
        let script = Script(submission.script, chunkWords: configuration.chunkWords)
        guard !script.chunks.isEmpty else { throw APIError.badRequest("the script is empty", remedy: remedy) }
        guard script.chunks.count <= configuration.maxChunks else {
            throw APIError.badRequest(
                "the script has \(script.chunks.count) chunks, and at most \(configuration.maxChunks) are analysed",
                remedy: "send it in parts, or raise analysis.max-chunks")
        }
        if let model = submission.model, !(1...200).contains(model.utf8.count) {
            throw APIError.badRequest("that cannot be a model's name", remedy: remedy)
        }
        let job = try await observability.span("http.generate-async") {
            try await manager.submit(script: script, model: submission.model)
        }
        return try .json(
            AcceptedResponse(
                id: "\(job.id)", status: job.status, progress: job.progress, chunks: script.chunks.count,
                status_url: "/jobs/\(job.id)/status"), status: .accepted)
    }

    private func status(_ context: BasicRequestContext) async throws -> Response {
        let (job, warning) = try await job(try id(context))
        return try .json(JobStatusResponse(job, warning: warning))
    }

    /// The job as the database has it; as the server knows it where the database cannot say, and then
    /// with a warning.
    private func job(_ id: Int64) async throws -> (JobRecord, warning: String?) {
        let known = manager.board.job(id)
        if let known, known.isUnsaved { return (known.record, "the database has yet to learn of this end") }
        do {
            guard let job = try await manager.store.job(id) else { throw APIError.notFound("job \(id)") }
            return (job, nil)
        } catch let error as StoreError {
            guard let known else { throw error }
            return (known.record, "last known to the server: \(error)")
        }
    }

    private func result(_ context: BasicRequestContext) async throws -> Response {
        let id = try id(context)
        let (job, _) = try await job(id)
        guard job.status == .completed, let report = try await manager.store.report(id) else {
            throw APIError.notReady(job.status)
        }
        return try .json(ResultResponse(report))
    }

    private func id(_ context: BasicRequestContext) throws -> Int64 {
        let text = context.parameters.get("id") ?? ""
        guard let id = Int64(text), id > 0 else {
            throw APIError.badRequest("\"\(text.prefix(40))\" is not a job id", remedy: "ids are numbers from 1")
        }
        return id
    }
}
