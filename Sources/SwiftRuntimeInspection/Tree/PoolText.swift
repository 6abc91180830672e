package import Evidence

/// The threads of a process by what gives them work, as text for people: a line a pool, and one for each thread that is not idle.
package enum PoolText {
    private static let maximumLines = 40

    /// - Parameter tasks: names of the tasks that threads run, by id.
    package static func lines(_ pools: [WorkerPool], threads: [ThreadRecord], tasks: [UInt64: String] = [:]) -> [String] {
        let byID = Dictionary(threads.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        var lines: [String] = []
        for pool in pools {
            guard lines.count < maximumLines else { return lines + ["and more threads; --format json has all"] }
            lines.append(title(pool) + ": " + summary(pool))
            // Threads that do the same share a line.
            var groups: [String: [Worker]] = [:]
            for worker in pool.workers where worker.state == .running || worker.state == .blocked {
                groups[activity(byID[worker.tid]), default: []].append(worker)
            }
            for (words, workers) in groups.sorted(by: { ($1.value.count, $0.key) < ($0.value.count, $1.key) }).prefix(8) {
                lines.append("  " + who(workers, tasks) + words)
            }
            if groups.count > 8 { lines.append("  and \(groups.count - 8) more, each elsewhere") }
        }
        return lines
    }

    /// What one thread does: `blocked in futex at blockThread() (Roll.swift:70)`.
    package static func activity(_ thread: ThreadRecord?) -> String {
        guard let thread else { return "unseen" }
        let place = TaskWords.interesting(thread.stack.elements.filter { !$0.isAsync }).map { " at " + TaskWords.frame($0) } ?? ""
        if thread.state == "R" { return "on a processor" + place }
        let call = thread.syscall.map { " in \($0.name)" } ?? thread.waitChannel.map { " in \(TaskWords.clean($0))" } ?? ""
        return "blocked\(call)\(place)"
    }

    private static func who(_ workers: [Worker], _ tasks: [UInt64: String]) -> String {
        guard workers.count == 1, let worker = workers.first else { return "\(workers.count) threads, such as \(workers[0].tid), " }
        return "thread \(worker.tid)" + (worker.task.map { " runs " + (tasks[$0] ?? "task \($0)") + "," } ?? "") + " "
    }

    package static func title(_ pool: WorkerPool) -> String {
        let label = pool.label.map(TaskWords.clean)
        switch pool.kind {
        case .cooperative: return "Swift's pool" + (label.map { $0 == "default" ? "" : ", priority \($0)" } ?? "")
        case .main: return "main queue"
        case .eventLoops: return "event loops \(label ?? "")"
        case .blockingPool: return "NIOThreadPool \(label ?? "")"
        case .dispatchQueue: return "Dispatch queue" + (label.map { $0.isEmpty ? " without a label" : " \"\($0)\"" } ?? "")
        case .idle: return "Dispatch"
        }
    }

    private static func summary(_ pool: WorkerPool) -> String {
        func count(_ state: Worker.State) -> Int { pool.workers.count { $0.state == state } }
        if pool.kind == .idle { return words(pool.workers.count, "idle thread") }
        var parts: [String] = []
        if let width = pool.width, pool.kind == .cooperative { parts.append("\(words(width, "thread")) at most") }
        if let width = pool.width, pool.kind == .dispatchQueue { parts.append(width == 1 ? "serial" : width >= 0xffe ? "concurrent" : "\(width) at once") }
        let states: [(Worker.State, String)] = [(.running, "on a processor"), (.blocked, "blocked"), (.polling, "polling"), (.idle, "idle")]
        parts += states.compactMap { state, word in
            let number = count(state)
            return number == 0 ? nil : number == pool.workers.count && number > 1 ? "all \(number) \(word)" : "\(number) \(word)"
        }
        if pool.workers.isEmpty { parts.append("idle") }
        if let enqueued = pool.enqueued, enqueued > 0 { parts.append("\(words(enqueued, "job")) enqueued and not run") }
        return parts.joined(separator: ", ")
    }

    private static func words(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
