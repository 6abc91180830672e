internal import GRDB

/// The jobs and their reports, in one SQLite file.
///
/// One connection writes and one reads, so that a reader does not queue behind a writer that
/// waits for a lock. Every access is bounded by the busy timeout and throws `StoreError`.
struct JobStore: Sendable {
    let opener: DatabaseOpener
    let clock: ScaledClock
    private let writer: DatabaseQueue
    private let reader: DatabaseQueue

    /// Opens or makes the store.
    ///
    /// `clock` is made from the store's origin (seconds since 1970), so that clock times go on
    /// where an earlier server left them.
    init(
        opener: DatabaseOpener, busyTimeout: Duration, wallNow: Double, clock makeClock: (_ origin: Double) -> ScaledClock
    ) throws {
        self.opener = opener
        do {
            writer = try opener.open(label: "jobs.writer", busyTimeout: busyTimeout)
            try Schema.migrate(writer)
            clock = makeClock(try Schema.clockOrigin(writer, now: wallNow))
            reader = try opener.open(label: "jobs.reader", busyTimeout: busyTimeout, readOnly: true)
        } catch {
            throw StoreError.wrap(error, "opening \(opener.path)")
        }
    }

    func insert(model: String?) async throws -> JobRecord {
        let now = clock.seconds
        return try await write("storing a new job") { db in
            try db.execute(
                sql: """
                    INSERT INTO jobs (status, progress, message, model, created_at, updated_at)
                    VALUES ('QUEUED', 0, 'waiting', ?, ?, ?)
                    """, arguments: [model, now, now])
            return try Self.job(db.lastInsertedRowID, in: db)
        }
    }

    /// QUEUED becomes PROCESSING at 5 %; false if the job is not queued any more.
    func start(_ id: Int64, deadlineAt: Double?) async throws -> Bool {
        let now = clock.seconds
        return try await write("starting job \(id)") { db in
            try db.execute(
                sql: """
                    UPDATE jobs SET status = 'PROCESSING', progress = 5, message = 'preparing', started_at = ?,
                    updated_at = ?, deadline_at = ? WHERE id = ? AND status = 'QUEUED'
                    """, arguments: [now, now, deadlineAt, id])
            return db.changesCount == 1
        }
    }

    func updateProgress(_ id: Int64, to progress: Int, message: String) async throws {
        let update = Self.progressUpdate(id, progress, message, clock.seconds)
        try await write("updating the progress of job \(id)", update)
    }

    /// What `updateProgress` writes, for those who write it on a connection of their own. A job that
    /// has ended is left alone.
    static func progressUpdate(
        _ id: Int64, _ progress: Int, _ message: String, _ now: Double
    ) -> @Sendable (Database) throws -> Void {
        { db in
            try db.execute(
                sql: "UPDATE jobs SET progress = ?, message = ?, updated_at = ? WHERE id = ? AND status = 'PROCESSING'",
                arguments: [progress, message, now, id])
        }
    }

    func save(_ report: ReportRecord) async throws {
        try await write("saving the report of job \(report.job_id)", Self.reportInsertion(report))
    }

    static func reportInsertion(_ report: ReportRecord) -> @Sendable (Database) throws -> Void {
        { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO reports (job_id, model, provider, summary, created_at) VALUES (?, ?, ?, ?, ?)",
                arguments: [report.job_id, report.model, report.provider, report.summary, report.created_at])
            try db.execute(sql: "UPDATE jobs SET model = ? WHERE id = ?", arguments: [report.model, report.job_id])
        }
    }

    /// Ends a job, unless it has ended already; true if this did it.
    func finish(_ id: Int64, as status: JobStatus, error: String?) async throws -> Bool {
        let now = clock.seconds
        return try await write("marking job \(id) as \(status.rawValue)") { db in
            try db.execute(
                sql: """
                    UPDATE jobs SET status = ?, progress = CASE WHEN ? = 'COMPLETED' THEN 100 ELSE progress END,
                    message = ?, error = ?, updated_at = ?, finished_at = ?
                    WHERE id = ? AND status IN ('QUEUED', 'PROCESSING')
                    """,
                arguments: [
                    status.rawValue, status.rawValue, status == .completed ? "done" : "failed", error, now, now, id,
                ])
            return db.changesCount == 1
        }
    }

    func job(_ id: Int64) async throws -> JobRecord? {
        try await read("reading job \(id)") { db in
            try JobRecord.fetchOne(db, sql: "SELECT * FROM jobs WHERE id = ?", arguments: [id])
        }
    }

    func report(_ id: Int64) async throws -> ReportRecord? {
        try await read("reading the report of job \(id)") { db in
            try ReportRecord.fetchOne(db, sql: "SELECT * FROM reports WHERE job_id = ?", arguments: [id])
        }
    }

    /// The jobs that have not ended, oldest first.
    func unfinished() async throws -> [JobRecord] {
        try await read("reading the unfinished jobs") { db in
            try JobRecord.fetchAll(
                db, sql: "SELECT * FROM jobs WHERE status IN ('QUEUED', 'PROCESSING') ORDER BY id")
        }
    }

    private static func job(_ id: Int64, in db: Database) throws -> JobRecord {
        guard let job = try JobRecord.fetchOne(db, sql: "SELECT * FROM jobs WHERE id = ?", arguments: [id]) else {
            throw StoreError(kind: .failed, what: "storing a new job", detail: "it is not there afterwards")
        }
        return job
    }

    private func write<Value: Sendable>(
        _ what: String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await writer.write(body)
        } catch {
            throw StoreError.wrap(error, what)
        }
    }

    private func read<Value: Sendable>(
        _ what: String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await reader.read(body)
        } catch {
            throw StoreError.wrap(error, what)
        }
    }
}
