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
        let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard fields.count >= 5 else { return nil }
        let range = fields[0].split(separator: "-")
        guard range.count == 2, let start = UInt64(range[0], radix: 16), let end = UInt64(range[1], radix: 16), start < end,
            let offset = UInt64(fields[2], radix: 16), let inode = UInt64(fields[4])
        else { return nil }
        let access = Array(fields[1].utf8)
        guard access.count >= 4 else { return nil }
        self.start = start
        self.end = end
        isReadable = access[0] == UInt8(ascii: "r")
        isWritable = access[1] == UInt8(ascii: "w")
        isExecutable = access[2] == UInt8(ascii: "x")
        isShared = access[3] == UInt8(ascii: "s")
        fileOffset = offset
        device = String(fields[3])
        self.inode = inode
        var path = fields.count > 5 ? String(fields[5].drop { $0 == " " }) : ""
        isDeleted = path.hasSuffix(" (deleted)")
        if isDeleted { path.removeLast(" (deleted)".count) }
        self.path = path
    }

    package var isFile: Bool { path.hasPrefix("/") }

    /// Parses a whole file; lines that make no sense are skipped, and at most `limit` are taken.
    package static func parse(_ text: String, limit: Int = 200_000) -> [MemoryMapping] {
        var mappings: [MemoryMapping] = []
        for line in text.split(separator: "\n") where mappings.count < limit {
            if let mapping = MemoryMapping(line) { mappings.append(mapping) }
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
