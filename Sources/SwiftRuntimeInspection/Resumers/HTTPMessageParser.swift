internal import ProcessInspection

/// How far SwiftNIO's HTTP parser is within a message: `BetterHTTPParser` (NIOHTTP1/HTTPDecoder.swift) has the state of llhttp in its
/// fields (`c_nio_llhttp__internal_s`, CNIOLLHTTP/include/c_nio_llhttp.h), whose `data` is the parser itself.
struct HTTPMessageParser {
    static let className = "BetterHTTPParser"

    /// Offsets from `data` on.
    private enum Offset {
        static let length = 16
        static let type = 24
        static let flags = 34
        static let end = 48
    }
    /// HTTP_RESPONSE; F_CHUNKED, F_CONTENT_LENGTH.
    private static let answer: UInt8 = 2
    private static let chunked: UInt16 = 0x8
    private static let hasLength: UInt16 = 0x20
    private static let maximum_bytes = 512
    /// More than this was never meant.
    private static let maximumLength: UInt64 = 1 << 48

    /// Of an answer whose head told its length: bytes that have not come. nil between answers, and where only the peer knows the end.
    let missingOfAnswer_bytes: UInt64?

    init?(at object: UInt64, memory: any MemoryReader) {
        guard let bytes = try? memory.bytes(at: object, upTo: Self.maximum_bytes) else { return nil }
        let fields = bytes.withUnsafeBytes { bytes -> (length: UInt64, type: UInt8, flags: UInt16)? in
            guard bytes.count >= Offset.end else { return nil }
            for data in stride(from: 16, through: bytes.count - Offset.end, by: 8) where bytes.loadUnaligned(fromByteOffset: data, as: UInt64.self) == object {
                return (
                    bytes.loadUnaligned(fromByteOffset: data + Offset.length, as: UInt64.self), bytes[data + Offset.type],
                    bytes.loadUnaligned(fromByteOffset: data + Offset.flags, as: UInt16.self)
                )
            }
            return nil
        }
        guard let fields, fields.type == Self.answer else { return nil }
        let isUnderWay = fields.flags & (Self.hasLength | Self.chunked) == Self.hasLength && fields.length > 0 && fields.length < Self.maximumLength
        missingOfAnswer_bytes = isUnderWay ? fields.length : nil
    }
}
