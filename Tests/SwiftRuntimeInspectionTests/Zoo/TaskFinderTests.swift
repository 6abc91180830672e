import Evidence
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// Finds what it is told of, as a registry of tasks would tell.
private struct ListedTasks: TaskFinder {
    let addresses: [UInt64]
    let memory: any MemoryReader
    let layout: RuntimeLayout.Task

    func findTasks(deadline: ContinuousClock.Instant) -> FoundTasks {
        FoundTasks(addresses.compactMap { address in
            (try? memory.bytes(at: address, upTo: RawTask.extent_bytes)).map { bytes in
                bytes.withUnsafeBytes { RawTask(address: address, bytes: $0, layout: layout) }
            }
        })
    }
}

@Suite struct TaskFinderTests {
    @Test(arguments: [false, true])
    func anotherFinderServesAsWell(stands: Bool) async throws {
        try await StandingProgram.with("families") { program in
            _ = try await program.read(until: { $0.isSettled })
            let addresses = Array(program.tasks.values)
            let reader = TaskForestReader(pid: program.pid, memory: LiveMemory(pid: program.pid)).findingTasks { memory, runtime in
                ListedTasks(addresses: addresses, memory: memory, layout: runtime.layout.task)
            }
            let view = View(reader.read(deadline: .now + .seconds(20), standing: stands ? { $0(); return 0 } : nil), program: program)
            #expect(view.missing.isEmpty && view.invented.isEmpty && view.misplaced.isEmpty, "\(view.mistakes)")
        }
    }
}
