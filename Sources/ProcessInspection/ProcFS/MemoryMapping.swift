/// One line of /proc/PID/maps, proc(5).
package struct MemoryMapping: Sendable, Hashable {
    package var start: UInt64
    package var end: UInt64
    package var isReadable: Bool
    package var isWritable: Bool
    package var isExecutable: Bool
    package var isShared: Bool
    package var fileOffset: UInt64
    /// Device as "08:01".
    package var device: String
    package var inode: UInt64
    /// File path without " (deleted)", or "[heap]", "[stack]", "[vdso]"; empty for anonymous memory.
    package var path: String
    package var isDeleted: Bool

    package init?(_ line: Substring) {
        var fields = TextFields(line)
        guard let range = fields.next(), let access = fields.next()?.utf8, access.count >= 4, let offset = fields.number(radix: 16, UInt64.self),
            let device = fields.next(), let inode: UInt64 = fields.number(), let dash = range.utf8.firstIndex(of: UInt8(ascii: "-")),
            let start = TextFields.number(range[..<dash], radix: 16) as UInt64?,
            let end = TextFields.number(range[range.utf8.index(after: dash)...], radix: 16) as UInt64?, start < end
        else { return nil }
        self.start = start
        self.end = end
        var flags = access.makeIterator()
        isReadable = flags.next() == UInt8(ascii: "r")
        isWritable = flags.next() == UInt8(ascii: "w")
        isExecutable = flags.next() == UInt8(ascii: "x")
        isShared = flags.next() == UInt8(ascii: "s")
        fileOffset = offset
        self.device = String(device)
        self.inode = inode
        var path = String(fields.remainder())
        isDeleted = path.hasSuffix(" (deleted)")
        if isDeleted { path.removeLast(" (deleted)".count) }
        self.path = path
    }

    package var isFile: Bool { path.hasPrefix("/") }

    /// Parses a whole file; lines that make no sense are skipped, and at most `limit` are taken.
    package static func parse(_ text: String, limit: Int = 200_000) -> [MemoryMapping] {
        var mappings: [MemoryMapping] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) where mappings.count < limit {
            if let mapping = MemoryMapping(Substring(line)) { mappings.append(mapping) }
        }
        return mappings
    }
}

extension [MemoryMapping] {
    /// The mapping that holds `address`; the array is in ascending order, as the kernel gives it.
    package func containing(_ address: UInt64) -> MemoryMapping? {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle].end <= address { low = middle + 1 } else { high = middle }
        }
        return low < endIndex && self[low].start <= address ? self[low] : nil
    }
}
