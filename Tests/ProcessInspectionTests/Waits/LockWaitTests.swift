import Evidence
import Foundation
import ProcessInspection
import Testing

/// Each kind of futex wait, in a real process: what it is, and who holds it.
extension LiveProcessTests {
    @Suite struct LockWaitTests {
        private func futex(_ kind: String, thread name: String? = nil) async throws -> (FutexWait, ThreadRecord, Snapshot) {
            try await Standing.run(kind) { standing in
                let snapshot = try await standing.capture()
                let thread = try snapshot.thread(standing.pid, named: name)
                #expect(thread.wait?.kind == .futex)
                #expect(standing.isFree)
                return (try #require(thread.wait?.futex), thread, snapshot)
            }
        }

        @Test func `a cycle of two mutexes names each holder`() async throws {
            try await Standing.run("mutex-cycle") { standing in
                let snapshot = try await standing.capture()
                let first = try snapshot.thread(standing.pid, named: "first")
                let second = try snapshot.thread(standing.pid, named: "second")
                #expect(first.wait?.futex?.object == .mutex)
                #expect(first.wait?.futex?.ownerTID == second.tid)
                #expect(second.wait?.futex?.ownerTID == first.tid)
                #expect(first.wait?.futex?.ownerAlive == true)
                #expect(snapshot.functions(first).contains("first_then_second"))
                #expect(first.stack.elements.first { $0.function == "first_then_second" }?.file?.hasSuffix("locks.c") == true)
                #expect(first.pause.method == .stopped)
            }
        }

        @Test func `a sleeper whose stack shows all is not stopped, and tells as much`() async throws {
            try await Standing.run("condition") { standing in
                let gentle = try await standing.capture()
                let stopped = try await standing.capture { $0.stopMode = .stopAll }
                let asleep = try gentle.thread(standing.pid), held = try stopped.thread(standing.pid)
                #expect(asleep.pause.method == .readWithoutStopping && held.pause.method == .stopped)
                #expect(asleep.stack.status == .complete && asleep.stack == held.stack && asleep.wait == held.wait)
                #expect(standing.isFree)
            }
        }

        @Test func `a mutex whose holder exited has a dead owner`() async throws {
            let (futex, _, _) = try await futex("mutex-abandoned")
            #expect(futex.object == .mutex && futex.ownerAlive == false && futex.ownerTID != nil)
        }

        @Test func `a mutex locked again by its holder names itself`() async throws {
            let (futex, thread, _) = try await futex("mutex-self")
            #expect(futex.ownerTID == thread.tid)
        }

        @Test(arguments: [
            ("mutex-held", "normal"), ("mutex-recursive", "recursive"), ("mutex-errorcheck", "errorcheck"),
            ("mutex-pi", "priority-inheriting"), ("mutex-robust", "robust"),
        ])
        func `a held mutex names its kind and its holder`(kind: String, flavour: String) async throws {
            let (futex, thread, snapshot) = try await futex(kind)
            #expect(futex.object == .mutex)
            #expect(futex.flavour == flavour)
            #expect(try futex.ownerTID == snapshot.thread(thread.pid, named: "holder").tid)
            #expect(futex.ownerAlive == true)
        }

        @Test func `a mutex shared between processes names the other process`() async throws {
            let (futex, thread, snapshot) = try await futex("mutex-shared")
            #expect(futex.isShared)
            let owner = try #require(futex.ownerPID)
            #expect(owner != thread.pid)
            #expect(snapshot.processes.elements.contains { $0.identity.pid == owner })
        }

        @Test(arguments: [("condition", FutexWait.ObjectKind.condition), ("semaphore", .semaphore), ("once", .once)])
        func `waits without an owner name their kind`(kind: String, object: FutexWait.ObjectKind) async throws {
            let (futex, _, _) = try await futex(kind)
            #expect(futex.object == object)
            #expect(futex.ownerTID == nil)
        }

        @Test func `a reader names the writer`() async throws {
            let (futex, thread, snapshot) = try await futex("rwlock-read")
            #expect(futex.object == .readWriteLock)
            #expect(try futex.ownerTID == snapshot.thread(thread.pid, named: "writer").tid)
        }

        @Test func `a writer counts the readers`() async throws {
            let (futex, _, _) = try await futex("rwlock-write")
            #expect(futex.object == .readWriteLock && futex.count == 2 && futex.ownerTID == nil)
        }

        @Test func `a reader behind a writer finds the readers before it`() async throws {
            let (futex, thread, snapshot) = try await futex("rwlock-again")
            let writer = try snapshot.thread(thread.pid, named: "writer").wait?.futex
            #expect(futex.object == .readWriteLock && futex.objectAddress == writer?.objectAddress)
            #expect(futex.count == 1 && writer?.count == 1)
        }

        @Test func `a barrier counts who is missing`() async throws {
            let (futex, _, _) = try await futex("barrier")
            #expect(futex.object == .barrier && futex.count == 2)
        }

        @Test func `a join names the thread`() async throws {
            let (futex, thread, snapshot) = try await futex("join")
            #expect(futex.object == .join)
            #expect(try futex.ownerTID == snapshot.thread(thread.pid, named: "joined").tid)
        }

        @Test func `the healthy twin moves on between two snapshots`() async throws {
            try await Standing.run("healthy-locks") { standing in
                let first = try await standing.capture().threads.elements
                let moved = await eventually {
                    let later = (try? await standing.capture())?.threads.elements ?? []
                    return later.filter { $0.name == "one" || $0.name == "two" }.allSatisfy { thread in
                        first.contains { $0.tid == thread.tid && ($0.voluntarySwitches ?? 0) < (thread.voluntarySwitches ?? 0) }
                    }
                }
                #expect(moved)
            }
        }
    }
}
