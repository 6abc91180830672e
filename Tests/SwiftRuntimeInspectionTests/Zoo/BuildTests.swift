import Evidence
import SwiftRuntimeInspection
import Testing

/// The same truth in every way of building a program: no task missed, none invented, no wrong parent.
@Suite struct BuildTests {
    @Test(arguments: ZooBuild.allCases)
    func everyTaskIsFoundWithItsParent(build: ZooBuild) async throws {
        try await StandingProgram.with("families", build: build) { program in
            let view = try await program.readStanding(until: { $0.isSettled })
            #expect(view.forest.tasks.status == .complete, "\(view.forest.tasks.reason ?? "")")
            #expect(view.missing.isEmpty && view.invented.isEmpty && view.misplaced.isEmpty, "\(view.mistakes)")
            #expect(view.roles["named"]?.name == "named")
            for (role, task) in view.roles {
                #expect(task.isCancelled == role.hasPrefix("cancelled"), "\(role)")
                #expect((task.kind == .asyncLet) == (role.split(separator: "/").last?.hasPrefix("let") == true), "\(role)")
                #expect(task.backtrace.value?.isEmpty == false, "\(role)")
            }
            #expect(view.wait("main/child2") == .group && view.roles["main/child2"]?.wait?.pending == 3)
            #expect(view.wait("main/let2") == .task)
            #expect(view.wait("main/child1") == .continuation)
        }
    }

    @Test(arguments: ZooBuild.allCases)
    func tasksThatComeAndGoHideNothing(build: ZooBuild) async throws {
        try await StandingProgram.with("families-churning", build: build) { program in
            _ = try await program.readStanding(until: { $0.isSettled })
            for reading in 1...12 {
                let view = try program.readStanding()
                #expect(view.missing.isEmpty && view.misplaced.isEmpty, "reading \(reading): \(view.mistakes)")
                // At most a whole group, the pair of async lets, and the timer of the churner's sleep.
                #expect(view.invented.count <= 43, "reading \(reading): \(view.invented.count)")
                for task in view.invented {
                    let isTimer = task.kind == .unstructured && task.children.isEmpty
                    #expect(isTimer || task.parent == view.roles["churner"]?.id, "reading \(reading): \(task.id) under \(task.parent ?? 0)")
                }
                #expect(view.isConsistent, "reading \(reading)")
            }
        }
    }

    @Test(arguments: ZooBuild.allCases)
    func jammedActorIsSeen(build: ZooBuild) async throws {
        try await StandingProgram.with("actor-jammed", build: build) { program in
            let view = try await program.readStanding(until: { view in (1...3).allSatisfy { view.wait("waiter\($0)") == .actor } })
            let holder = try #require(view.roles["holder"])
            #expect(holder.state == .running && holder.runningOnTID != nil)
            for number in 1...3 { #expect(view.roles["waiter\(number)"]?.wait?.task == holder.id) }
        }
    }

    @Test(arguments: ZooBuild.allCases)
    func actorsQueueIsInTheOrderInWhichItWillRun(build: ZooBuild) async throws {
        try await StandingProgram.with("actor-queue", build: build) { program in
            let roles = ["first", "second", "third", "fourth", "fifth"]
            let view = try await program.readStanding(until: { view in roles.allSatisfy { view.wait($0) == .actor } })
            let actor = try #require(view.forest.actors.elements.first { $0.typeName == "CounterActor" })
            #expect(actor.isQueueOrdered == true)
            #expect(actor.queue == roles.compactMap { view.roles[$0]?.id })
            #expect(roles.map { view.roles[$0]?.wait?.queuePosition } == [1, 2, 3, 4, 5])
            #expect(actor.runningTask == view.roles["holder"]?.id && actor.runningOnTID == view.roles["holder"]?.runningOnTID)
        }
    }

    private struct Waiter {
        var exhibit: String
        var role: String
        var kind: TaskWait.Kind
        var type: String?
    }

    @Test(arguments: ZooBuild.allCases)
    func executorsAreToldApart(build: ZooBuild) async throws {
        let waiters = [
            Waiter(exhibit: "task-executor", role: "waiter1", kind: .executor, type: "Lane"),
            Waiter(exhibit: "custom-executor", role: "waiter", kind: .executor, type: "DeskExecutor"),
            Waiter(exhibit: "main-actor-blocked", role: "waiter2", kind: .mainActor),
            Waiter(exhibit: "actor-busy", role: "auditor", kind: .continuation),
        ]
        for waiter in waiters {
            try await StandingProgram.with(waiter.exhibit, build: build) { program in
                let view = try await program.readStanding(until: { $0.wait(waiter.role) == waiter.kind })
                #expect(view.wait(waiter.role) == waiter.kind, "\(waiter.exhibit)")
                #expect(view.missing.isEmpty, "\(waiter.exhibit)")
                if let type = waiter.type { #expect(view.roles[waiter.role]?.wait?.typeName == type, "\(waiter.exhibit)") }
            }
        }
    }
}
