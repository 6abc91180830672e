internal import Glibc

/// /proc/PID/pagemap: 8 bytes a page, bit 63 present, bit 62 swapped (Documentation/admin-guide/mm/pagemap.rst).
///
/// Reading a page that was never touched would make the kernel map a zero page into the target.
package struct PageMap: TouchedPages {
    private let path: String
    private let page_bytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))

    package init(pid: Int32) { path = "/proc/\(pid)/pagemap" }

    package func touchedRanges(in range: Range<UInt64>) -> [Range<UInt64>]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var ranges: [Range<UInt64>] = []
        var entries = [UInt64](repeating: 0, count: 1 << 15)
        var page = range.lowerBound / page_bytes
        let end = range.upperBound / page_bytes
        while page < end {
            let count = Int(min(UInt64(entries.count), end - page))
            let got = entries.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count * 8, off_t(page * 8)) }
            guard got > 0, got % 8 == 0 else { return nil }
            entries.withUnsafeBufferPointer { Self.collect($0[..<(got / 8)], from: page, page_bytes, into: &ranges) }
            page += UInt64(got / 8)
        }
        return ranges
    }

    private static func collect(
        _ entries: Slice<UnsafeBufferPointer<UInt64>>, from first: UInt64, _ page_bytes: UInt64, into ranges: inout [Range<UInt64>]
    ) {
        var index = 0
        while index < entries.count {
            guard entries[index] >> 62 != 0 else {
                index += 1
                continue
            }
            let start = index
            while index < entries.count, entries[index] >> 62 != 0 { index += 1 }
            let piece = (first + UInt64(start)) * page_bytes..<(first + UInt64(index)) * page_bytes
            if let last = ranges.last, last.upperBound == piece.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<piece.upperBound
            } else {
                ranges.append(piece)
            }
        }
    }
}
