import Evidence
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// Against an independent reader of the same memory.
@Suite struct RemoteMirrorTests {
    @Test(arguments: ["families", "actor-jammed", "group-next", "named"])
    func theToolchainsReaderSaysTheSame(exhibit: String) async throws {
        try await StandingProgram.with(exhibit) { program in
            let view = try await program.readStanding(until: { view in
                view.missing.isEmpty && view.roles.allSatisfy { $0.value.state != .enqueued || view.wait($0.key) == .actor }
            })
            let memory = LiveMemory(pid: program.pid)
            let runtime = try ConcurrencyRuntime.locate(memory: memory, mappings: ProcDirectory(pid: program.pid).maps())
            let mirror = try RemoteMirror(pid: program.pid, runtime: runtime)
            let ids = Dictionary(view.tasks.map { ($0.address, $0.id) }, uniquingKeysWith: { first, _ in first })
            try #require(!view.tasks.isEmpty)
            for task in view.tasks {
                let info = try mirror.info(task: task.address)
                #expect(info.id == task.id)
                // It follows no lists: of each group it gives the first child.
                #expect(info.children.allSatisfy { ids[$0].map(task.children.contains) == true }, "children of \(task.id)")
                #expect(info.children.isEmpty == task.children.isEmpty)
                if task.state == .suspended {
                    let known = Set(info.frames + [info.runJob])
                    #expect(Set(task.backtrace.elements.map(\.programCounter)).isSubset(of: known), "frames of \(task.id)")
                }
            }
        }
    }
}
