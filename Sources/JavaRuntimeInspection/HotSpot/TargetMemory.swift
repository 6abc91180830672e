internal import ProcessInspection

/// The target's memory in pages that are kept: one moment's view as far as a running process allows.
///
/// Everything read is untrusted; a read that cannot be had gives nil, and there is a bound on pages,
/// after which all reads do. Little-endian, 64-bit.
final class TargetMemory {
    private static let pageSize: UInt64 = 4096
    /// 128 MiB: the deepest stacks of some thousands of threads.
    private static let maximumPages = 32_768

    private let base: any MemoryReader
    private var pages: [UInt64: [UInt8]] = [:]
    private(set) var isExhausted = false

    init(_ base: any MemoryReader) { self.base = base }

    func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type = Value.self, at address: UInt64) -> Value? {
        let size = MemoryLayout<Value>.size
        let offset = Int(address & (Self.pageSize - 1))
        guard let page = page(address) else { return nil }
        if offset + size <= page.count { return page.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) } }
        return bytes(at: address, count: size)?.withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
    }

    func word(_ address: UInt64) -> UInt64? { load(UInt64.self, at: address) }

    /// A pointer that is not null.
    func pointer(_ address: UInt64) -> UInt64? {
        guard let value = word(address), value != 0 else { return nil }
        return value
    }

    /// Exactly `count` bytes, at most 1 MiB.
    func bytes(at address: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, count <= 1 << 20 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var place = address
        while result.count < count {
            guard let page = page(place) else { return nil }
            let offset = Int(place & (Self.pageSize - 1))
            let part = page[offset..<min(page.count, offset + count - result.count)]
            result += part
            let (next, overflow) = place.addingReportingOverflow(UInt64(part.count))
            guard !overflow else { return nil }
            place = next
        }
        return result
    }

    /// A NUL-terminated string; nil when it is longer than `limit` or cannot be read.
    func string(at address: UInt64, limit: Int = 256) -> String? {
        var result: [UInt8] = []
        var place = address
        while result.count < limit, let page = page(place) {
            let part = page[Int(place & (Self.pageSize - 1))...]
            if let end = part.firstIndex(of: 0) { return String(decoding: result + part[..<end], as: UTF8.self) }
            result += part
            place &+= UInt64(part.count)
        }
        return nil
    }

    /// Lays a copy that was taken earlier over what is read: the stack of a thread that runs on.
    func overlay(_ bytes: [UInt8], at address: UInt64) {
        var offset = 0
        while offset < bytes.count {
            let place = address &+ UInt64(offset)
            let start = place & ~(Self.pageSize - 1)
            let begin = Int(place - start)
            let count = min(Int(Self.pageSize) - begin, bytes.count - offset)
            if var known = page(place) {
                known.replaceSubrange(begin..<begin + count, with: bytes[offset..<offset + count])
                pages[start] = known
            }
            offset += count
        }
    }

    private func page(_ address: UInt64) -> [UInt8]? {
        let start = address & ~(Self.pageSize - 1)
        if let known = pages[start] { return known.isEmpty ? nil : known }
        guard pages.count < Self.maximumPages else {
            isExhausted = true
            return nil
        }
        let got = (try? base.bytes(at: start, upTo: Int(Self.pageSize))) ?? []
        pages[start] = got.count == Int(Self.pageSize) ? got : []
        return got.count == Int(Self.pageSize) ? got : nil
    }
}
