package import Evidence

extension TaskTreeText {
    /// What lies beside the tree: busy actors, the pool, the main actor, and the threads that run tasks.
    ///
    /// - Parameter running: id of the task that each thread runs.
    package static func footer(
        _ tasks: [TaskRecord], actors: [ActorRecord], threads: [ThreadRecord], running: [Int32: UInt64]
    ) -> [String] {
        var lines: [String] = []
        for actor in actors.prefix(20) where !actor.queue.isEmpty || actor.runningOnTID != nil {
            let runner = actor.runningOnTID.flatMap { running[$0] }.map { "task \($0) runs on it" }
                ?? (actor.queue.isEmpty ? "idle" : "nobody runs on it")
            lines.append("actor \(TaskWords.clean(actor.typeName ?? "?")): \(runner), \(actor.queue.count) queued")
        }
        if actors.count > 20 { lines.append("and \(actors.count - 20) more actors") }
        let pooled = tasks.count { $0.wait?.kind == .globalPool }
        let main = tasks.count { $0.wait?.kind == .mainActor }
        if pooled > 0 { lines.append("pool: \(pooled) \(pooled == 1 ? "task" : "tasks") enqueued and not run") }
        if main > 0 { lines.append("main actor: \(main) \(main == 1 ? "task" : "tasks") enqueued and not run") }
        let byID = Dictionary(threads.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        for (tid, id) in running.sorted(by: { $0.key < $1.key }).prefix(64) {
            lines.append("thread \(tid) runs task \(id), \(activity(byID[tid]))")
        }
        return lines
    }

    private static func activity(_ thread: ThreadRecord?) -> String {
        guard let thread else { return "unseen" }
        if thread.state == "R" { return "on a processor" }
        let call = thread.syscall.map { " in \($0.name)" } ?? thread.waitChannel.map { " in \(TaskWords.clean($0))" } ?? ""
        return "blocked\(call)"
    }
}
