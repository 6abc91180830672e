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

    /// Armed timers without Dispatch's own; nil when there is nothing plausible.
    let count: Int

    /// - Parameter symbol: address in memory of one of Dispatch's symbols.
    init?(memory: any MemoryReader, symbol: (String) -> UInt64?) {
        guard let heaps = symbol("_dispatch_timers_heap") else { return nil }
        let monitor = symbol("_dispatch_workq_monitor_pools")
        var total = 0
        for clock in 0..<Self.clocks {
            let heap = heaps &+ clock &* Self.heapSize
            guard let entries = memory.half(heap), entries < Self.maximumTimers, entries % 2 == 0 else { return nil }
            guard entries > 0 else { continue }
            guard let (byTarget, _) = memory.pair(heap &+ 8), byTarget != 0 else { return nil }
            total += Int(entries / 2)
            if entries == 2, let monitor, Self.calls(monitor, byTarget, memory) { total -= 1 }
        }
        count = total
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
