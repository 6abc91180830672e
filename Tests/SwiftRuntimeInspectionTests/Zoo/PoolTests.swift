import Evidence
import Foundation
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// Threads by what gives them work, and the queues of executors.
@Suite struct PoolTests {
    private func pool(_ kind: WorkerPool.Kind, _ view: View, label: String? = nil) -> WorkerPool? {
        view.forest.pools.filter { $0.kind == kind && (label == nil || $0.label == label) }.max { $0.workers.count < $1.workers.count }
    }

    @Test(arguments: [ZooBuild.debug, .optimised, .optimisedStripped, .staticLibrary, .jemalloc])
    func starvedPoolIsBlockedWithJobsEnqueued(build: ZooBuild) async throws {
        try await StandingProgram.with("pool-starved", build: build) { program in
            let processors = ProcessInfo.processInfo.activeProcessorCount
            let view = try await program.readStanding(until: { pool(.cooperative, $0)?.workers.count { $0.state == .blocked } == processors })
            let found = try #require(pool(.cooperative, view))
            #expect(found.width == processors)
            #expect(found.workers.count { $0.state == .blocked } == processors)
            #expect(found.enqueued == 5)
            #expect(Set(found.workers.compactMap(\.task)) == Set(view.roles.values.map(\.id)))
        }
    }

    @Test func idleProgramHasNobodyBlocked() async throws {
        try await StandingProgram.with("continuation-unsafe") { program in
            let view = try await program.readStanding(until: { $0.forest.pools.contains { $0.kind == .idle } })
            #expect(!view.forest.pools.contains { $0.workers.contains { $0.state == .blocked } }, "\(view.forest.pools)")
            #expect(view.forest.pools.allSatisfy { $0.enqueued ?? 0 == 0 })
        }
    }

    @Test(arguments: [("custom-executor", "DeskExecutor", "desk", ["waiter"]), ("task-executor", "Lane", "lane", ["waiter1", "waiter2"])])
    func executorHasItsQueue(exhibit: String, type: String, label: String, waiters: [String]) async throws {
        try await StandingProgram.with(exhibit) { program in
            let view = try await program.readStanding(until: { view in waiters.allSatisfy { view.wait($0) == .executor } })
            let executor = try #require(view.forest.actors.elements.first { $0.typeName == type })
            #expect(executor.kind == .executor && executor.queueLabel == label)
            #expect(executor.runningTask == view.roles["holder"]?.id)
            #expect(executor.isQueueOrdered == true)
            #expect(executor.queue == waiters.compactMap { view.roles[$0]?.id })
            #expect(waiters.compactMap { view.roles[$0]?.wait?.queuePosition } == Array(1...waiters.count))
            let found = try #require(pool(.dispatchQueue, view, label: label))
            #expect(found.width == 1 && found.enqueued == waiters.count)
            #expect(found.workers.map(\.tid) == [executor.runningOnTID] && found.workers.map(\.state) == [.blocked])
        }
    }

    @Test func mainQueueHoldsWhatWaitsForTheMainActor() async throws {
        try await StandingProgram.with("main-actor-blocked") { program in
            let view = try await program.readStanding(until: { view in (1...2).allSatisfy { view.wait("waiter\($0)") == .mainActor } })
            let main = try #require(view.forest.actors.elements.first { $0.kind == .mainActor })
            #expect(main.isQueueOrdered == true && main.runningTask == view.roles["blocker"]?.id)
            #expect(main.queue.sorted() == (1...2).compactMap { view.roles["waiter\($0)"]?.id }.sorted() && pool(.main, view)?.enqueued == 2)
            #expect(pool(.main, view)?.workers.contains { $0.state == .blocked } == true)
        }
    }

    @Test(arguments: [("loop-blocked", Worker.State.blocked), ("two-connections", .polling)])
    func eventLoopsPollOrAreBlocked(exhibit: String, state: Worker.State) async throws {
        try await StandingProgram.with(exhibit) { program in
            let view = try await program.readStanding(until: { pool(.eventLoops, $0)?.workers.map(\.state) == [state] })
            #expect(pool(.eventLoops, view)?.workers.map(\.state) == [state])
        }
    }
}
