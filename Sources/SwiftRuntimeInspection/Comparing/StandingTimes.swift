package import Evidence

/// For how long tasks have been seen to stand, over repeated readings of one process.
package struct StandingTimes: Sendable {
    private var last: [UInt64: (task: TaskRecord, since_s: Double)] = [:]

    private var runners: [UInt64: (task: UInt64, since_s: Double)] = [:]

    package init() {}

    /// Takes a reading, and gives the seconds each task has stood by then, by id.
    ///
    /// - Parameter now_s: time of the reading on a monotonic clock.
    package mutating func update(_ tasks: [TaskRecord], now_s: Double) -> [UInt64: Double] {
        var next: [UInt64: (TaskRecord, Double)] = [:]
        var standing: [UInt64: Double] = [:]
        for task in tasks {
            var since_s = now_s
            if let before = last[task.id], ForestComparison.stands(before.task, task) { since_s = before.since_s }
            next[task.id] = (task, since_s)
            standing[task.id] = now_s - since_s
        }
        last = next
        return standing
    }
    /// Takes a reading of the actors, and gives the seconds that the same task has been seen on each, by address. It may have left
    /// and come back between two readings.
    package mutating func update(_ actors: [ActorRecord], now_s: Double) -> [UInt64: Double] {
        var next: [UInt64: (task: UInt64, since_s: Double)] = [:]
        for actor in actors {
            guard let task = actor.runningTask else { continue }
            let before = runners[actor.address]
            next[actor.address] = (task, before?.task == task ? before?.since_s ?? now_s : now_s)
        }
        runners = next
        return next.mapValues { now_s - $0.since_s }
    }
}
