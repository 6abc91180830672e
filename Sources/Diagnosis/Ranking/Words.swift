import Evidence
import WaitGraph

/// The first line of a report.
enum Headline {
    static func text(_ verdict: Verdict, _ because: String, _ root: Finding?, _ findings: [Finding]) -> String {
        let more = findings.filter { $0.role == .contributing }.map(\.cause.rawValue)
        switch verdict {
        case .hang:
            guard let root else { return "It hangs, and the evidence does not show what holds it: \(because)" }
            return "It hangs (\(root.cause.rawValue)): \(root.summary)"
        case .slow: return "It is slow but advances: \(because)"
        case .advancing: return "It advances: \(because)"
        case .idle: return "It is idle: \(because)"
        case .failed: return "It failed: \(because)" + (more.isEmpty ? "" : " (\(more.joined(separator: ", ")))")
        case .completed: return "It completed: \(because)" + (more.isEmpty ? "" : ", but see \(more.joined(separator: ", "))")
        case .unknown: return "Not shown either way: \(because)"
        }
    }
}

enum Bystanders {
    /// One line where many are alike.
    static func summary(_ all: [String]) -> [String] {
        var counts: [String: (count: Int, first: String)] = [:]
        var order: [String] = []
        for line in all {
            // Labels may hold colons themselves: the reason follows the last one.
            let reason = line.lastIndex(of: ":").map { String(line[line.index(after: $0)...]) } ?? line
            if counts[reason] == nil { order.append(reason) }
            counts[reason] = ((counts[reason]?.count ?? 0) + 1, counts[reason]?.first ?? line)
        }
        return order.prefix(100).compactMap { reason in
            guard let entry = counts[reason] else { return nil }
            return entry.count == 1 ? entry.first : "\(entry.count) threads or tasks:\(reason)"
        }
    }
}

enum Gaps {
    /// The sections of a snapshot that are not whole, and why.
    static func of(_ snapshot: Snapshot) -> [(String, String)] {
        let sections: [(String, String?)] = [
            ("processes", snapshot.processes.reason), ("threads", snapshot.threads.reason), ("tasks", snapshot.tasks.reason),
            ("actors", snapshot.actors.reason), ("descriptors", snapshot.descriptors.reason), ("pipes", snapshot.pipes.reason),
            ("sockets", snapshot.sockets.reason), ("locks", snapshot.locks.reason), ("modules", snapshot.modules.reason),
            ("environment", snapshot.environment.reason),
        ]
        return sections.compactMap { section in section.1.map { (section.0, $0) } }
    }
}

enum NextSteps {
    /// Who stands where, when nothing more is known.
    private static func standing(_ evidence: DiagnosisCase) -> [String] {
        evidence.units.standstills.prefix(5).map { standstill in
            let writer = ChainWriter(evidence.graph)
            return "\(NodeText.short(standstill.start, evidence.index)) \(standstill.path.first.map { "(\($0.knownFrom))" } ?? "") stands: \(writer.ending(standstill))."
        }
    }

    static func text(_ evidence: DiagnosisCase, _ verdict: Verdict, _ root: Finding?, _ unknown: [String]) -> [String] {
        guard verdict == .unknown || verdict == .hang && root == nil else { return [] }
        var steps: [String] = []
        let runtimes = evidence.index.process(evidence.subjectPID)?.runtimes.joined(separator: " ").lowercased() ?? ""
        let isUnread = !evidence.index.threads(of: evidence.subjectPID).contains { $0.managedStack?.elements.isEmpty == false || $0.managedWait != nil }
        if isUnread, runtimes.contains("python") { steps.append("Run `py-spy dump --pid \(evidence.subjectPID)`: it shows the Python lines on which each thread stands.") }
        if isUnread, runtimes.contains("java") {
            steps.append("Run `jstack -l \(evidence.subjectPID)`: it shows Java locks and their owners. It runs code inside the process.")
        }
        for standstill in evidence.units.doubtful.prefix(3) {
            steps.append(
                "\(NodeText.short(standstill.end, evidence.index)) received last and is quiet: find out whether its peer still owes the rest of a message, or look again with a longer --hung-after.")
        }
        for (what, reason) in evidence.snapshots.last.map(Gaps.of) ?? [] where ["threads", "sockets", "descriptors", "locks"].contains(what) {
            steps.append("The \(what) could not all be seen (\(reason)): run `hangscope doctor`.")
        }
        steps += unknown.prefix(3).map { "Not judged: \($0)." }
        if verdict == .hang { steps += Self.standing(evidence) }
        if evidence.snapshots.count == 1 { steps.append("There is one snapshot only: take another some seconds later to see what stays.") }
        return steps.isEmpty ? ["Look at where each thread stands (`--threads`), and again with a longer `--hung-after`."] : steps
    }
}
