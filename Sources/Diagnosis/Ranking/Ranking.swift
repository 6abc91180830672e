import Evidence
import WaitGraph

/// Candidates to findings: which is the root, how sure each is.
struct Ranking {
    let evidence: DiagnosisCase
    let verdict: Verdict
    /// Causes that the working run shows as well: they are not what makes the difference.
    let baselineCauses: Set<Cause>?

    func findings(_ candidates: [Candidate]) -> [Finding] {
        var unique: [Candidate] = []
        for candidate in candidates {
            if let known = unique.firstIndex(where: { Self.same($0, candidate) }) {
                if candidate.rank > unique[known].rank { unique[known] = candidate }
            } else {
                unique.append(candidate)
            }
        }
        unique = explained(unique)
        let roots = settle(unique.filter { $0.role == .root })
        let contributing = unique.filter { candidate in candidate.role == .contributing && !roots.contains { $0.cause == candidate.cause } }
        return Self.together(roots.map { finding($0) }) + distinct(contributing).map { finding($0) }
    }

    /// Connections that a process does not accept for want of a descriptor are a consequence. And where a run shows
    /// what its open operation waits for, deafness to cancellation is what kept it waiting, not what it waits for.
    private func explained(_ all: [Candidate]) -> [Candidate] {
        let isPlaced = all.contains { $0.role == .root && $0.cause != .cancellationIgnored && !$0.lead.isEmpty }
        let all = all.map { candidate in
            guard isPlaced, candidate.cause == .cancellationIgnored else { return candidate }
            var candidate = candidate
            candidate.role = .contributing
            return candidate
        }
        let short = Set(all.filter { $0.cause == .descriptorsExhausted && $0.rank >= 3 }.compactMap { $0.standstill?.end })
        return all.map { candidate in
            guard candidate.cause == .notAccepting, !short.isEmpty, case .socket(let inode, _)? = candidate.standstill?.end,
                let row = evidence.index.socketRow[inode], let owners = evidence.index.sockets[row].peer?.owners,
                owners.contains(where: { short.contains(.process($0.pid)) })
            else { return candidate }
            var candidate = candidate
            candidate.role = .contributing
            return candidate
        }
    }

    /// Roots that end inside the program, in the same functions all along, are the same hang several times over: the first stands
    /// for all. Those that end at different peers, files or processes are not.
    private static func together(_ roots: [Finding]) -> [Finding] {
        func key(_ index: Int) -> String {
            let inside: Set<ChainLink.Kind> = [.task, .thread, .lock, .queue, .timer]
            guard let print = roots[index].fingerprint, let last = roots[index].chain.last, inside.contains(last.kind), roots[index].chain.contains(where: { $0.label.contains("`") })
            else { return "\(index)" }
            return print
        }
        let groups = Dictionary(grouping: roots.indices, by: key)
        return roots.indices.compactMap { index in
            guard let group = groups[key(index)], group.first == index else { return nil }
            var first = roots[index]
            if group.count > 1 { first.summary += " (and \(group.count - 1) more in the same way)" }
            first.waiting = group.map { roots[$0].waiting }.reduce(0, +)
            return first
        }
    }

    /// One finding a cause: several jobs with the same trouble are one finding.
    private func distinct(_ all: [Candidate]) -> [Candidate] {
        var seen: Set<Cause> = []
        return all.filter { seen.insert($0.cause).inserted }
    }

    private static func same(_ one: Candidate, _ other: Candidate) -> Bool {
        guard one.cause == other.cause, one.role == other.role else { return false }
        guard let a = one.standstill, let b = other.standstill else { return one.standstill == nil && other.standstill == nil && one.role == .root }
        return a.end == b.end
    }

    /// The roots in order. In a run, what the working run shows too, or what began long before the
    /// work stopped, is not the root.
    private func settle(_ all: [Candidate]) -> [Candidate] {
        guard evidence.run != nil else { return Self.mostDirect(all).sorted { order($0) > order($1) } }
        guard verdict == .hang || verdict == .unknown else { return [] }
        var roots = all
        if let baselineCauses, roots.contains(where: { !baselineCauses.contains($0.cause) }) {
            roots.removeAll { baselineCauses.contains($0.cause) }
        }
        roots = Self.mostDirect(roots)
        return roots.sorted { order($0) > order($1) }
    }

    /// Of two causes at one end, the more direct one.
    private static func mostDirect(_ roots: [Candidate]) -> [Candidate] {
        roots.filter { candidate in
            guard let end = candidate.standstill?.end else { return true }
            return !roots.contains { $0.standstill?.end == end && $0.rank > candidate.rank }
        }
    }

    private func order(_ candidate: Candidate) -> (Int, Int, Int, Double) {
        (candidate.rank, candidate.lead.isEmpty ? 0 : 1, candidate.waiting, candidate.since_s ?? 0)
    }

    private func finding(_ candidate: Candidate) -> Finding {
        let writer = ChainWriter(evidence.graph)
        var chain = candidate.lead
        if let standstill = candidate.standstill { chain += writer.links(standstill) }
        if candidate.role == .root, candidate.lead.isEmpty, let timeline = evidence.timeline, let job = timeline.unfinished.first {
            chain.insert(Operations.jobLink(job, evidence), at: 0)
        }
        let shown = candidate.standstill.map { writer.shown(chain, $0) } ?? chain
        return Finding(
            cause: candidate.cause, role: candidate.role, confidence: confidence(candidate), summary: candidate.summary, chain: shown,
            evidence: candidate.cited, remedy: candidate.remedy ?? candidate.standstill.flatMap { Remedy.text(candidate.cause, $0, evidence.index) } ?? Catalogue.page(for: candidate.cause).remedy, waiting: candidate.waiting,
            fingerprint: candidate.role == .root ? Fingerprint.of(chain, cause: candidate.cause) : nil)
    }

    private func confidence(_ candidate: Candidate) -> Confidence {
        if isContrasted(candidate) { return .contrasted }
        return candidate.isPersistent ? .persisted : .observed
    }

    /// The working run passed the point at which this one stood still, and does not show the cause.
    private func isContrasted(_ candidate: Candidate) -> Bool {
        guard let baseline = evidence.baseline, let baselineCauses, !baselineCauses.contains(candidate.cause) else { return false }
        guard baseline.header.workload?.end == .completed || baseline.header.workload == nil else { return false }
        guard let point = evidence.run?.header.standstill else { return candidate.role == .contributing && !baseline.events.isEmpty }
        guard let reached = baseline.events.firstIndex(where: { $0.name == point.name && $0.ordinal == point.ordinal && $0.job == point.job })
            ?? baseline.events.firstIndex(where: { $0.name == point.name && $0.ordinal == point.ordinal })
        else { return false }
        return baseline.header.workload?.end == .completed || baseline.events[(reached + 1)...].contains { $0.kind == .work }
    }
}
