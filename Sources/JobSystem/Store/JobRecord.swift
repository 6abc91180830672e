internal import GRDB

/// The states a job goes through; the last two are final.
package enum JobStatus: String, Codable, Sendable, CaseIterable {
    case queued = "QUEUED"
    case processing = "PROCESSING"
    case completed = "COMPLETED"
    case failed = "FAILED"

    var isFinal: Bool { self == .completed || self == .failed }
}

/// A row of the table `jobs`. Times are seconds of the injected clock.
struct JobRecord: Codable, Sendable, Equatable, FetchableRecord {
    var id: Int64
    var status: JobStatus
    /// What is displayed, 0 to 100.
    var progress: Int
    var message: String
    var error: String?
    var model: String?
    var created_at: Double
    var started_at: Double?
    var updated_at: Double
    var finished_at: Double?
    /// Nil until the job starts, and where it has no deadline.
    var deadline_at: Double?
}

/// A row of the table `reports`: the result of a job.
struct ReportRecord: Codable, Sendable, Equatable, FetchableRecord {
    var job_id: Int64
    /// The model that answered, or `mixed: A, B` where chunks were answered by several.
    var model: String
    var provider: String
    var summary: String
    var created_at: Double
}
