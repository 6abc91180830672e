internal import Evidence

/// The threads of a process by what gives them work.
struct WorkerPools {
    private(set) var pools: [WorkerPool] = []

    private struct Key: Hashable {
        var kind: WorkerPool.Kind
        var label: String?
        var queue: UInt64
    }
    private let pid: Int32
    private let queues: DispatchState?
    private let currentTasks: [Int32: UInt64]

    /// - Parameter threads: with the names of their frames.
    init(pid: Int32, threads: [ThreadRecord], forest: TaskForest) {
        self.pid = pid
        queues = forest.queues
        currentTasks = forest.currentTasks
        var found: [Key: WorkerPool] = [:]
        for thread in threads {
            guard let (key, state) = place(thread) else { continue }
            found[key, default: WorkerPool(pid: pid, kind: key.kind, label: key.label)].workers.append(
                Worker(tid: thread.tid, state: state, task: currentTasks[thread.tid]))
        }
        addQueues(to: &found)
        // Of Swift's queues, one a priority, those that have nothing are told as one.
        let unused = found.filter { $0.key.kind == .cooperative && $0.value.workers.isEmpty && $0.value.enqueued ?? 0 == 0 }.keys
        let isUnused = unused.count == found.keys.count { $0.kind == .cooperative }
        for key in unused.sorted(by: { $0.queue < $1.queue }).dropFirst(isUnused ? 1 : 0) { found[key] = nil }
        pools = found.values.map { pool in
            var pool = pool
            pool.workers.sort { $0.tid < $1.tid }
            return pool
        }.sorted { (Self.order($0.kind), $0.label ?? "", $0.workers.first?.tid ?? 0) < (Self.order($1.kind), $1.label ?? "", $1.workers.first?.tid ?? 0) }
    }

    private static func order(_ kind: WorkerPool.Kind) -> Int {
        [.cooperative, .main, .eventLoops, .blockingPool, .dispatchQueue, .idle].firstIndex(of: kind) ?? 0
    }

    /// What gives a thread its work, and whether it has any; nil for threads that the program made itself.
    private func place(_ thread: ThreadRecord) -> (Key, Worker.State)? {
        let names = thread.stack.elements.compactMap { $0.function ?? $0.symbol }
        let queue = queues?.drained[thread.tid] ?? 0
        if names.contains(where: { $0.hasPrefix("SelectableEventLoop.run") }) {
            let isInside = names.first { !$0.hasPrefix("__") }?.hasPrefix("epoll_") == true || thread.syscall?.name.hasPrefix("epoll") == true
            let isPolling = isInside || thread.state != "R" && names.contains { $0.hasPrefix("Selector.whenReady") }
            return (Key(kind: .eventLoops, label: Self.group(thread.name), queue: 0), isPolling && !runsHandlers(names) ? .polling : busy(thread))
        }
        if let at = names.firstIndex(where: { $0.hasPrefix("NIOThreadPool.") }) {
            let isIdle = thread.state != "R" && names[..<at].allSatisfy(Self.isLocking)
            return (Key(kind: .blockingPool, label: Self.group(thread.name), queue: 0), isIdle ? .idle : busy(thread))
        }
        if queue != 0, let known = queues?.queues[queue] {
            if known.label == "com.apple.libdispatch-manager" { return nil }
            return (key(known), busy(thread))
        }
        if thread.isMain { return (mainKey, currentTasks[thread.tid] != nil || !names.contains("_dispatch_sig_thread") ? busy(thread) : .idle) }
        // Where Dispatch's own words cannot be read, who runs a task is of Swift's pool.
        if queues == nil, currentTasks[thread.tid] != nil { return (Key(kind: .cooperative, label: nil, queue: 0), busy(thread)) }
        if names.contains("_dispatch_worker_thread") { return (Key(kind: .idle, label: nil, queue: 0), .idle) }
        return nil
    }

    private var mainKey: Key { Key(kind: .main, label: nil, queue: 0) }

    private func key(_ queue: DispatchQueues.Queue) -> Key {
        if queue.address == queues?.mainQueue { return mainKey }
        if queue.label == DispatchState.globalLabel { return Key(kind: .cooperative, label: Self.priority(queue), queue: queue.address) }
        return Key(kind: .dispatchQueue, label: queue.label, queue: queue.address)
    }

    private func addQueues(to found: inout [Key: WorkerPool]) {
        for queue in queues?.queues.values.sorted(by: { $0.address < $1.address }) ?? [] where queue.label != "com.apple.libdispatch-manager" {
            let key = key(queue)
            guard found[key] != nil || key.kind != .main || !queue.items.isEmpty else { continue }
            var pool = found[key] ?? WorkerPool(pid: pid, kind: key.kind, label: key.label)
            pool.enqueued = queue.items.count
            if key.kind != .main { pool.width = queue.width }
            found[key] = pool
        }
    }

    private func busy(_ thread: ThreadRecord) -> Worker.State { thread.state == "R" ? .running : .blocked }

    /// An event loop's thread inside a handler or a scheduled closure stands above `run`, and not in its selector.
    private func runsHandlers(_ names: [String]) -> Bool {
        guard let selector = names.firstIndex(where: { $0.hasPrefix("Selector.whenReady") }) else { return false }
        // `whenReady` calls its body for each event.
        return names[..<selector].contains { $0.contains("handleEvent") || $0.contains("ChannelHandlerContext") }
    }

    /// Between a pool's loop and the kernel, where it waits for work.
    private static func isLocking(_ name: String) -> Bool {
        ["ConditionLock", "Lock", "LockOperations", "ConditionOperations", "pthread_cond", "__pthread_cond", "___pthread_cond", "__futex", "futex", "__GI_", "closure", "syscall", "NIOThreadPool", "withUnsafe"]
            .contains { name.hasPrefix($0) }
    }

    /// `com.apple.root.user-initiated-qos` as `user-initiated`.
    private static func priority(_ queue: DispatchQueues.Queue) -> String? {
        queue.targetLabel?.split(separator: ".").last.map { $0.hasSuffix("-qos") ? String($0.dropLast(4)) : String($0) }
    }

    /// `NIO-ELT-0-#3` as `NIO-ELT-0`.
    private static func group(_ name: String) -> String {
        guard let end = name.lastIndex(of: "#"), end > name.startIndex else { return name }
        return String(name[..<end].drop { $0 == "-" }.reversed().drop { $0 == "-" }.reversed())
    }
}
