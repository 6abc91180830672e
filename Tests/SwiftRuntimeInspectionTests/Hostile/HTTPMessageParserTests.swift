import ProcessInspection
import Testing

@testable import SwiftRuntimeInspection

/// The fields of NIO's parser, as they lie in memory, and what is no such thing.
@Suite struct HTTPMessageParserTests {
    private static let object: UInt64 = 0x5000

    /// - Parameter at: where `data` lies, which differs from one version of NIO to the next.
    private static func parser(type: UInt8, flags: UInt16, length: UInt64, at: Int = 0x68) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        func put(_ value: some FixedWidthInteger, _ offset: Int) {
            withUnsafeBytes(of: value.littleEndian) { for (index, byte) in $0.enumerated() { bytes[offset + index] = byte } }
        }
        put(object, at)
        put(length, at + 16)
        put(type, at + 24)
        put(flags, at + 34)
        return bytes
    }

    private static func missing(_ bytes: [UInt8]) -> UInt64? {
        HTTPMessageParser(at: object, memory: RecordedMemory([.init(address: object, bytes: bytes)]))?.missingOfAnswer_bytes
    }

    @Test(arguments: [0x40, 0x68, 0x80]) func `an answer with a length tells what is missing`(at: Int) {
        #expect(Self.missing(Self.parser(type: 2, flags: 0x20, length: 8_980_000, at: at)) == 8_980_000)
    }

    @Test func `between answers, in chunks, and of requests nothing is missing`() {
        #expect(Self.missing(Self.parser(type: 2, flags: 0x20, length: 0)) == nil)
        #expect(Self.missing(Self.parser(type: 2, flags: 0x8, length: 14)) == nil)
        #expect(Self.missing(Self.parser(type: 2, flags: 0x28, length: 14)) == nil)
        #expect(Self.missing(Self.parser(type: 1, flags: 0x20, length: 4096)) == nil)
    }

    @Test func `what is no parser tells nothing`() {
        #expect(Self.missing([UInt8](repeating: 0xff, count: 512)) == nil)
        #expect(Self.missing(Self.parser(type: 2, flags: 0x20, length: .max)) == nil)
        #expect(Self.missing(Array(Self.parser(type: 2, flags: 0x20, length: 5).prefix(0x70))) == nil)
        #expect(Self.missing([]) == nil)
    }
}
