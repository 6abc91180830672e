import Evidence
import WaitGraph

/// Waits that end at a file lock; SQLite's by what its lock bytes mean.
struct FileLockRule: DiagnosisRule {
    let causes: [Cause] = [.databaseLocked, .databaseSelfLocked, .fileLocked]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let found = evidence.units.standstills.compactMap { candidate($0, graph) }
        if !found.isEmpty { return .supported(found) }
        guard evidence.hasSnapshot, graph.index.snapshot.locks.status != .unavailable else { return .unknown("file locks were not seen") }
        let own = Set(evidence.subjectProcesses)
        let blocking = graph.index.locks.contains { lock in lock.sqlite?.blocksWriters == true && lock.holders.contains { !own.contains($0.pid) } }
        return blocking ? .unknown(nil) : .refuted(.databaseLocked, because: "no other process holds a lock on a database that the subject has open")
    }

    private func candidate(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let row: Int
        switch standstill.ending {
        case .fileLock(let ended): row = ended
        case .cycle(let edges):
            // A circle through one file lock: its holder waits for its waiter.
            let locks = edges.filter { $0.relation == .locksFile }
            guard locks.count == 1, !edges.contains(where: { $0.relation == .locks }), case .fileLock(let only) = locks[0].to else { return nil }
            row = only
        default: return nil
        }
        guard graph.index.locks.indices.contains(row) else { return nil }
        let lock = graph.index.locks[row]
        let holders = ChainWriter.names(lock.holders)
        let waiter = standstill.path.first { $0.relation == .locksFile }.flatMap { UnitSurvey.process(of: $0.from) }
        guard let sqlite = lock.sqlite else {
            return Candidate.root(.fileLocked, standstill, graph, "A lock on \(lock.path ?? "a file") is held by \(holders), which does not release it")
        }
        if let waiter, lock.holders.allSatisfy({ $0.pid == waiter }) {
            return Candidate.root(
                .databaseSelfLocked, standstill, graph,
                "The database \(sqlite.database) is locked (\(sqlite.name.rawValue)) by another connection of the same process, pid \(waiter)")
        }
        return Candidate.root(
            .databaseLocked, standstill, graph, "The database \(sqlite.database) is locked (\(sqlite.name.rawValue)) by \(holders)")
    }
}
