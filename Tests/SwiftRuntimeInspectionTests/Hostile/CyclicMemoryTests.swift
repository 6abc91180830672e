import Evidence
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// A real process's memory in which some words say something else.
struct PatchedMemory: MemoryReader {
    let base: any MemoryReader
    var words: [UInt64: UInt64] = [:]

    func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        let got = try base.read(at: address, into: buffer)
        for (place, word) in words {
            withUnsafeBytes(of: word) { bytes in
                for (index, byte) in bytes.enumerated() {
                    let (offset, isBefore) = (place + UInt64(index)).subtractingReportingOverflow(address)
                    if !isBefore, offset < UInt64(got) { buffer[Int(offset)] = byte }
                }
            }
        }
        return got
    }
}

/// Structures that lead back to themselves, and sizes that lie: a reading ends, with what makes sense.
@Suite(.timeLimit(.minutes(2))) struct CyclicMemoryTests {
    private let layout = RuntimeLayout.ofThisToolchain.task

    /// The forest of the families, with words changed by `lie`, read as it runs and as it stands.
    private func read(_ lie: (StandingProgram, inout PatchedMemory) throws -> Void, check: (View) throws -> Void) async throws {
        try await StandingProgram.with("families") { program in
            _ = try await program.read(until: { $0.isSettled })
            var memory = PatchedMemory(base: LiveMemory(pid: program.pid))
            try lie(program, &memory)
            let reader = TaskForestReader(pid: program.pid, memory: memory)
            for standing: TaskForestReader.Standing? in [nil, { $0(); return 0 }] {
                let view = View(reader.read(deadline: .now + .seconds(60), standing: standing), program: program)
                #expect(TaskTreeText.render(view.tasks).count <= 501)
                #expect(Self.isAcyclic(view.tasks))
                try check(view)
            }
        }
    }

    private static func isAcyclic(_ tasks: [TaskRecord]) -> Bool {
        // A parent is older than its child, or there is a cycle.
        tasks.allSatisfy { task in task.parent.map { $0 < task.id } ?? true }
    }

    private func address(_ role: String, _ program: StandingProgram) throws -> UInt64 { try #require(program.tasks[role]) }

    @Test func parentsThatAreEachOthersChildren() async throws {
        try await read { program, memory in
            let first = try address("main/child2/child1", program)
            let second = try address("main/child2/child2", program)
            memory.words = [first + layout.fragments: second, second + layout.fragments: first]
        } check: { view in
            #expect(view.missing.isEmpty)
            #expect(view.misplaced.allSatisfy { $0.hasPrefix("main/child2/child") })
        }
    }

    @Test func parentOfItself() async throws {
        try await read { program, memory in
            let task = try address("main/child1", program)
            memory.words = [task + layout.fragments: task]
        } check: { view in
            #expect(view.missing.isEmpty)
            #expect(view.roles["main/child1"]?.parent == nil)
        }
    }

    @Test func contextsInACircle() async throws {
        try await read { program, memory in
            let context = try memory.load(UInt64.self, at: address("main/child1", program) + layout.resumeContext)
            let parent = try memory.load(UInt64.self, at: context)
            memory.words = [parent: context]
        } check: { view in
            let trace = try #require(view.roles["main/child1"]?.backtrace)
            #expect(trace.status == .partial)
            #expect(trace.elements.count <= 256)
        }
    }

    @Test func recordsInACircle() async throws {
        try await read { program, memory in
            let record = try memory.load(UInt64.self, at: address("main/child2", program) + layout.statusRecord)
            memory.words = [record + RuntimeLayout.ofThisToolchain.record.parent: record]
        } check: { view in
            #expect(view.missing.isEmpty)
        }
    }

    @Test func siblingsInACircle() async throws {
        try await read { program, memory in
            let task = try address("main/let2/let2", program)
            memory.words = [task + layout.fragments + 8: task]
        } check: { view in
            // The list cannot be followed past it; nothing else is lost.
            #expect(view.missing.allSatisfy { $0.hasPrefix("main/let2/") })
        }
    }

    @Test func slabsThatSayTheyAreHuge() async throws {
        try await read { program, memory in
            for (_, task) in program.tasks {
                let slab = try memory.load(UInt64.self, at: task + layout.lastAllocation + 8)
                // {metadata, next, capacity u32, used u32}: it is 4 GiB large and its own successor.
                if slab != 0 { memory.words[slab + 16] = .max; memory.words[slab + 8] = slab }
            }
        } check: { view in
            #expect(view.missing.isEmpty && view.misplaced.isEmpty, "\(view.mistakes)")
        }
    }

    @Test func idsThatAreAllTheSame() async throws {
        try await read { program, memory in
            for (_, task) in program.tasks {
                let flags = try memory.load(UInt32.self, at: task + layout.jobFlags)
                memory.words[task + layout.jobFlags] = UInt64(flags) | 7 << 32
            }
        } check: { view in
            #expect(view.roles.values.allSatisfy { $0.parent == nil && $0.children.isEmpty })
        }
    }
}
