import Evidence

extension Follower {
    /// A file lock ends at its holder, unless the holder is shown to be stuck on something else.
    mutating func fileLock(_ row: Int) -> Outcome {
        guard index.locks.indices.contains(row) else { return .unclear("the lock was not seen") }
        let held = graph.out(.fileLock(row))
        var outcomes: [Outcome] = []
        for edge in held.prefix(64) {
            guard case .process(let pid) = edge.to, index.process(pid) != nil else { continue }
            // A holder that merely takes its time, or waits for a child that does, is the lock's holder all the same.
            if case .stuck(let standstill) = follow(edge), !standstill.ending.isPatience { outcomes.append(.stuck(standstill)) }
        }
        if let worst = Self.worst(outcomes), case .stuck(let standstill) = worst, !endsInOwnLock(standstill, row) { return worst }
        return .stuck(Standstill(path: Array(held.prefix(1)), end: held.first?.to ?? .fileLock(row), ending: .fileLock(row: row), isCommitted: true))
    }

    /// A holder in the same process is found again through its waiter: that circle is the lock itself.
    private func endsInOwnLock(_ standstill: Standstill, _ row: Int) -> Bool {
        guard case .cycle = standstill.ending else { return false }
        return standstill.end == .fileLock(row) && Set(index.locks[row].holders.map(\.pid)).count == 1
            && index.locks[row].sqlite != nil
    }
}

extension Ending {
    /// Asleep or waiting for a signal, of its own will.
    var isPatience: Bool {
        switch self {
        case .childStays, .timer: true
        default: false
        }
    }
}
