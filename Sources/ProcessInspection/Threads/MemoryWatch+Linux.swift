internal import CLinux

/// What a process may write to, page by page: which of it changes while we watch.
struct MemoryWatch {
    /// More than this is not read: of a larger process, what lies near to its running threads.
    private static let limit_pages = 16_384
    /// Entries of the page table that are looked through: 4 GiB of memory.
    private static let scanned_bytes: UInt64 = 4 << 30
    /// Pages whose pointers are followed in a larger process.
    private static let followed = 256

    private let memory: LiveMemory
    /// What the kernel writes, not the process.
    private let areas: [UInt64]
    private(set) var pages: [UInt64]
    private var digests: [UInt64]

    /// nil when nothing of it can be seen.
    init?(_ memory: LiveMemory, maps: [MemoryMapping], near copies: [ThreadCopy]) {
        self.memory = memory
        areas = Set(copies.map(\.rseq)).subtracting([0]).sorted()
        pages = Self.present(memory.pid, maps)
        if pages.count > Self.limit_pages { pages = Self.reached(pages, maps, copies, memory) }
        digests = []
        restart()
        guard pages.count > 0, digests.contains(where: { $0 != 0 }) else { return nil }
    }

    /// Pages that hold something else than when the watch began.
    func changed() -> [UInt64] {
        let now = digests(of: pages)
        return pages.indices.filter { now[$0] != digests[$0] }.map { pages[$0] }
    }

    /// Begins anew.
    mutating func restart() { digests = digests(of: pages) }

    func digests(of pages: [UInt64]) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: pages.count) { buffer, count in
            if let base = buffer.baseAddress { hs_digest_pages(memory.pid, pages, pages.count, areas, areas.count, base) }
            count = pages.count
        }
    }

    private static func present(_ pid: Int32, _ maps: [MemoryMapping]) -> [UInt64] {
        var pages: [UInt64] = []
        var left_bytes = scanned_bytes
        for map in maps where map.isWritable && map.isReadable && !map.path.hasPrefix("/dev/") {
            let end = min(map.end, map.start &+ left_bytes)
            left_bytes -= end - map.start
            let capacity = Int((end - map.start) / UInt64(HS_PAGE))
            pages += [UInt64](unsafeUninitializedCapacity: capacity) { buffer, count in
                count = buffer.baseAddress.map { max(0, hs_present_pages(pid, map.start, end, $0, capacity)) } ?? 0
            }
        }
        return pages
    }

    /// The data of the modules, and what registers and stacks point to, and what that points to.
    private static func reached(_ pages: [UInt64], _ maps: [MemoryMapping], _ copies: [ThreadCopy], _ memory: LiveMemory) -> [UInt64] {
        let known = Set(pages)
        var found = Set(pages.lazy.filter { maps.containing($0)?.isFile == true }.prefix(limit_pages / 4))
        func add(_ words: some Sequence<UInt64>) -> [UInt64] {
            var new: [UInt64] = []
            for word in words where found.count < limit_pages {
                let page = word & ~UInt64(HS_PAGE - 1)
                if known.contains(page), found.insert(page).inserted { new.append(page) }
            }
            return new
        }
        var front = copies.flatMap { copy in
            add(copy.registers + copy.stack.withUnsafeBytes { bytes in
                (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
            })
        }
        for _ in 0..<2 {
            front = front.prefix(followed).flatMap { page in
                add((try? memory.array(of: UInt64.self, at: page, count: words)) ?? [])
            }
        }
        return found.sorted()
    }
    private static let words = Int(HS_PAGE) / 8
}
