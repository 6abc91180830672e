package import Evidence

/// What stands out in a forest, the most telling first: for somebody who has a minute.
///
/// It names what was seen and draws no conclusion: that is for `attach`.
package struct TaskGlance {
    private let tasks: [TaskRecord]
    private let actors: [ActorRecord]
    private let pools: [WorkerPool]
    private let threads: [Int32: ThreadRecord]
    /// Connections by descriptor, those that the process began.
    private let connections: [Int32: SocketRecord]
    private let rows: [UInt64: Int]
    private let awaiters: [UInt64: UInt64]
    /// For how long a task has been seen to run on an actor, by the actor's address.
    private let held_s: [UInt64: Double]

    private static let maximumEach = 5

    package init(
        _ tasks: [TaskRecord], actors: [ActorRecord] = [], pools: [WorkerPool] = [], threads: [ThreadRecord] = [], connections: [Int32: SocketRecord] = [:],
        held_s: [UInt64: Double] = [:]
    ) {
        self.tasks = tasks
        self.actors = actors
        self.pools = pools
        self.connections = connections
        self.held_s = held_s
        self.threads = Dictionary(threads.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        rows = Dictionary(tasks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        awaiters = Dictionary(tasks.compactMap { task in task.wait?.kind == .task ? task.wait?.task.map { ($0, task.id) } : nil }, uniquingKeysWith: min)
    }

    /// Each entry a line, and lines below it that begin with two spaces; empty when nothing stands out.
    package var lines: [String] {
        let found = answers() + nobodies() + cycles() + jams() + starved() + blockedLoops()
        guard !found.isEmpty else { return [] }
        return found + cancelled() + timers()
    }

    // MARK: What stands out

    /// Waits for the answer of another process.
    private func answers() -> [String] {
        var byDescriptor: [Int32: [TaskRecord]] = [:]
        for task in tasks {
            guard let wait = task.wait, let descriptor = wait.descriptor, connections[descriptor] != nil, wait.kind != .sleep else { continue }
            byDescriptor[descriptor, default: []].append(task)
        }
        return limited(byDescriptor.sorted { $0.key < $1.key }, "connections that tasks wait for") { descriptor, waiting in
            guard let socket = connections[descriptor] else { return [] }
            return ["\(who(waiting)) an answer from \(socket.remote?.description ?? "its peer") (descriptor \(descriptor)): \(Self.words(socket))"]
                + details(waiting[0])
        }
    }

    /// Continuations of which it was proved that nobody can resume them.
    private func nobodies() -> [String] {
        var byPlace: [String: [TaskRecord]] = [:]
        // A main task that parks itself keeps the process alive.
        for task in tasks where task.kind != .main && TaskWords.nobody(task) != nil { byPlace[TaskWords.place(task) ?? "", default: []].append(task) }
        return limited(byPlace.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }, "places where nobody can resume") { _, waiting in
            let what = TaskWords.state(waiting[0], count: 1).drop { $0 != " " }
            return ["\(who(waiting)) \(what.drop { $0 == " " }.dropFirst(4)): nothing that runs or can be woken can resume it"] + details(waiting[0])
        }
    }

    private func cycles() -> [String] {
        var seen: Set<UInt64> = []
        var found: [String] = []
        for task in tasks where task.wait?.kind == .task && !seen.contains(task.id) {
            var path: [UInt64] = []
            var next: UInt64? = task.id
            while let id = next, !path.contains(id), !seen.contains(id), path.count < 1000 {
                path.append(id)
                next = rows[id].flatMap { tasks[$0].wait?.kind == .task ? tasks[$0].wait?.task : nil }
            }
            if let start = next, let from = path.firstIndex(of: start) {
                found.append("tasks wait for each other in a circle: " + (path[from...].prefix(8) + [start]).map(title).joined(separator: " -> "))
            }
            seen.formUnion(path)
        }
        return Array(found.prefix(Self.maximumEach))
    }

    /// Actors and executors with a queue, on which somebody runs that is blocked.
    private func jams() -> [String] {
        let jammed = actors.filter { !$0.queue.isEmpty && $0.runningOnTID != nil }.sorted { ($1.queue.count, $0.address) < ($0.queue.count, $1.address) }
        return limited(jammed, "actors with a queue") { actor in
            let runner = actor.runningTask.map(title) ?? "somebody"
            let thread = actor.runningOnTID.map { " on thread \($0), \(PoolText.activity(threads[$0]))" } ?? ""
            let held = held_s[actor.address].flatMap { $0 >= 1 ? ", for \(TaskWords.duration($0)) so far" : nil } ?? ""
            return ["\(Self.name(actor)): \(runner) runs on it\(thread)\(held)", "  \(Self.queue(actor)) behind it"]
        }
    }

    private func starved() -> [String] {
        pools.compactMap { pool in
            guard pool.kind == .cooperative, let enqueued = pool.enqueued, enqueued > 0, let width = pool.width,
                pool.workers.count(where: { $0.state == .blocked }) >= width
            else { return nil }
            return "\(PoolText.title(pool)): all its \(width) threads are blocked, and \(enqueued) \(enqueued == 1 ? "job waits" : "jobs wait") for one"
        }
    }

    private func blockedLoops() -> [String] {
        let blocked = pools.filter { $0.kind == .eventLoops }.flatMap { pool in pool.workers.filter { $0.state == .blocked }.map { (pool, $0) } }
        return limited(blocked, "event loops") { pool, worker in
            ["an event loop of \(pool.label ?? "NIO") on thread \(worker.tid) is \(PoolText.activity(threads[worker.tid])): its connections wait"]
        }
    }

    private func cancelled() -> [String] {
        let left = tasks.filter { $0.isCancelled && $0.state != .completed }
        guard let first = left.min(by: { $0.id < $1.id }) else { return [] }
        return ["cancelled, and still there: " + (left.count == 1 ? title(first.id) : "\(left.count) tasks, the oldest \(title(first.id))")]
    }

    /// What goes on by itself meanwhile: tasks with names that sleep until a timer fires.
    private func timers() -> [String] {
        let asleep = tasks.filter { $0.wait?.kind == .sleep && $0.name != nil }
        guard !asleep.isEmpty else { return [] }
        let shown = asleep.prefix(Self.maximumEach).map { task in title(task.id) + (task.wait?.remaining_s.map { " (wakes in \(TaskWords.duration($0)))" } ?? "") }
        return ["go on meanwhile, by their timers: " + shown.joined(separator: ", ") + (asleep.count > shown.count ? " and \(asleep.count - shown.count) more" : "")]
    }

    // MARK: Words

    private func limited<Entry>(_ entries: [Entry], _ what: String, _ words: (Entry) -> [String]) -> [String] {
        let shown = entries.prefix(Self.maximumEach).flatMap(words)
        return shown + (entries.count > Self.maximumEach ? ["and \(entries.count - Self.maximumEach) more \(what)"] : [])
    }

    private func who(_ waiting: [TaskRecord]) -> String {
        waiting.count == 1 ? title(waiting[0].id) + " waits for" : TaskWords.title(waiting[0], count: waiting.count) + " wait for"
    }

    private func title(_ id: UInt64) -> String {
        guard let row = rows[id] else { return "task \(id)" }
        return "task \(id)" + (tasks[row].name.map { " \"\(TaskWords.clean($0))\"" } ?? "")
    }

    /// Where it stands, and who waits for it.
    private func details(_ task: TaskRecord) -> [String] {
        let place = TaskWords.place(task).map { ["  at \($0)"] } ?? []
        var chain: [UInt64] = []
        var next = awaiter(of: task)
        while let id = next, id != task.id, !chain.contains(id), chain.count < 64 {
            chain.append(id)
            next = rows[id].flatMap { awaiter(of: tasks[$0]) }
        }
        guard !chain.isEmpty else { return place }
        let shown = chain.prefix(4).map(title).joined(separator: " <- ")
        return place + ["  waited for by \(shown)" + (chain.count > 4 ? " <- \(chain.count - 4) more" : "")]
    }

    /// The task that awaits its value, or the parent that waits for its group.
    private func awaiter(of task: TaskRecord) -> UInt64? {
        if let waiter = awaiters[task.id] { return waiter }
        guard let parent = task.parent, let row = rows[parent], tasks[row].wait?.kind == .group else { return nil }
        return parent
    }

    /// `3 tasks queue behind it`, in order where that is known.
    private static func queue(_ actor: ActorRecord) -> String {
        let count = actor.queue.count
        let ids = actor.queue.prefix(6).map(String.init).joined(separator: ", ") + (count > 6 ? ", ..." : "")
        return "\(count) \(count == 1 ? "task queues" : "tasks queue")" + (actor.isQueueOrdered == true && count > 1 ? ", in this order (\(ids))," : " (\(ids))")
    }

    package static func name(_ actor: ActorRecord) -> String {
        let queue = actor.queueLabel.map { " (Dispatch queue \"\(TaskWords.clean($0))\")" } ?? ""
        switch actor.kind {
        case .mainActor: return "the main actor"
        case .executor: return "executor \(TaskWords.clean(actor.typeName ?? "?"))\(queue)"
        case .actor, nil: return "actor \(TaskWords.clean(actor.typeName ?? "?"))"
        }
    }

    /// `established, 1234 bytes received, none for 61 s, 880 sent`.
    private static func words(_ socket: SocketRecord) -> String {
        guard let tcp = socket.tcp else { return socket.state.rawValue }
        let since = TaskWords.duration(tcp.lastDataReceived_ms / 1000)
        let received = tcp.bytesReceived == 0 ? "nothing received" : "\(tcp.bytesReceived) bytes received, none for \(since)"
        let state = socket.state == .established ? "" : "\(socket.state.rawValue), "
        return state + received + ", last sent \(TaskWords.duration(tcp.lastDataSent_ms / 1000)) ago"
            + (tcp.unacked > 0 ? ", \(tcp.unacked) segments not acknowledged" : "")
    }
}
