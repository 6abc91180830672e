internal import ProcessInspection

/// How far SwiftNIO's HTTP parser is within a message: `BetterHTTPParser` (NIOHTTP1/HTTPDecoder.swift) has the state of llhttp in its
/// fields (`c_nio_llhttp__internal_s`, CNIOLLHTTP/include/c_nio_llhttp.h), whose `data` is the parser itself.
struct HTTPMessageParser {
    static let className = "BetterHTTPParser"

    /// Offsets from `data` on.
    private enum Offset {
        static let length = 16
        static let type = 24
        static let upgrade = 32
        static let finish = 33
        static let flags = 34
        static let end = 48
    }
    /// HTTP_RESPONSE; F_CHUNKED, F_CONTENT_LENGTH.
    private static let answer: UInt8 = 2
    private static let chunked: UInt16 = 0x8
    private static let hasLength: UInt16 = 0x20
    /// HTTP_FINISH_SAFE_WITH_CB: the connection's end is the body's.
    private static let endsWithConnection: UInt8 = 1
    private static let maximum_bytes = 512
    /// More than this was never meant.
    private static let maximumLength: UInt64 = 1 << 48

    /// Of an answer whose head told its length: bytes that have not come. nil between answers, and where only the peer knows the end.
    let missingOfAnswer_bytes: UInt64?
    /// Within an answer whose end only the peer knows: it comes in chunks, or ends with the connection.
    let isOpenAnswer: Bool

    init?(at object: UInt64, memory: any MemoryReader) {
        guard let bytes = try? memory.bytes(at: object, upTo: Self.maximum_bytes) else { return nil }
        let fields = bytes.withUnsafeBytes { bytes -> (length: UInt64, type: UInt8, finish: UInt8, isUpgrade: Bool, flags: UInt16)? in
            guard bytes.count >= Offset.end else { return nil }
            for data in stride(from: 16, through: bytes.count - Offset.end, by: 8) where bytes.loadUnaligned(fromByteOffset: data, as: UInt64.self) == object {
                return (
                    bytes.loadUnaligned(fromByteOffset: data + Offset.length, as: UInt64.self), bytes[data + Offset.type],
                    bytes[data + Offset.finish], bytes[data + Offset.upgrade] != 0,
                    bytes.loadUnaligned(fromByteOffset: data + Offset.flags, as: UInt16.self)
                )
            }
            return nil
        }
        guard let fields, fields.type == Self.answer else { return nil }
        let isUnderWay = fields.flags & (Self.hasLength | Self.chunked) == Self.hasLength && fields.length > 0 && fields.length < Self.maximumLength
        missingOfAnswer_bytes = isUnderWay ? fields.length : nil
        // Between messages its flags are none.
        isOpenAnswer = !fields.isUpgrade && (fields.flags & Self.chunked != 0 || fields.flags & Self.hasLength == 0 && fields.finish == Self.endsWithConnection)
    }
}
