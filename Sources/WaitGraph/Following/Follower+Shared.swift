import Evidence

/// Locks, semaphores and barriers in memory that processes share.
extension Follower {
    private static let sharerLimit = 64

    /// Whether everybody who could let the thread go on, its own process and all that share the object, waits for the same, for others of these
    /// processes, or for the end of one of them: whoever was to let them go on has ended.
    func isSharedByWaitersOnly(_ thread: ThreadRecord) -> Bool {
        guard let futex = thread.wait?.futex, futex.isShared, let others = futex.sharedWith, !others.isEmpty, others.count < Self.sharerLimit, index.snapshot.threads.status == .complete else { return false }
        let circle = Set(others + [thread.pid])
        return circle.allSatisfy { pid in
            let threads = index.threads(of: pid)
            guard let process = index.process(pid), !threads.isEmpty, process.threadCount <= threads.count, Self.orders(process).map({ $0 & ~Self.ofPython == 0 }) == true else { return false }
            return threads.allSatisfy { waits($0, within: circle) }
        }
    }

    /// SIGINT 2, which Python handles unasked.
    private static let ofPython: UInt64 = 1 << 1

    private func waits(_ thread: ThreadRecord, within circle: Set<Int32>) -> Bool {
        guard activity.change(of: thread.tid) == .stood, let wait = thread.wait, (wait.timeout_s ?? 0) <= 0, thread.managedWait?.timeout_s == nil else { return false }
        switch wait.kind {
        case .futex: return wait.futex?.isShared != true || wait.futex?.object == .join || wait.futex?.sharedWith.map { circle.isSuperset(of: $0) } == true
        case .child:
            let exits = graph.out(.thread(pid: thread.pid, tid: thread.tid)).filter { $0.relation == .waitsForExit }
            return !exits.isEmpty && exits.allSatisfy { if case .process(let child) = $0.to { circle.contains(child) } else { false } }
        default: return false
        }
    }
}
