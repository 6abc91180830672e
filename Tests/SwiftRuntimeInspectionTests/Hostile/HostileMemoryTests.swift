import Evidence
import Foundation
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// A real process's memory with words changed: the same ones each time, by a seed.
struct MutatedMemory: MemoryReader {
    let base: any MemoryReader
    let seed: UInt64
    /// One word in so many is changed.
    let rarity: UInt64

    func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        let got = try base.read(at: address, into: buffer)
        var offset = Int((8 - address % 8) % 8)
        while offset + 8 <= got {
            let hash = Self.mix(address &+ UInt64(offset) ^ seed)
            if hash % rarity == 0 {
                let old = buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let new: UInt64 =
                    switch hash >> 32 % 6 {
                    case 0: 0
                    case 1: .max
                    case 2: old ^ 1 << (hash >> 40 % 64)
                    case 3: old &+ 8
                    case 4: address &+ UInt64(offset)
                    default: hash
                    }
                buffer.storeBytes(of: new, toByteOffset: offset, as: UInt64.self)
            }
            offset += 8
        }
        return got
    }

    /// SplitMix64's finaliser.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

@Suite struct HostileMemoryTests {
    @Test(arguments: ["families", "actor-jammed", "task-executor", "named"], [3, 50, 1000])
    func mutatedMemoryNeverTraps(exhibit: String, rarity: Int) async throws {
        try await StandingProgram.with(exhibit) { program in
            for seed in 0..<UInt64(12) {
                let memory = MutatedMemory(base: LiveMemory(pid: program.pid), seed: seed, rarity: UInt64(rarity))
                let standing: TaskForestReader.Standing? = seed % 2 == 0 ? nil : { $0(); return 0 }
                let reader = TaskForestReader(pid: program.pid, memory: memory)
                let tasks = reader.read(deadline: .now + .seconds(20), standing: standing).tasks.elements
                // What comes out can be shown, whatever it says, and no task is its own ancestor.
                #expect(TaskTreeText.render(tasks).count <= 501)
                #expect(tasks.allSatisfy { task in task.parent.map { $0 < task.id } ?? true })
            }
        }
    }

    /// A runtime of another layout that does not say so: without symbols nothing does.
    @Test func tasksThatLookLikeNoneWeKnowAreNotShown() async throws {
        try await StandingProgram.with("families", build: .staticStripped) { program in
            _ = try await program.read(until: { $0.isSettled })
            var memory = PatchedMemory(base: LiveMemory(pid: program.pid))
            // Where this layout has the status, the other keeps something else.
            for (_, task) in program.tasks { memory.words[task + RuntimeLayout.ofThisToolchain.task.status] = task }
            let forest = TaskForestReader(pid: program.pid, memory: memory).read(deadline: .now + .seconds(20))
            #expect(forest.tasks.value == nil)
            #expect(forest.tasks.reason?.hasPrefix("unknown runtime layout in /") == true)
        }
    }

    @Test func processWithoutSwiftIsUnavailable() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sleep")
        process.arguments = ["60"]
        try process.run()
        defer { StandingProgram.end(process) }
        let pid = process.processIdentifier
        let forest = TaskForestReader(pid: pid, memory: LiveMemory(pid: pid)).read(deadline: .now + .seconds(5))
        #expect(forest.tasks.value == nil)
        #expect(forest.tasks.reason?.hasPrefix("no Swift concurrency runtime is loaded") == true)
    }

    @Test func missingProcessIsUnavailable() {
        let forest = TaskForestReader(pid: .max, memory: LiveMemory(pid: .max)).read(deadline: .now + .seconds(5))
        #expect(forest.tasks.value == nil)
        #expect(forest.tasks.reason != nil)
    }

    @Test func deadlineThatHasPassedGivesPartOfIt() async throws {
        try await StandingProgram.with("group") { program in
            let forest = TaskForestReader(pid: program.pid, memory: LiveMemory(pid: program.pid)).read(deadline: .now)
            #expect(forest.tasks.status == .partial)
        }
    }

    @Test func unknownLayoutIsSaid() async throws {
        try await StandingProgram.with("group") { program in
            let mappings = try ProcDirectory(pid: program.pid).maps()
            #expect {
                try ConcurrencyRuntime.locate(memory: LiveMemory(pid: program.pid), mappings: mappings, layouts: [:])
            } throws: { error in
                guard case .unknownLayout(let key, _)? = error as? ConcurrencyRuntime.Absence else { return false }
                return (key?.asyncTaskSize ?? 0) > 0 && (error as? ConcurrencyRuntime.Absence)?.reason.contains("asyncTaskSize") == true
            }
        }
    }
}
