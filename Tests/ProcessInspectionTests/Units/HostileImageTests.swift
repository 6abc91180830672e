import Foundation
import ProcessInspection
import Testing

/// Corrupt ELF and DWARF end within bounds: whatever a byte is changed to, there is an answer or none.
@Suite struct HostileImageTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let bytes = (try? Data(contentsOf: URL(fileURLWithPath: Standing.program))).map { [UInt8]($0) } ?? []

    @Test(arguments: 0..<40) func `mutated images`(seed: Int) {
        var generator = Generator(state: UInt64(seed) &* 7919 &+ 17)
        var bytes = Self.bytes
        // Headers and tables are what everything else hangs on.
        let region = seed % 3 == 0 ? 0..<min(4096, bytes.count) : 0..<bytes.count
        for _ in 0..<(1 << (seed % 12)) { bytes[Int.random(in: region, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
        if seed % 5 == 4 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
        guard let image = ModuleImage.copy(bytes) else { return }
        _ = image.buildID
        _ = image.address(ofSymbol: "main")
        for address in stride(from: UInt64(0x1000), to: 0x6000, by: 0x91) {
            #expect(image.sourceFrames(at: address).count <= 64)
            _ = image.function(at: address)
        }
    }

    @Test func `the whole image answers`() throws {
        let image = try #require(ModuleImage.open(Standing.program))
        let main = try #require(image.address(ofSymbol: "main"))
        #expect(image.function(at: main + 1)?.symbol == "main")
        let frame = try #require(image.sourceFrames(at: main + 1).last)
        #expect(frame.function == "main" && frame.file?.hasSuffix("standing-c/main.c") == true && (frame.line ?? 0) > 0)
        #expect(!image.sourceFrames(at: main).isEmpty && image.sourceFrames(at: 0).isEmpty)
    }
}
