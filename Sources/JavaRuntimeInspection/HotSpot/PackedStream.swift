/// Numbers of one to five bytes, as HotSpot packs them: share/code/compressedStream.hpp, and since
/// JDK 20 share/utilities/unsigned5.hpp, which keeps zero bytes out.
struct PackedStream {
    private let bytes: [UInt8]
    private var position = 0
    private let excludesZero: Bool

    init(_ bytes: [UInt8], excludesZero: Bool) {
        self.bytes = bytes
        self.excludesZero = excludesZero
    }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }

    mutating func unsigned() -> UInt32? {
        let excluded: UInt32 = excludesZero ? 1 : 0
        let low = 192 - excluded
        var sum: UInt32 = 0
        for index in UInt32(0)..<5 {
            guard let next = byte(), UInt32(next) >= excluded else { return nil }
            let digit = UInt32(next) - excluded
            sum &+= digit << (6 * index)
            if digit < low { break }
        }
        return sum
    }

    /// Zigzag, as line number tables use it.
    mutating func signed() -> Int32? {
        unsigned().map { Int32(bitPattern: $0 >> 1) ^ -Int32(bitPattern: $0 & 1) }
    }
}
