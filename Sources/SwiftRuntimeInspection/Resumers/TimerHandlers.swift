internal import ProcessInspection

/// What Dispatch's timers run that are no sleeps of Swift's tasks: for each the program's code that lies in the block which it calls, and in memory
/// to which that leads.
///
/// A timer's handler is an item {..., function +32, block +40} (libdispatch src/event/event_internal.h, dispatch_continuation_s); a block has its function
/// at +16 and its captures behind that (Block_private.h).
struct TimerHandlers {
    private static let maximumTimers = 16

    private let search: LivenessSearch

    init(search: LivenessSearch) { self.search = search }

    /// Those that could be followed.
    func held(by sources: Set<UInt64>) -> [Set<UInt64>] {
        guard sources.count <= Self.maximumTimers else { return [] }
        return sources.compactMap { source in block(of: source).flatMap(code) }
    }

    private func block(of source: UInt64) -> UInt64? {
        guard let range = search.reachable.allocation(at: source), let bytes = try? search.reader.live.bytes(at: range.lowerBound, upTo: min(Int(range.upperBound - range.lowerBound), 512)) else { return nil }
        for item in bytes.words where item > 4096 && item & 7 == 0 && search.reachable.allocation(at: item)?.lowerBound == item {
            guard let (function, block) = search.reader.live.pair(item &+ 32), isCode(function), !search.reader.runtime.image.range.contains(function), block & 7 == 0,
                let invoke = search.reader.live.word(block &+ 16), isCode(invoke)
            else { continue }
            return block
        }
        return nil
    }

    private func code(of block: UInt64) -> Set<UInt64>? {
        guard let invoke = search.reader.live.word(block &+ 16) else { return nil }
        // A block without captures lies in constant memory.
        let captures = search.reachable.allocation(at: block).map { [block &+ 32..<max(block &+ 32, $0.upperBound)] } ?? []
        return HeldCode(search: search).found(from: captures)?.union([invoke])
    }

    private func isCode(_ address: UInt64) -> Bool { search.reader.mappings.containing(address)?.isExecutable == true }
}
