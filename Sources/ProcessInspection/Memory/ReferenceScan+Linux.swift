internal import CLinux

/// Looks through the memory that a process has written for words that refer to an object.
///
/// What was freed, and what functions left that have returned, counts as well: too much is found rather than too little.
struct ReferenceScan {
    let pid: Int32
    let memory: any MemoryReader
    let maps: [MemoryMapping]
    let deadline: ContinuousClock.Instant
    /// Where a function is kept that is to run when the process ends (struct exit_function, glibc stdlib/exit.h): {flavour, function, argument, handle of the file}.
    private static let atExit: UInt64 = 4

    /// What sanitizers and others reserve, of which few pages are there, takes long to look for them.
    private static let reserved_bytes: UInt64 = 16 << 30
    private static let limit_bytes: UInt64 = 64 << 20
    private static let piece_bytes: UInt64 = 1 << 20

    /// Whether a word refers to an address from `low` to `high`; nil where there is more than can be looked through.
    ///
    /// - Parameter besides: where such words count for nothing.
    func refers(low: UInt64, high: UInt64, besides: [Range<UInt64>]) -> Bool? {
        let written = maps.filter { map in
            map.isReadable && map.isWritable && !map.path.hasPrefix("/dev/") && !besides.contains { $0.lowerBound <= map.start && map.end <= $0.upperBound }
        }
        guard written.reduce(0, { $0 &+ ($1.end - $1.start) }) <= Self.reserved_bytes else { return nil }
        var left = Self.limit_bytes
        for map in written {
            guard let parts = present(map.start..<map.end, atMost: left) else { return nil }
            for part in parts {
                guard ContinuousClock.now < deadline, part.upperBound - part.lowerBound <= left else { return nil }
                left -= part.upperBound - part.lowerBound
                guard let words = places(low, high, in: part) else { return nil }
                if words.contains(where: { place in !besides.contains { $0.contains(place) } && !isForTheEnd(place) }) { return true }
            }
        }
        return false
    }

    /// Reading a page that was never touched would give it to the process. nil for more than `limit_bytes`, and for what the kernel does not show.
    private func present(_ range: Range<UInt64>, atMost limit_bytes: UInt64) -> [Range<UInt64>]? {
        guard ContinuousClock.now < deadline else { return nil }
        let capacity = Int(limit_bytes / UInt64(HS_PAGE)) + 1
        var isKnown = false
        let pages = [UInt64](unsafeUninitializedCapacity: capacity) { buffer, count in
            let found = buffer.baseAddress.map { hs_present_pages(pid, range.lowerBound, range.upperBound, $0, capacity) } ?? -1
            (count, isKnown) = (max(0, found), found >= 0 && found < capacity)
        }
        guard isKnown else { return nil }
        return pages.reduce(into: []) { parts, page in
            if let last = parts.last, last.upperBound == page, page - last.lowerBound < Self.piece_bytes { parts[parts.count - 1] = last.lowerBound..<page + UInt64(HS_PAGE) }
            else { parts.append(page..<page + UInt64(HS_PAGE)) }
        }
    }

    private func places(_ low: UInt64, _ high: UInt64, in part: Range<UInt64>) -> [UInt64]? {
        guard let bytes = try? memory.bytes(at: part.lowerBound, upTo: Int(part.upperBound - part.lowerBound)) else { return nil }
        var found: [UInt64] = []
        var at = 0
        bytes.withUnsafeBytes { bytes in
            while case let next = hs_find_word(bytes.baseAddress, bytes.count, at, low, high), next < bytes.count {
                found.append(part.lowerBound + UInt64(next))
                at = next + 8
            }
        }
        return found
    }

    /// To be destroyed when the process ends.
    private func isForTheEnd(_ place: UInt64) -> Bool {
        guard let flavour = try? memory.load(UInt64.self, at: place &- 16), flavour == Self.atExit, let file = try? memory.load(UInt64.self, at: place &+ 8) else { return false }
        return maps.containing(file)?.isFile == true
    }
}
