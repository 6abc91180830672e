/// A lock on a SQLite database: which, on which file.
package struct DatabaseLock: Codable, Sendable, Hashable {
    /// https://www.sqlite.org/lockingv3.html and https://www.sqlite.org/wal.html
    package enum Level: String, Codable, Sendable, Hashable, CaseIterable {
        /// Reading: writers cannot commit (rollback journal).
        case shared
        /// BEGIN IMMEDIATE: nobody else can begin to write.
        case reserved
        /// BEGIN EXCLUSIVE: nobody else can read or write (in WAL mode: write).
        case exclusive
        /// The writer's lock of a database in WAL mode.
        case walWriter = "wal-writer"
    }

    package var path: String
    package var level: Level

    package init(path: String, level: Level) {
        self.path = path
        self.level = level
    }

    static let options: [OptionDescription] = [
        .init("lock", "shared, reserved (as BEGIN IMMEDIATE), exclusive, or wal-writer (only in WAL mode).", .word(Level.allCases.map(\.rawValue)), default: "exclusive"),
        .init("database", "The SQLite file; without it, the job system's.", .string),
        .init("journal", "Puts the database into this journal mode first.", .word(["delete", "wal"])),
    ]
}
