package import Evidence

extension TaskTreeText {
    /// What lies beside the tree: actors and executors, and the threads by what gives them work.
    ///
    /// - Parameter running: id of the task that each thread runs, for a forest without pools.
    package static func footer(
        _ tasks: [TaskRecord], actors: [ActorRecord], pools: [WorkerPool], threads: [ThreadRecord], running: [Int32: UInt64]
    ) -> [String] {
        let names = Dictionary(tasks.map { ($0.id, TaskWords.title($0, count: 1)) }, uniquingKeysWith: { first, _ in first })
        let busy = actors.filter { !$0.queue.isEmpty || $0.runningOnTID != nil }
        var lines = busy.prefix(20).map { actor in
            let runner = actor.runningTask.map { "\(names[$0] ?? "task \($0)") runs on it" } ?? (actor.runningOnTID == nil ? "nobody runs on it" : "a thread is on it")
            let thread = actor.runningOnTID.map { ", on thread \($0)" } ?? ""
            return "\(TaskGlance.name(actor)): \(runner)\(thread), \(actor.queue.count) queued"
        }
        if busy.count > 20 { lines.append("and \(busy.count - 20) more actors") }
        lines += PoolText.lines(pools, threads: threads, tasks: names)
        guard pools.isEmpty else { return lines }
        let byID = Dictionary(threads.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        for (tid, id) in running.sorted(by: { $0.key < $1.key }).prefix(64) {
            lines.append("thread \(tid) runs task \(id), \(PoolText.activity(byID[tid]))")
        }
        return lines
    }
}
