import Evidence
import Testing

extension LivePythonTests {
    @Suite(.enabled(if: StandingPython.isReadable, StandingPython.needed)) struct ThreadTests {
        @Test func framesHaveFunctionsFilesAndLines() async throws {
            let snapshot = try await StandingPython.run("rlock-cycle") { try await $0.snapshot { $0.python("one-to-two")?.managedWait != nil } }
            let thread = try #require(snapshot.python("one-to-two"))
            let frames = try #require(thread.managedStack?.elements)
            #expect(thread.managedStack?.status == .complete)
            #expect(frames.prefix(2).map(\.function) == ["Account.pay", "Account.transfer"])
            #expect(frames.prefix(2).allSatisfy { $0.file?.hasSuffix("standing.py") == true && ($0.line ?? 0) > 0 })
        }

        @Test func aPlainLockIsHeldByWhoIsInsideItsWithBlock() async throws {
            let snapshot = try await StandingPython.run("lock-cycle") { program in
                try await program.snapshot { $0.python("worker-1")?.managedWait?.ownerTID != nil && $0.python("worker-2")?.managedWait?.ownerTID != nil }
            }
            let one = try #require(snapshot.python("worker-1"))
            let two = try #require(snapshot.python("worker-2"))
            #expect(one.managedWait?.kind == .lock && one.managedWait?.name == "lock_b" && one.managedWait?.ownerTID == two.tid)
            #expect(two.managedWait?.kind == .lock && two.managedWait?.name == "lock_a" && two.managedWait?.ownerTID == one.tid)
            #expect(one.managedWait?.ownerFrame?.function == "take")
            #expect(snapshot.python("MainThread")?.managedWait?.kind == .threadEnd)
        }

        @Test func barriersAndQueuesTellWhatIsMissing() async throws {
            let barrier = try await StandingPython.run("barrier-short") { try await $0.snapshot { $0.python("party-1")?.managedWait != nil } }
            #expect(barrier.python("party-1")?.managedWait?.count == 1)
            let queue = try await StandingPython.run("queue-join") { try await $0.snapshot { $0.python("MainThread")?.managedWait != nil } }
            #expect(queue.python("MainThread")?.managedWait?.kind == .queueJoin)
            #expect(queue.python("MainThread")?.managedWait?.count == 1)
        }

        @Test func anIdleWorkerOfAnExecutorRests() async throws {
            let snapshot = try await StandingPython.run("pool-idle") { program in
                try await program.snapshot { $0.threads.elements.contains { $0.managedWait?.rest != nil && !$0.isMain } }
            }
            let workers = snapshot.threads.elements.filter { !$0.isMain }
            #expect(!workers.isEmpty && workers.allSatisfy { $0.managedWait?.rest != nil })
        }

        @Test func aLoopThatChangesNothingIsToldFromOneThatComputes() async throws {
            let still = try await StandingPython.run("busy-loop") { try await $0.snapshot { $0.python("MainThread")?.managedLoop != nil } }
            #expect(still.python("MainThread")?.managedLoop?.frame.function == "Poller.spin")
            try await StandingPython.run("busy-crunch") { program in
                for _ in 0..<3 { #expect(program.snapshot().python("MainThread")?.managedLoop == nil) }
            }
        }
    }
}
