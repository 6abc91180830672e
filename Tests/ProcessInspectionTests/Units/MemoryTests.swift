import Foundation
import Glibc
import ProcessInspection
import Testing

@Suite struct MemoryTests {
    /// What every reader of memory must do, live or recorded.
    private func conforms(_ reader: some MemoryReader, holding bytes: [UInt8], at address: UInt64) throws {
        #expect(try reader.bytes(at: address, upTo: bytes.count) == bytes)
        #expect(try reader.load(UInt8.self, at: address &+ 1) == bytes[1])
        #expect(try reader.load(UInt32.self, at: address &+ 3) == bytes[3..<7].enumerated().reduce(0) { $0 | UInt32($1.1) << (8 * $1.0) })
        #expect(throws: MemoryError.self) { try reader.load(UInt64.self, at: 8) }
        #expect(throws: MemoryError.self) { try reader.load(UInt64.self, at: UInt64.max - 3) }
        #expect(throws: MemoryError.self) { try reader.bytes(at: address, upTo: 1 << 40) }
        #expect(throws: MemoryError.self) { try reader.array(of: UInt64.self, at: address, count: Int.max / 2) }
        #expect(try reader.bytes(at: address, upTo: 0).isEmpty)
    }

    @Test func `live memory`() throws {
        let bytes = (0..<64).map { UInt8($0 * 3 & 0xff) }
        try bytes.withUnsafeBytes { buffer in
            try conforms(LiveMemory(pid: getpid()), holding: bytes, at: UInt64(UInt(bitPattern: buffer.baseAddress!)))
        }
        #expect(throws: MemoryError(.processGone, at: 4096)) { try LiveMemory(pid: 2_000_000_000).load(UInt8.self, at: 4096) }
    }

    @Test func `live memory ends where its mapping does`() throws {
        let page = mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        defer { munmap(page, 8192) }
        munmap(page + 4096, 4096)
        let address = UInt64(UInt(bitPattern: page))
        #expect(try LiveMemory(pid: getpid()).bytes(at: address + 4000, upTo: 500).count == 96)
    }

    @Test func `recorded memory`() throws {
        let bytes = (0..<64).map { UInt8($0) }
        try conforms(RecordedMemory([.init(address: 0x1000, bytes: bytes)]), holding: bytes, at: 0x1000)
    }

    @Test func `a bound holds before anything is read`() throws {
        let bytes = [UInt8](repeating: 1, count: 4096)
        let bounded = BoundedMemory(RecordedMemory([.init(address: 0x1000, bytes: bytes)]), bytes: 1000, reads: 10)
        try conforms(BoundedMemory(RecordedMemory([.init(address: 0x1000, bytes: bytes)])), holding: bytes, at: 0x1000)
        #expect(throws: MemoryError(.budgetExhausted, at: 0x1000)) { try bounded.bytes(at: 0x1000, upTo: 1001) }
        for _ in 0..<10 { _ = try bounded.load(UInt8.self, at: 0x1000) }
        #expect(throws: MemoryError(.budgetExhausted, at: 0x1000)) { try bounded.load(UInt8.self, at: 0x1000) }
        #expect(bounded.isExhausted)
    }
}
