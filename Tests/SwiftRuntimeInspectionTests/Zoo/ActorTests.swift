import Evidence
import ProcessInspection
import SwiftRuntimeInspection
import Testing

@Suite struct ActorTests {
    @Test func jammedActorHasItsRunnerAndItsQueue() async throws {
        try await StandingProgram.with("actor-jammed") { program in
            let view = try await program.read { view in (1...3).allSatisfy { view.wait("waiter\($0)") == .actor } }
            let holder = try #require(view.roles["holder"])
            #expect(holder.state == .running)
            let thread = try #require(holder.runningOnTID)
            #expect(view.forest.currentTasks[thread] == holder.id)
            let actor = try #require(view.forest.actors.elements.first { $0.typeName == "Ledger" })
            #expect(actor.state == .running)
            #expect(actor.runningOnTID == thread)
            #expect(actor.queue == (1...3).compactMap { view.roles["waiter\($0)"]?.id }.sorted())
            for number in 1...3 {
                let wait = view.roles["waiter\(number)"]?.wait
                #expect(wait?.task == holder.id)
                #expect(wait?.typeName == "Ledger")
            }
        }
    }

    @Test func starvedPoolHasTasksEnqueued() async throws {
        try await StandingProgram.with("pool-starved") { program in
            let view = try await program.read { $0.tasks.count { $0.wait?.kind == .globalPool } == 5 }
            #expect(view.tasks.count { $0.state == .enqueued && $0.wait?.kind == .globalPool } == 5)
            #expect(view.roles.values.allSatisfy { $0.state == .running && $0.runningOnTID != nil })
        }
    }

    @Test func customExecutorIsNamed() async throws {
        try await StandingProgram.with("custom-executor") { program in
            let view = try await program.read { $0.wait("waiter") == .executor }
            #expect(view.roles["waiter"]?.wait?.typeName == "DeskExecutor")
        }
    }

    @Test func taskExecutorIsNamedAndNotTheGlobalPool() async throws {
        try await StandingProgram.with("task-executor") { program in
            let view = try await program.read { view in (1...2).allSatisfy { view.wait("waiter\($0)") == .executor } }
            for number in 1...2 {
                let wait = view.roles["waiter\(number)"]?.wait
                #expect(wait?.kind == .executor)
                #expect(wait?.typeName == "Lane")
            }
            #expect(view.roles["holder"]?.state == .running)
            #expect(!view.tasks.contains { $0.wait?.kind == .globalPool })
        }
    }

    @Test func waitOnATaskExecutorIsNotAWaitForIt() async throws {
        try await StandingProgram.with("task-executor-idle") { program in
            let view = try await program.read { $0.isSettled }
            #expect(view.wait("parent") == .group && view.wait("parent/child") == .continuation)
            #expect(view.misplaced.isEmpty)
        }
    }

    @Test func runningTaskIsOnItsThread() async throws {
        try await StandingProgram.with("running") { program in
            let view = try await program.read { $0.roles["computer"]?.runningOnTID != nil }
            #expect(view.roles["computer"]?.state == .running)
            #expect(view.roles["computer"]?.runningOnTID != nil)
        }
    }

    @Test func asyncCallersStandAboveARunningFunction() async throws {
        try await StandingProgram.with("running") { program in
            let view = try await program.read { $0.roles["computer"]?.runningOnTID != nil }
            let threads = try TaskForestContext.alone(pid: program.pid, deadline: .now + .seconds(20)).threads.elements
            let stack = try #require(threads.first { $0.tid == view.roles["computer"]?.runningOnTID }).stack.elements
            let own = Array(stack.drop { $0.function != "computeInner()" }.prefix(3))
            #expect(own.map(\.function) == ["computeInner()", "computeMiddle()", "computeOuter()"], "\(stack)")
            #expect(own.map(\.isAsync) == [false, true, true])
            #expect(own.allSatisfy { $0.line != nil })
        }
    }
}
