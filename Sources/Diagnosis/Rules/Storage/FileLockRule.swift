import Evidence
import WaitGraph

/// Waits that end at a file lock; SQLite's by what its lock bytes mean.
struct FileLockRule: DiagnosisRule {
    let causes: [Cause] = [.databaseLocked, .databaseSelfLocked, .fileLocked]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let found = evidence.units.standstills.compactMap { candidate($0, graph) }
        // A lock that is waited for at the end of a chain and within a circle is one.
        let alone = found.indices.filter { row in !found[..<row].contains { $0.cause == found[row].cause && $0.summary == found[row].summary } }.map { found[$0] }
        if !alone.isEmpty { return .supported(alone) }
        guard evidence.hasSnapshot, graph.index.snapshot.locks.status != .unavailable else { return .unknown("file locks were not seen") }
        let own = Set(evidence.subjectProcesses)
        let blocking = graph.index.locks.contains { lock in lock.sqlite?.blocksWriters == true && lock.holders.contains { !own.contains($0.pid) } }
        return blocking ? .unknown(nil) : .refuted(.databaseLocked, because: "no other process holds a lock on a database that the subject has open")
    }

    private static func capital(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    private func doing(_ lock: FileLock, _ graph: WaitGraph) -> String? { lock.holders.count == 1 ? ChainWriter(graph).doing(lock.holders[0].pid) : nil }

    private func session(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        guard case .thread(let pid, _)? = standstill.path.last?.from, let title = graph.index.process(pid)?.arguments.first else { return nil }
        let own = MachineShift.ownID(pid)
        var candidate = Candidate.root(
            .databaseLocked, standstill, graph, "The session of pid \(own) (`\(title)`) waits for a lock that another session of the database holds")
        candidate.remedy = "Ask the database who holds it: `select pg_blocking_pids(\(own))`, and pg_stat_activity for what that session does; `idle in transaction` means that its client forgot to commit. Bound both: `lock_timeout` for who waits, `idle_in_transaction_session_timeout` for who holds."
        return candidate
    }

    private func candidate(_ standstill: Standstill, _ graph: WaitGraph) -> Candidate? {
        let row: Int
        switch standstill.ending {
        case .fileLock(let ended): row = ended
        case .databaseLock: return session(standstill, graph)
        case .cycle(let edges):
            // A circle through one file lock: its holder waits for its waiter.
            let locks = edges.filter { $0.relation == .locksFile }
            guard locks.count == 1, !edges.contains(where: { $0.relation == .locks }), case .fileLock(let only) = locks[0].to else { return nil }
            row = only
        default: return nil
        }
        guard graph.index.locks.indices.contains(row) else { return nil }
        let lock = graph.index.locks[row]
        let holders = ChainWriter.names(lock.holders, graph.index)
        let waiter = standstill.path.first { $0.relation == .locksFile }.flatMap { UnitSurvey.process(of: $0.from) }
        guard let sqlite = lock.sqlite else {
            return Candidate.root(.fileLocked, standstill, graph, "\(Self.capital(NodeText.short(.fileLock(row), graph.index))) is held by \(holders)" + (doing(lock, graph).map { ", which \($0)" } ?? ""))
        }
        if let waiter, lock.holders.allSatisfy({ $0.pid == waiter }) {
            return Candidate.root(
                .databaseSelfLocked, standstill, graph,
                "The database \(sqlite.database) is locked (\(sqlite.name.rawValue)) by another connection of the same process, pid \(waiter)")
        }
        return Candidate.root(
            .databaseLocked, standstill, graph,
            "The database \(sqlite.database) is locked (\(sqlite.name.rawValue)) by \(holders)" + (doing(lock, graph).map { ", which \($0)" } ?? ""))
    }
}
