import Evidence
import WaitGraph

/// A locked database in a run whose threads were not caught waiting for it: the same other
/// process holds the lock in every look, and the run shows that it is felt.
struct LogicalLockRule: DiagnosisRule {
    let causes: [Cause] = [.databaseLocked, .databaseSelfLocked]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, evidence.hasSnapshot else { return .unknown(nil) }
        let pid = evidence.subjectPID
        guard let row = graph.index.blockingDatabaseLock(for: pid, orOwn: true) else { return .unknown(nil) }
        let lock = graph.index.locks[row]
        guard let sqlite = lock.sqlite, sqlite.name != .shared || sqlite.journal == .rollback else { return .unknown(nil) }
        let isOwn = lock.holders.allSatisfy { $0.pid == pid }
        // Every writer holds the lock for a moment: only one that is held in each look, and felt
        // since the work stopped, holds anything up.
        guard persists(lock, evidence), let sign = Self.sign(evidence, timeline, own: isOwn) else { return .unknown(nil) }
        let holders = ChainWriter.names(lock.holders, graph.index)
        let held = graph.out(.fileLock(row)).prefix(1)
        let standstill = Standstill(path: Array(held), end: held.first?.to ?? .fileLock(row), ending: .fileLock(row: row), isCommitted: true)
        var candidate = Candidate.root(
            isOwn ? .databaseSelfLocked : .databaseLocked, standstill, graph,
            isOwn ? "The database \(sqlite.database) is locked by another connection of the same process: \(sign.text)"
                : "The database \(sqlite.database) is locked (\(sqlite.name.rawValue)) by \(holders): \(sign.text)")
        candidate.cited.append(CitedEvidence(sign.path, sign.text))
        if let job = timeline.unfinished.first { candidate.lead = [Operations.jobLink(job, evidence)] }
        candidate.isPersistent = candidate.isPersistent || persists(lock, evidence)
        candidate.rank = 2
        return .supported([candidate])
    }

    private func persists(_ lock: FileLock, _ evidence: DiagnosisCase) -> Bool {
        evidence.snapshots.count > 1 && evidence.snapshots.allSatisfy { snapshot in
            snapshot.locks.elements.contains { $0.inode == lock.inode && $0.sqlite != nil && !Set($0.holders.map(\.pid)).isDisjoint(with: lock.holders.map(\.pid)) }
        }
    }

    static func mentionsLock(_ text: String) -> Bool {
        let lower = text.lowercased()
        return lower.contains("locked") || lower.contains("sqlite_busy") || lower.contains("database is busy")
    }

    /// A record of the run in which the lock is felt, from after the last work on.
    ///
    /// - Parameter own: the subject holds the lock itself; a single failure may then be its own
    ///   short write, so that only what fails from then on to the end counts.
    static func sign(_ evidence: DiagnosisCase, _ timeline: WorkTimeline, own: Bool) -> (path: EvidencePath, text: String)? {
        let lastWork = timeline.work.last
        for mark in timeline.marks.reversed() where !own && mark.index > lastWork?.index ?? -1 {
            let texts = [mark.event.message ?? ""] + mark.event.attributes.values.compactMap(\.string)
            if WorkTimeline.isFailure(mark.event) || mark.event.kind == .log, texts.contains(where: mentionsLock) {
                return (.event(mark.index), "`\(mark.event.name)` failed because the database is locked")
            }
        }
        let store = evidence.run?.store ?? []
        let since_s = lastWork?.event.at.monotonic_s ?? -.infinity
        let later = store.indices.filter { store[$0].at.monotonic_s > since_s }
        if later.count >= 3, let last = later.last, later.suffix(max(3, later.count / 2)).allSatisfy({ store[$0].error.map(mentionsLock) ?? false }) {
            return (.store(last), "the job store cannot be read: \(store[last].error ?? "")")
        }
        // Displayed progress that was written regularly and stopped with the lock.
        for job in timeline.unfinished where job.openSpans.isEmpty || job.progress.count >= 3 {
            guard let last = job.progress.last ?? job.lastWork, job.progress.count >= 3 else { continue }
            let gaps = zip(job.progress, job.progress.dropFirst()).map { $1.time_s - $0.time_s }
            guard let usual = gaps.max(), timeline.end_s - last.time_s > max(10, 4 * usual) else { continue }
            return (.event(last.index), "job \(job.id) wrote its progress every \(NodeText.seconds(usual)) and has not for \(timeline.words(timeline.end_s - last.time_s))")
        }
        return nil
    }
}
