import Evidence

extension WaitGraph {
    /// Finds the pools of threads all of whose members stand in the middle of a task and wait for what only another task could bring:
    /// nobody is left to begin that one. Threads of one pool are those that were started in the same function.
    mutating func findFullPools() {
        guard index.snapshot.threads.status == .complete else { return }
        let follower = Follower(self)
        for process in index.processes where process.role != .followed {
            let pid = process.identity.pid
            let threads = index.threads(of: pid)
            guard process.threadCount <= threads.count else { continue }
            for pool in pools(threads.filter { !$0.isMain }) {
                let members = Set(pool.map(\.tid))
                let others = threads.filter { !members.contains($0.tid) }
                // A result comes from whoever computes it; a message could also come from a thread that looks for news now and then.
                let isResult = pool.allSatisfy { StackShape($0).awaitsResult }
                if others.allSatisfy({ standsForNobody($0) || isResult && (ticks($0) || follower.isInert($0)) }) { for tid in members { fullPools[tid] = members.count } }
            }
        }
    }

    /// Those whose every member stands in the middle of a task.
    private func pools(_ threads: [ThreadRecord]) -> [[ThreadRecord]] {
        var byStart: [Frame: [(record: ThreadRecord, shape: StackShape)]] = [:]
        for thread in threads {
            let shape = StackShape(thread)
            guard var start = shape.own.last else { continue }
            // The same function, wherever in it each of them is.
            start.programCounter &-= start.offset ?? 0
            (start.offset, start.line, start.column) = (nil, nil, nil)
            byStart[start, default: []].append((thread, shape))
        }
        return byStart.values.filter { members in
            members.count >= 2 && members.allSatisfy { stands($0.record) && ($0.shape.isInTask && $0.shape.awaitsMessage || $0.shape.awaitsResult && ($0.shape.isInTask || $0.shape.awaitsWithinTask)) }
        }.map { $0.map(\.record) }
    }

    /// Waits without a limit for something within the process, and did so all the time.
    private func stands(_ thread: ThreadRecord) -> Bool {
        guard activity.change(of: thread.tid) == .stood, let wait = understood(thread).wait, wait.kind == .futex else { return false }
        return (wait.timeout_s ?? 0) <= 0 && wait.futex?.isShared != true
    }

    private func standsForNobody(_ thread: ThreadRecord) -> Bool {
        stands(thread) || activity.change(of: thread.tid) == .stood && understood(thread).wait?.futex?.object == .join
    }

    /// Sleeps, and woke up again and again without doing anything about it.
    func ticks(_ thread: ThreadRecord) -> Bool {
        guard understood(thread).wait?.kind == .sleep, case .woke(let times) = activity.change(of: thread.tid) else { return false }
        return times >= 2
    }
}
