internal import Evidence
internal import ProcessInspection

/// How many timers a process has armed with Dispatch.
///
/// `_dispatch_timers_heap` (libdispatch src/event/event.c, swift-corelibs-libdispatch 6.x) is an array of heaps, one a clock:
/// {count u32, flags u32, next by target, next by deadline, segments}; each timer counts twice. Dispatch's own monitor of its
/// pools is one of them, and always there.
struct DispatchTimers {
    private static let clocks: UInt64 = 3
    private static let heapSize: UInt64 = 32
    private static let maximumTimers: UInt32 = 1 << 22
    /// Words of a timer source and of its handler that are looked at.
    private static let extent: UInt64 = 24
    private static let segmentLength: UInt64 = 64

    /// Further away than this nobody waits for one: such as limits of a month, which stay armed when what they were to limit has come to its end.
    private static let far_ns: UInt64 = 86_400_000_000_000
    private static let once = UInt64.max
    /// Ten years since boot are long before any time of day.
    private static let farthest_ns = far_ns * 3650

    /// Armed timers without Dispatch's own and those that fire in more than a day; nil when there is nothing plausible.
    let count: Int

    /// - Parameter symbol: address in memory of one of Dispatch's symbols.
    init?(memory: any MemoryReader, symbol: (String) -> UInt64?) {
        guard let heaps = symbol("_dispatch_timers_heap") else { return nil }
        let monitor = symbol("_dispatch_workq_monitor_pools")
        var total = 0
        var isOwnFound = false
        var far: Set<UInt64> = []
        let now = HostFacts.clocks()
        let clocks_ns = [now.monotonic_s, now.wall_s].map { UInt64(max(0, $0) * 1e9) }
        for clock in 0..<Self.clocks {
            let heap = heaps &+ clock &* Self.heapSize
            guard let entries = memory.half(heap), entries < Self.maximumTimers, entries % 2 == 0 else { return nil }
            guard entries > 0 else { continue }
            guard let (byTarget, byDeadline) = memory.pair(heap &+ 8), byTarget != 0 else { return nil }
            total += Int(entries / 2)
            let others = entries == 2 ? [] : Self.segment(memory.word(heap &+ 24), memory)
            far.formUnion(([byTarget, byDeadline] + others).filter { Self.isFar($0, clocks_ns, memory) })
            if let monitor, !isOwnFound { isOwnFound = ([byTarget, byDeadline] + others).contains { Self.calls(monitor, $0, memory) } }
        }
        count = max(0, total - (isOwnFound || total > 1 ? 1 : 0) - far.count)
    }

    /// Words of the newest segment of a heap, most of which are timers.
    private static func segment(_ place: UInt64?, _ memory: any MemoryReader) -> [UInt64] {
        guard let place, place > 4096 else { return [] }
        return (0..<segmentLength).compactMap { memory.word(place &+ $0 &* 8) }.filter { $0 > 4096 && $0 & 7 == 0 }
    }

    /// Whether a timer fires once and in more than a day: {target, deadline, interval, settings to come, places in the heap}, in nanoseconds of one of the clocks
    /// (dispatch_timer_source_refs_s, src/event/event_internal.h); one that is not armed has no places.
    private static func isFar(_ source: UInt64, _ clocks_ns: [UInt64], _ memory: any MemoryReader) -> Bool {
        guard let words = try? memory.bytes(at: source, upTo: Int(extent) * 8).words else { return false }
        return words.indices.dropLast(4).contains { at in
            words[at + 2] == once && words[at + 4] != UInt64.max && words[at + 1] >= words[at] && clocks_ns.contains { now in words[at] > now + far_ns && words[at] < now + farthest_ns }
        }
    }

    /// Whether the handler of a timer source is a function.
    private static func calls(_ function: UInt64, _ source: UInt64, _ memory: any MemoryReader) -> Bool {
        for word in 0..<extent {
            guard let handler = memory.word(source &+ word &* 8), handler > 4096, handler & 7 == 0 else { continue }
            for inner in 0..<8 as Range<UInt64> where memory.word(handler &+ inner &* 8) == function { return true }
        }
        return false
    }
}
