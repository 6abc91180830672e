import Evidence
import JavaRuntimeInspection
import ProcessInspection
import Synchronization
import Testing

/// Memory that is not what it should be costs the section, never the capture.
@Suite struct HostileTests {
    @Test func withoutSymbolsItSaysWhatIsMissing() {
        let reader = JavaRuntimeReader(memory: RecordedMemory([]), threads: [], copies: [], deadline: .now + .seconds(1)) { _ in nil }
        let runtime = reader.read()
        #expect(runtime.threads.isEmpty)
        #expect(runtime.unobserved.first?.why.contains("does not describe itself") == true)
        #expect(runtime.unobserved.first?.why.contains("jstack") == true)
    }

    @Test func tablesWithoutEndAreLeft() {
        // Every word points at itself: every table is a circle.
        let reader = JavaRuntimeReader(memory: SelfReferring(), threads: [], copies: [], deadline: .now + .seconds(5)) { _ in 0x1000 }
        #expect(reader.read().threads.isEmpty)
    }
}

extension LiveJavaTests {
    @Suite(.enabled(if: StandingJava.isInstalled, StandingJava.needed)) struct DamageTests {
        /// Bits of real memory are turned over, another set each time.
        @Test func damagedMemoryNeverTraps() async throws {
            try await StandingJava.run("pool-starved") { program in
                _ = try await program.snapshot { $0.threads.elements.contains { $0.managedWait?.kind == .future } }
                let context = try TaskForestContext.alone(pid: program.pid, mode: .never, deadline: .now + .seconds(60)).context
                var read = 0
                for seed in UInt64(1)...40 {
                    let memory = Damaged(base: context.target.memory, seed: seed)
                    let reader = JavaRuntimeReader(
                        memory: memory, threads: context.threads.elements, copies: context.copies, deadline: .now + .seconds(10)
                    ) { context.modules.address(ofSymbol: $0, inModuleNamed: "/libjvm.so") }
                    let runtime = reader.read()
                    read += runtime.threads.count
                    #expect(runtime.threads.count <= context.threads.elements.count)
                }
                #expect(read > 0)
            }
        }
    }
}

/// Each word of memory is its own address.
private struct SelfReferring: MemoryReader {
    func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        for offset in buffer.indices { buffer[offset] = UInt8(truncatingIfNeeded: ((address &+ UInt64(offset)) & ~7) >> (((address &+ UInt64(offset)) & 7) * 8)) }
        return buffer.count
    }
}

/// Live memory in which about one byte of a thousand is wrong.
private final class Damaged: MemoryReader {
    private let base: any MemoryReader
    private let state: Mutex<UInt64>

    init(base: any MemoryReader, seed: UInt64) {
        self.base = base
        state = Mutex(seed &* 0x9e37_79b9_7f4a_7c15)
    }

    func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
        let count = try base.read(at: address, into: buffer)
        state.withLock { state in
            for offset in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                if state >> 54 == 7 { buffer[offset] = UInt8(truncatingIfNeeded: state >> 40) }
            }
        }
        return count
    }
}
