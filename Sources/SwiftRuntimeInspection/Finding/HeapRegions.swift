package import ProcessInspection

/// The parts of a process's memory where heap objects can lie.
package struct HeapRegions: Sendable {
    package var ranges: [Range<UInt64>]

    package init(ranges: [Range<UInt64>]) { self.ranges = ranges }

    /// Writable private anonymous memory and the heap, without pages that were never touched.
    package init(mappings: [MemoryMapping], touched: (any TouchedPages)?) {
        let heaps = mappings.filter { mapping in
            mapping.isReadable && mapping.isWritable && !mapping.isShared
                && (mapping.path.isEmpty || mapping.path == "[heap]" || mapping.path.hasPrefix("[anon"))
        }
        ranges = Self.join(heaps, touched)
    }

    /// All writable memory: stacks, globals and shared memory too.
    package init(everythingIn mappings: [MemoryMapping], touched: (any TouchedPages)?) {
        let writable = mappings.filter { $0.isReadable && $0.isWritable && !$0.path.hasPrefix("/dev/") }
        ranges = Self.join(writable, touched)
    }

    /// What is larger is reserved address space, such as the shadow of a sanitizer (AddressSanitizer: 14 TiB), in which
    /// even the question which pages are touched would take minutes.
    private static let largestHeap_bytes: UInt64 = 1 << 40

    private static func join(_ mappings: [MemoryMapping], _ touched: (any TouchedPages)?) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        for mapping in mappings where mapping.end - mapping.start <= largestHeap_bytes {
            let whole = mapping.start..<mapping.end
            for piece in touched?.touchedRanges(in: whole) ?? [whole] {
                // Neighbours are joined: an object may lie across the border of two mappings.
                if let last = ranges.last, last.upperBound == piece.lowerBound {
                    ranges[ranges.count - 1] = last.lowerBound..<piece.upperBound
                } else {
                    ranges.append(piece)
                }
            }
        }
        return ranges
    }

    package var size_bytes: UInt64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }
}

/// Tells which pages were ever written, so that reading the others can be spared.
package protocol TouchedPages: Sendable {
    /// Page-aligned parts of `range` that hold something, ascending; nil when that cannot be told.
    func touchedRanges(in range: Range<UInt64>) -> [Range<UInt64>]?
}
