extension Snapshot {
    /// Uses of a processor below which a thread sleeps as a rule.
    private static let seldom = 0.1

    /// Whether a thread of the subject was met awake that sleeps nearly all the time: between two tries at a lock, say. What it waits for then
    /// shows a moment later.
    ///
    /// - Parameter earlier: a snapshot of the same processes; without one a thread's use of a processor counts from the start of its process.
    public func metSleeperAwake(since earlier: Snapshot?) -> Bool {
        let before = Dictionary((earlier?.threads.elements ?? []).map { ($0.tid, $0.cpu.total_s) }, uniquingKeysWith: { first, _ in first })
        let started_s = processes.elements.first { $0.identity.pid == subject.pid }?.started_s
        return threads.elements.contains { thread in
            guard thread.pid == subject.pid, thread.wait == nil, ["S", "R"].contains(thread.state) else { return false }
            let window_s: Double
            if let earlier, before[thread.tid] != nil { window_s = takenAt.monotonic_s - earlier.takenAt.monotonic_s } else { window_s = clocks.boottime_s - (started_s ?? clocks.boottime_s) }
            return window_s > 0.5 && thread.cpu.total_s - (before[thread.tid] ?? 0) < Self.seldom * window_s
        }
    }
}
