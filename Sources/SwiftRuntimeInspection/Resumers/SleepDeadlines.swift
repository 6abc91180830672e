internal import Evidence
internal import ProcessInspection

/// When sleeping tasks wake: deadlines of Dispatch's timers, found from the job that a timer enqueues.
///
/// `swift_task_enqueueGlobalWithDeadline` hands the job to `dispatch_after_f` or a timer source: a continuation {function, job} that a
/// dispatch_timer_source_refs_s refers to, which holds {target, deadline, interval} in nanoseconds (libdispatch
/// src/event/event_internal.h); the interval of one that fires once is all ones.
struct SleepDeadlines {
    private static let once = UInt64.max
    /// Nanoseconds, from a thousandth of a second to a day.
    private static let intervals: ClosedRange<UInt64> = 1_000_000...86_400_000_000_000
    /// A timer fires so much late at most, on a machine that is busy.
    private static let late_ns: UInt64 = 60_000_000_000

    let memory: any MemoryReader
    let reachable: ReachableMemory
    /// CLOCK_MONOTONIC and CLOCK_REALTIME, in nanoseconds.
    private let uptime_ns: UInt64
    private let wall_ns: UInt64

    /// Timers that enqueue no job of Swift's.
    private(set) var others: Set<UInt64> = []
    /// By job: seconds until its timer fires, of all timers that are armed.
    private var armed: [UInt64: Double] = [:]

    /// - Parameters:
    ///   - heap: address of `_dispatch_timers_heap`, where it is known.
    ///   - code: of the runtime, which has the function that every item runs.
    ///   - isJob: whether there is a task at an address.
    init(memory: any MemoryReader, reachable: ReachableMemory, heap: UInt64?, code: Range<UInt64>, isJob: (UInt64) -> Bool) {
        self.memory = memory
        self.reachable = reachable
        let now = HostFacts.clocks()
        uptime_ns = UInt64(max(0, now.monotonic_s) * 1e9)
        wall_ns = UInt64(max(0, now.wall_s) * 1e9)
        guard let heap else { return }
        for source in sources(in: heap) {
            others.insert(source)
            guard let seconds = remaining(ofSource: source), let words = words(in: source) else { continue }
            // Its handler is an item {..., function +32, job +40}.
            for item in words where item & 7 == 0 && reachable.allocation(at: item)?.lowerBound == item {
                guard let (function, job) = memory.pair(item &+ 32), code.contains(function), isJob(job) else { continue }
                armed[job] = seconds
                others.remove(source)
            }
        }
    }

    /// Seconds until the timer of a job fires; nil when none is armed for it.
    func remaining(ofJob job: UInt64) -> Double? { armed[job] }

    /// The timers of Dispatch's heaps, one a clock: {count, ..., next by target +8, next by deadline +16, segments +24} (libdispatch
    /// src/event/event.c). The newest segment holds timers, and the older segments.
    private func sources(in heap: UInt64) -> Set<UInt64> {
        var sources: Set<UInt64> = []
        var segments: [UInt64] = []
        for clock in 0..<Self.clocks {
            for word in 1...2 as ClosedRange<UInt64> { if let timer = memory.word(heap &+ clock &* 32 &+ word &* 8), timer != 0 { sources.insert(timer) } }
            if let segment = memory.word(heap &+ clock &* 32 &+ 24), segment != 0 { segments.append(segment) }
        }
        var seen: Set<UInt64> = []
        while let segment = segments.popLast(), seen.count < 64, sources.count < Self.maximumTimers {
            guard seen.insert(segment).inserted else { continue }
            for word in words(in: segment) ?? [] where word != 0 && word & 7 == 0 {
                if remaining(ofSource: word, repeats: true) != nil { sources.insert(word) } else if reachable.allocation(at: word)?.lowerBound == word { segments.insert(word, at: 0) }
            }
        }
        return sources
    }

    private static let clocks: UInt64 = 3
    private static let maximumTimers = 1 << 17

    private func words(in place: UInt64) -> [UInt64]? {
        guard let allocation = reachable.allocation(at: place) else { return nil }
        return try? memory.bytes(at: allocation.lowerBound, upTo: min(Int(allocation.upperBound - allocation.lowerBound), 1 << 20)).words
    }

    private func remaining(ofSource place: UInt64, repeats: Bool = false) -> Double? {
        guard let source = reachable.allocation(at: place) else { return nil }
        for at in stride(from: source.lowerBound, to: min(source.upperBound, source.lowerBound + 512) &- 16, by: 8) {
            guard let (target, deadline) = memory.pair(at), let interval = memory.word(at &+ 16), interval == Self.once || repeats && Self.intervals.contains(interval), target > 0, deadline >= target
            else { continue }
            if let seconds = seconds(until: target) { return seconds }
        }
        return nil
    }

    /// Real seconds until a timer fires; nil when it is not found.
    ///
    /// - Parameter item: where the job is referred to by its Dispatch item.
    func remaining(ofJobAt item: UInt64) -> Double? {
        reachable.reachedFrom(item).flatMap { remaining(ofSource: $0) }
    }

    /// A time of day is far beyond any time since boot.
    private func seconds(until target: UInt64) -> Double? {
        for now in [wall_ns, uptime_ns] where target >= now &- Self.late_ns {
            return Double(target - min(target, now)) / 1e9
        }
        return nil
    }
}
