import Evidence
import SwiftRuntimeInspection
import Testing

/// What each exhibit's task waits for, against what the program says of itself.
@Suite struct WaitTests {
    @Test(arguments: [
        ("continuation-checked", "caller", TaskWait.Kind.continuation),
        ("continuation-unsafe", "waiter", .continuation),
        ("continuation-dropped", "waiter", .continuation),
        ("group", "parent", .group),
        ("group-next", "parent", .group),
        ("async-let", "parent", .task),
        ("detached", "main", .task),
        ("actor-busy", "auditor", .continuation),
        ("custom-executor", "waiter", .executor),
        ("main-actor-blocked", "waiter1", .mainActor),
        ("actor-jammed", "waiter2", .actor),
    ])
    func waitsAsTheProgramSays(exhibit: String, role: String, kind: TaskWait.Kind) async throws {
        try await StandingProgram.with(exhibit) { program in
            let view = try await program.read { $0.wait(role) == kind }
            #expect(view.wait(role) == kind)
            #expect(Set(view.roles.keys) == Set(program.tasks.keys), "every task that the program named is found")
        }
    }

    @Test func cycleIsSeen() async throws {
        try await StandingProgram.with("task-cycle") { program in
            let view = try await program.read { $0.wait("left") == .task && $0.wait("right") == .task }
            let left = try #require(view.roles["left"])
            let right = try #require(view.roles["right"])
            #expect(left.wait?.task == right.id)
            #expect(right.wait?.task == left.id)
        }
    }

    @Test func groupKnowsItsChildren() async throws {
        try await StandingProgram.with("group") { program in
            let view = try await program.read { $0.wait("parent") == .group && $0.wait("child3") == .continuation }
            let parent = try #require(view.roles["parent"])
            let children = (1...3).compactMap { view.roles["child\($0)"] }
            #expect(parent.wait?.pending == 3)
            #expect(Set(parent.children) == Set(children.map(\.id)))
            #expect(children.allSatisfy { $0.parent == parent.id && $0.kind == .groupChild && $0.group == parent.wait?.address })
            #expect(view.tasks.count == 4)
        }
    }

    @Test func asyncLetsAreChildren() async throws {
        try await StandingProgram.with("async-let") { program in
            let view = try await program.read { $0.wait("child1") == .continuation && $0.wait("child2") == .continuation }
            let parent = try #require(view.roles["parent"])
            for role in ["child1", "child2"] {
                #expect(view.roles[role]?.parent == parent.id)
                #expect(view.roles[role]?.kind == .asyncLet)
            }
            #expect(view.tasks.count == 3)
        }
    }

    @Test func cancelledTaskThatGoesOn() async throws {
        try await StandingProgram.with("cancelled-ignoring") { program in
            let view = try await program.read { $0.roles["ignorer"]?.isCancelled == true && $0.wait("canceller") == .group }
            #expect(view.roles["ignorer"]?.isCancelled == true)
            #expect(view.roles["canceller"]?.isCancelled == false)
            #expect(view.wait("canceller") == .group)
        }
    }

    @Test func namesAreRead() async throws {
        try await StandingProgram.with("named") { program in
            let view = try await program.read { $0.roles.count == 2 }
            #expect(view.roles["fetch-page-1"]?.name == "fetch-page-1")
            #expect(view.roles["fetch-page-2"]?.name == "fetch-page-2")
        }
    }

    @Test func completedTasksThatAreHeld() async throws {
        try await StandingProgram.with("completed-held") { program in
            let view = try await program.read { $0.wait("main") == .continuation }
            for number in 1...5 { #expect(view.roles["done\(number)"]?.state == .completed) }
        }
    }
}
