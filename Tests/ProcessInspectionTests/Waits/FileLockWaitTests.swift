import Evidence
import Foundation
import ProcessInspection
import Testing

/// Waits for file locks: holder, waiter and, for SQLite, the lock's name.
extension LiveProcessTests {
    @Suite struct FileLockWaitTests {
        @Test(arguments: [("lock-posix", FileLock.Kind.posix), ("lock-ofd", .ofd), ("lock-flock", .flock)])
        func `a lock names holder and waiter`(kind: String, lockKind: FileLock.Kind) async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run(kind, "\(folder)/file") { standing in
                    let snapshot = try await standing.capture()
                    let thread = try snapshot.thread(standing.pid)
                    #expect(thread.wait?.kind == .fileLock)
                    let lock = try #require(snapshot.locks.elements.first { $0.path == "\(folder)/file" })
                    #expect(lock.kind == lockKind && lock.mode == .write)
                    let child = try #require(snapshot.processes.elements.first { $0.role == .descendant }?.identity.pid)
                    #expect(lock.holders.map(\.pid) == [child])
                    #expect(lock.holders.first.map { $0.fd >= 0 } == true)
                    #expect(lock.waiters.map(\.pid) == [standing.pid])
                    #expect(lock.waiters.first?.tid == standing.pid)
                    if lockKind == .posix {
                        #expect(lock.start == 100 && lock.end == 149)
                        #expect(thread.wait?.rangeStart == 120 && thread.wait?.rangeEnd == 129)
                    }
                }
            }
        }

        @Test(arguments: [("lock-sqlite", SQLiteLock.Journal.rollback, SQLiteLock.Name.reserved), ("lock-sqlite-wal", .wal, .walWrite)])
        func `SQLite's locks have their names`(kind: String, journal: SQLiteLock.Journal, name: SQLiteLock.Name) async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run(kind, "\(folder)/jobs.db") { standing in
                    let snapshot = try await standing.capture()
                    let lock = try #require(snapshot.locks.elements.first { $0.sqlite?.name == name })
                    #expect(lock.sqlite?.journal == journal)
                    #expect(lock.sqlite?.database == "\(folder)/jobs.db")
                    #expect(lock.sqlite?.blocksWriters == true)
                    #expect(lock.holders.allSatisfy { $0.pid != standing.pid } && !lock.holders.isEmpty)
                }
            }
        }

        @Test func `a holder that is no relative is followed, once, and not stopped`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("lock-posix", "\(folder)/file") { holder in
                    try await Standing.run("lock-behind", "\(folder)/file") { standing in
                        let snapshot = try await standing.capture()
                        let followed = snapshot.processes.elements.filter { $0.role == .followed }
                        #expect(followed.contains { $0.followedBecause?.contains("posix lock on \(folder)/file") == true })
                        #expect(Set(followed.map(\.identity.pid)).count == followed.count)
                        let threads = snapshot.threads.elements.filter { thread in followed.contains { $0.identity.pid == thread.pid } }
                        #expect(threads.allSatisfy { $0.pause.method != .stopped } && !threads.isEmpty)
                        #expect(threads.contains { !$0.stack.elements.isEmpty })
                        let alone = try await standing.capture { $0.follow.mode = .none }
                        #expect(alone.processes.elements.count == 1)
                    }
                }
            }
        }

        @Test func `a child that the holder waits for is followed too`() async throws {
            try await withTemporaryFolder { folder in
                // Waits for any child, as shells do: the system call does not say for which.
                let script = "exec 9>'\(folder)/file'; flock 9; echo ready; sleep 60 9>&-; :"
                try await Standing.run(script: script, by: ["/bin/sh", "-c"]) { holder in
                    try await Standing.run(script: "echo ready; exec flock '\(folder)/file' true", by: ["/bin/sh", "-c"]) { standing in
                        let deadline = ContinuousClock.now + .seconds(10)
                        var snapshot = try await standing.capture()
                        while !snapshot.processes.elements.contains(where: { $0.name == "sleep" }), ContinuousClock.now < deadline {
                            snapshot = try await standing.capture()
                        }
                        let sleeper = try #require(snapshot.processes.elements.first { $0.name == "sleep" })
                        #expect(sleeper.role == .followed && sleeper.parentPID == holder.pid)
                        #expect(sleeper.followedBecause == "process \(holder.pid) waits for a child to end")
                    }
                }
            }
        }
    }
}
