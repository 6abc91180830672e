/// Passes pieces of a fixed size with a pause after each: drip, slicer and bandwidth.
struct PacedStream: StreamFault {
    /// Bytes held before the sender is pressed back.
    static let mostHeld = 65536

    private let piece: Int
    private let pause_s: Double
    private var held = ByteQueue()
    private var notBefore = 0.0

    /// One piece of `bytes` every `every_s` (real seconds).
    init(bytes: Int, every_s: Double) {
        piece = max(1, bytes)
        pause_s = max(0, every_s)
    }

    /// So many bytes a real second, in pieces of a twentieth of a second.
    init(bytesPerSecond: Double) {
        let rate = max(1, bytesPerSecond)
        let bytes = max(1, Int(min(rate / 20, 1e9)))
        self.init(bytes: bytes, every_s: Double(bytes) / rate)
    }

    var wantsBytes: Bool { held.count < max(Self.mostHeld, piece) }
    var heldBytes: Int { held.count }

    mutating func take(_ bytes: [UInt8], at now: Double) { held.append(bytes) }

    mutating func next(at now: Double) -> StreamStep {
        if held.isEmpty { return .rest }
        if now < notBefore { return .wait(until: notBefore) }
        let bytes = held.pop(piece)
        // A short piece at the end costs its share only.
        notBefore = max(now, notBefore) + pause_s * Double(bytes.count) / Double(piece)
        return .pass(bytes)
    }

    mutating func giveBack() -> [UInt8] { held.pop(held.count) }
}

/// Bytes in, bytes out, in order.
struct ByteQueue: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: [UInt8]) { bytes += more }

    mutating func pop(_ wanted: Int) -> [UInt8] {
        let end = start + min(max(0, wanted), count)
        defer {
            start = end
            // Moved down once half is spent: amortised constant work a byte.
            if start > bytes.count / 2 {
                bytes.removeFirst(start)
                start = 0
            }
        }
        return Array(bytes[start..<end])
    }
}
