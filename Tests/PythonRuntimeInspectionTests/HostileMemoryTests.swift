import ProcessInspection
import Testing

@testable import PythonRuntimeInspection

/// Whatever stands in memory, reading ends and gives nothing that was not checked.
@Suite struct HostileMemoryTests {
    /// Memory without end, in which every word is a number that depends on its address alone: often a plausible pointer.
    private struct Hostile: MemoryReader {
        var seed: UInt64

        func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int {
            for index in buffer.indices {
                let place = address &+ UInt64(index)
                var word = (place >> 3 &+ seed) &* 0x9e37_79b9_7f4a_7c15
                // Half of the words are small numbers, the others pointers.
                word = word & 1 << 40 == 0 ? word >> 58 : word & 0x7fff_ffff_fff8
                buffer[index] = UInt8(truncatingIfNeeded: word >> (8 * (place & 7)))
            }
            return buffer.count
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func readingEnds(seed: UInt64) throws {
        for minor in [11, 12, 13] as [UInt64] {
            let version = try #require(PythonVersion(hex: 3 << 24 | minor << 16))
            let layout = try #require(PythonLayout.known(version))
            let memory = BoundedMemory(Hostile(seed: seed), bytes: 16 << 20, reads: 20_000)
            let objects = PythonObjects(memory: memory, layout: layout)
            let runtime = PythonRuntime(address: 0x10000, version: version, layout: layout)
            let (frames, trouble) = FrameReader(objects).frames(from: 0x20000)
            #expect(frames.isEmpty && trouble != nil)
            #expect(objects.attributes(of: 0x30000).isEmpty)
            #expect((ThreadStates(objects: objects, runtime: runtime).interpreters() ?? []).count <= 64)
            _ = objects.entries(of: 0x40000)
            _ = objects.list(0x50000)
            _ = objects.deque(0x60000)
        }
    }

    @Test func nothingReadableGivesNothing() throws {
        let version = try #require(PythonVersion(hex: 0x030b_02f0))
        let layout = try #require(PythonLayout.known(version))
        let objects = PythonObjects(memory: RecordedMemory([]), layout: layout)
        #expect(objects.type(of: 0x1000) == nil)
        #expect(objects.string(0x1000) == nil)
        #expect(FrameReader(objects).frames(from: 0x1000).trouble != nil)
    }

    @Test(arguments: [0, 0x0203_0000, 0xffff_ffff, 1 << 40] as [UInt64])
    func versionsThatAreNone(hex: UInt64) {
        #expect(PythonVersion(hex: hex).flatMap(PythonLayout.known) == nil)
    }
}
