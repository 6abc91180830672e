import Faults
import GRDB
import Glibc
import Testing

/// The locker in this process: SQLite counts locks a connection, so another connection is shut out here too.
@Suite struct LockerTests {
    private func withDatabase(journal: String, _ body: (String, DatabaseQueue) async throws -> Void) async throws {
        var template = Array("/tmp/hangscope-locker-XXXXXX".utf8CString)
        let folder = String(cString: mkdtemp(&template))
        let path = folder + "/jobs.sqlite"
        defer { for name in ["", "-wal", "-shm", "-journal"] { unlink(path + name) }; rmdir(folder) }
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { database in
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = \(journal)")
            try database.execute(sql: "CREATE TABLE job(id INTEGER)")
        }
        try await body(path, queue)
        try queue.close()
    }

    private func canWrite(_ queue: DatabaseQueue) async -> Bool {
        (try? await queue.write { try $0.execute(sql: "INSERT INTO job VALUES (1)") }) != nil
    }

    private func canRead(_ queue: DatabaseQueue) async -> Bool {
        (try? await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM job") }) != nil
    }

    @Test(arguments: [
        ("delete", "shared", true, false), ("delete", "reserved", true, false), ("delete", "exclusive", false, false),
        ("wal", "shared", true, true), ("wal", "reserved", true, false), ("wal", "exclusive", true, false),
        ("wal", "wal-writer", true, false),
    ])
    func locksAndLetsGo(journal: String, lock: String, reads: Bool, writes: Bool) async throws {
        try await withDatabase(journal: journal) { path, queue in
            let fault = try DatabaseLocker().fault(id: "l", kind: "lock-database", options: ["database": path, "lock": lock])
            await fault.heal()
            for _ in 0..<2 {
                try await fault.arm()
                #expect(await canRead(queue) == reads)
                #expect(await canWrite(queue) == writes)
                await fault.heal()
                await fault.heal()
                #expect(await canRead(queue))
                #expect(await canWrite(queue))
            }
        }
    }

    @Test func saysWhatIsWrong() async throws {
        let locker = DatabaseLocker()
        #expect(throws: FaultError.self) { try locker.fault(id: "l", kind: "lock-database", options: [:]) }
        #expect(throws: FaultError.self) { try locker.fault(id: "l", kind: "stall", options: ["database": "/tmp/x"]) }
        let nowhere = try locker.fault(id: "l", kind: "lock-database", options: ["database": "/nowhere/at.all"])
        await #expect(throws: FaultError.self) { try await nowhere.arm() }
        await nowhere.heal()
        try await withDatabase(journal: "delete") { path, queue in
            let fault = try locker.fault(id: "l", kind: "lock-database", options: ["database": path, "lock": "wal-writer"])
            await #expect(throws: FaultError.self) { try await fault.arm() }
            await fault.heal()
            #expect(await canWrite(queue))
        }
    }
}
