import ProcessInspection
import Testing

@testable import SwiftRuntimeInspection

/// Which thread runs which event loop, as the threads' stacks say.
@Suite struct EventLoopObjectsTests {
    /// Words by address; what was not written reads as zero, up to the end.
    private struct WrittenMemory: MemoryReader {
        var words: [UInt64: UInt64]
        let range: Range<UInt64>

        func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
            guard range.contains(address) else { throw MemoryError(.notMapped, at: address) }
            let count = min(buffer.count, Int(range.upperBound - address))
            for offset in 0..<count {
                let place = address + UInt64(offset)
                buffer[offset] = UInt8(truncatingIfNeeded: (words[place & ~7] ?? 0) >> (8 * (place & 7)))
            }
            return count
        }
    }

    private static let stackPointer: UInt64 = 0x10800
    private static let loops: [UInt64] = [0x12000, 0x13000]

    /// A stack up to 0x11000, another thread's heap right behind it, and a program with the class of two loops.
    private static func objects(_ lying: [UInt64: UInt64]) -> EventLoopObjects {
        let metadata: UInt64 = 0x20100
        let descriptor: UInt64 = 0x20200
        var words = lying
        for loop in loops { words[loop] = metadata }
        words[metadata + 0x28] = descriptor
        words[descriptor] = 16  // a class, without a parent
        words[descriptor + 8] = 0x300 - 0x208
        for (index, part) in ["Selectab", "leEventL", "oop"].enumerated() {
            words[0x20300 + UInt64(index) * 8] = part.utf8.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let mappings = ["10000-11000 rw-p 0 00:00 0", "11000-14000 rw-p 0 00:00 0", "20000-21000 r--p 0 08:01 7 /usr/bin/server"].compactMap { MemoryMapping($0[...]) }
        let memory = WrittenMemory(words: words, range: 0x10000..<0x21000)
        return EventLoopObjects(memory: memory, mappings: mappings, types: TypeNames(memory: memory, mappings: mappings))
    }

    private static func runners(_ lying: [UInt64: UInt64]) -> [UInt64: Int32] { objects(lying).runners(among: [(tid: Int32(7), stackPointer: Optional(stackPointer))]) }

    @Test func aThreadRunsTheLoopOnItsStack() {
        #expect(Self.runners([0x10900: Self.loops[0]]) == [Self.loops[0]: 7])
    }

    @Test func whatLiesBehindTheStackIsNotTheThreads() {
        #expect(Self.runners([0x10900: Self.loops[0], 0x11010: Self.loops[1]]) == [Self.loops[0]: 7])
    }

    @Test func aWordOfAnotherLoopIsLeftOver() {
        #expect(Self.runners([0x10810: Self.loops[1], 0x10900: Self.loops[0], 0x10a00: Self.loops[0]]) == [Self.loops[0]: 7])
    }
}
