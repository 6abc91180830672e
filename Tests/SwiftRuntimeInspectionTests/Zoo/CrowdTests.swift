import Evidence
import SwiftRuntimeInspection
import Testing

@Suite struct CrowdTests {
    @Test func everyOneOfAThousandIsFound() async throws {
        try await StandingProgram.with("many", ["1000"]) { program in
            let view = try await program.read { $0.tasks.count { $0.wait?.kind == .continuation } == 1000 }
            #expect(view.tasks.count == 1001)
            let parent = try #require(view.tasks.first { $0.wait?.kind == .group })
            #expect(parent.wait?.pending == 1000)
            #expect(parent.children.count == 1000)
            let tree = TaskTree(view.tasks)
            #expect(tree.roots.count == 1)
            #expect(tree.roots.first?.children.map(\.tasks.count) == [1000])
        }
    }

    @Test func churnInventsNothingAndLosesNothing() async throws {
        try await StandingProgram.with("churn") { program in
            _ = try await program.read { view in program.tasks.keys.allSatisfy { view.wait($0) == .continuation } }
            for _ in 0..<20 {
                let view = View(program.read(), program: program)
                #expect(view.roles.count == 50)
                #expect(Set(view.tasks.map(\.id)).count == view.tasks.count, "no id twice")
                let byID = Dictionary(view.tasks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
                for task in view.tasks {
                    for child in task.children { #expect(byID[child]?.parent == task.id) }
                    if let parent = task.parent { #expect(parent < task.id && byID[parent]?.children.contains(task.id) == true) }
                }
            }
        }
    }
}
