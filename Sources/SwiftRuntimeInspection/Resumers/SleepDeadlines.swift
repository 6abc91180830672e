internal import Evidence
internal import ProcessInspection

/// When sleeping tasks wake: deadlines of Dispatch's timers, found from the job that a timer enqueues.
///
/// `swift_task_enqueueGlobalWithDeadline` hands the job to `dispatch_after_f` or a timer source: a continuation {function, job} that a
/// dispatch_timer_source_refs_s refers to, which holds {target, deadline, interval} in nanoseconds (libdispatch
/// src/event/event_internal.h); the interval of one that fires once is all ones.
struct SleepDeadlines {
    private static let once = UInt64.max
    /// A timer fires so much late at most, on a machine that is busy.
    private static let late_ns: UInt64 = 60_000_000_000

    let memory: any MemoryReader
    let reachable: ReachableMemory
    /// CLOCK_MONOTONIC and CLOCK_REALTIME, in nanoseconds.
    private let uptime_ns: UInt64
    private let wall_ns: UInt64

    init(memory: any MemoryReader, reachable: ReachableMemory) {
        self.memory = memory
        self.reachable = reachable
        let now = HostFacts.clocks()
        uptime_ns = UInt64(max(0, now.monotonic_s) * 1e9)
        wall_ns = UInt64(max(0, now.wall_s) * 1e9)
    }

    /// Real seconds until a timer fires; nil when it is not found.
    ///
    /// - Parameter item: where the job is referred to by its Dispatch item.
    func remaining(ofJobAt item: UInt64) -> Double? {
        guard let place = reachable.reachedFrom(item), let source = reachable.allocation(at: place) else { return nil }
        for at in stride(from: source.lowerBound, to: min(source.upperBound, source.lowerBound + 512) &- 16, by: 8) {
            guard let (target, deadline) = memory.pair(at), memory.word(at &+ 16) == Self.once, target > 0, deadline >= target else { continue }
            if let seconds = seconds(until: target) { return seconds }
        }
        return nil
    }

    /// A time of day is far beyond any time since boot.
    private func seconds(until target: UInt64) -> Double? {
        for now in [wall_ns, uptime_ns] where target >= now &- Self.late_ns {
            return Double(target - min(target, now)) / 1e9
        }
        return nil
    }
}
