import Evidence
import Foundation
import Processes
import Testing

/// Where the machine refuses tracing, a run goes on, says so, and loses nothing that it wrote.
@Suite(.serialized) struct RefusedTracingTests {
    @Test func `a run without the right to trace still ends properly, explains itself and keeps its record`() async throws {
        let program = try Program()
        let path = try program.shipped("silent-llm")
        // A filter of system calls stands for a container without SYS_PTRACE: it holds for whatever is started below it.
        let result = try await program.run(
            ["deny-ptrace", Program.hangscope, "reproduce", path, "--variant", "hanging", "-o", "reports"], of: "standing-c")
        #expect(result.errorText.contains("not seen: stacks of the subject's threads: it may not be traced"), "\(result.errorText)")
        #expect(result.errorText.contains("hangscope doctor"))
        // What sockets, descriptors and events tell is enough here.
        #expect(result.status == .exited(0), "\(result.errorText)")
        let header = try program.json("reports/silent-llm/latest/hanging/run.json")
        #expect(header.object?["endedAt"] != nil)
        let unobserved = header.object?["unobserved"]?.array ?? []
        #expect(unobserved.contains { $0.object?["what"] == "stacks of the subject's threads" })
        for file in ["events.jsonl", "samples.jsonl", "snapshots/1/snapshot.json", "snapshots/2/snapshot.json", "snapshots/1/sockets.json"] {
            let size = FileManager.default.contents(atPath: program.folder.appending(path: "reports/silent-llm/latest/hanging/\(file)").path)?.count ?? 0
            #expect(size > 2, "\(file)")
        }
        #expect(program.marked() == [])
    }

    @Test func `attaching without the right to trace says what is missing`() async throws {
        let program = try Program()
        let target = try await DirectSpawner().spawn(SpawnRequest(executable: "sleep", arguments: ["1000"]))
        let result = try await program.run(["deny-ptrace", Program.hangscope, "attach", "\(target.pid)", "--hung-after", "0.3"], of: "standing-c")
        #expect(result.outputText.contains("may not be traced"), "\(result.outputText) \(result.errorText)")
        #expect(result.status != .exited(1) && result.status != .exited(70))
        #expect(target.identity.isAlive)
        await target.end(grace: .zero)
    }
}
