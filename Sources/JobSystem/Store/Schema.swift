internal import GRDB

/// The tables of the job store.
enum Schema {
    static func migrate(_ queue: DatabaseQueue) throws {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("jobs and reports") { db in
            try db.execute(
                sql: """
                    CREATE TABLE jobs (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, progress INTEGER NOT NULL,
                        message TEXT NOT NULL, error TEXT, model TEXT, created_at REAL NOT NULL, started_at REAL,
                        updated_at REAL NOT NULL, finished_at REAL, deadline_at REAL);
                    CREATE INDEX jobs_by_status ON jobs (status);
                    CREATE TABLE reports (
                        job_id INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE, model TEXT NOT NULL,
                        provider TEXT NOT NULL, summary TEXT NOT NULL, created_at REAL NOT NULL);
                    CREATE TABLE clock (origin REAL NOT NULL);
                    """)
        }
        try migrator.migrate(queue)
    }

    /// The wall time (seconds since 1970) of the clock's zero: the store's first opening.
    static func clockOrigin(_ queue: DatabaseQueue, now: Double) throws -> Double {
        try queue.write { db in
            if let origin = try Double.fetchOne(db, sql: "SELECT origin FROM clock") { return origin }
            try db.execute(sql: "INSERT INTO clock (origin) VALUES (?)", arguments: [now])
            return now
        }
    }
}
