/// `GET /jobs/{id}/status`.
struct JobStatusResponse: Encodable {
    var id: String
    var status: JobStatus
    var progress: Int
    var message: String
    var error: String?
    var model: String?
    /// Times are seconds of the server's clock.
    var created_at: Double
    var started_at: Double?
    var updated_at: Double
    var finished_at: Double?
    var deadline_at: Double?
    /// Set when the database could not be read, or has yet to learn what is said here.
    var warning: String?

    init(_ job: JobRecord, warning: String? = nil) {
        id = "\(job.id)"
        status = job.status
        progress = job.progress
        message = job.message
        error = job.error
        model = job.model
        created_at = job.created_at
        started_at = job.started_at
        updated_at = job.updated_at
        finished_at = job.finished_at
        deadline_at = job.deadline_at
        self.warning = warning
    }
}

/// `POST /generate-async`.
struct AcceptedResponse: Encodable {
    var id: String
    var status: JobStatus
    var progress: Int
    var chunks: Int
    var status_url: String
}

/// `GET /jobs/{id}/result`.
struct ResultResponse: Encodable {
    var id: String
    var model: String
    var provider: String
    var summary: String
    var created_at: Double

    init(_ report: ReportRecord) {
        id = "\(report.job_id)"
        model = report.model
        provider = report.provider
        summary = report.summary
        created_at = report.created_at
    }
}

/// `POST /admin/cleanup-stuck-jobs`.
struct CleanupResponse: Encodable {
    var cleaned: Int
    var jobs: [String]
}
