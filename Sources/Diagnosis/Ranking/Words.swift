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
        var groups: [String: (count: Int, names: [String])] = [:]
        var order: [String] = []
        for line in all {
            // Labels may hold colons themselves: the reason follows the last one.
            let colon = line.lastIndex(of: ":")
            let reason = colon.map { String(line[line.index(after: $0)...]) } ?? line
            let name = colon.map { String(line[..<$0]) } ?? line
            if groups[reason] == nil { order.append(reason) }
            groups[reason, default: (0, [])].count += 1
            let place = place(name)
            if groups[reason]?.names.contains(where: { self.place($0) == place }) == false { groups[reason]?.names.append(name) }
        }
        return order.prefix(100).compactMap { reason in
            guard let group = groups[reason], let first = group.names.first else { return nil }
            if group.count == 1 { return first == reason ? reason : "\(first):\(reason)" }
            let more = group.names.count > shown ? ", ..." : ""
            return "\(group.count) threads or tasks (\(group.names.prefix(shown).joined(separator: ", "))\(more)):\(reason)"
        }
    }

    private static let shown = 3

    /// "`worker` (pool.c:3)" of a label, so that many of one kind are named once.
    private static func place(_ label: String) -> Substring { label.firstIndex(of: "`").map { label[$0...] } ?? label[...] }
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
    /// What the connection's own times tell of who spoke last; they count in ticks of at most 10 ms.
    private static func spokeLast(_ standstill: Standstill, _ index: SnapshotIndex) -> String {
        guard case .socket(let inode, _) = standstill.end, let row = index.socketRow[inode], let tcp = index.sockets[row].tcp else { return "where the kernel does not tell who spoke last" }
        if case .socket(.owed) = standstill.ending { return "whose peer has the request, and a limit to its own wait" }
        if abs(tcp.lastDataSent_ms - tcp.lastDataReceived_ms) <= 10 { return "where both sides spoke last at the same time" }
        return "which received last and is quiet"
    }

    /// Who stands where, when nothing more is known.
    private static func standing(_ evidence: DiagnosisCase) -> [String] {
        evidence.units.standstills.prefix(5).map { standstill in
            let writer = ChainWriter(evidence.graph)
            return "\(NodeText.short(standstill.path.last?.from ?? standstill.start, evidence.index)) \(standstill.path.last.map { "(\($0.knownFrom))" } ?? "") stands: \(writer.ending(standstill))."
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
                "\(NodeText.short(standstill.start, evidence.index)) waits on \(NodeText.short(standstill.end, evidence.index)), \(spokeLast(standstill, evidence.index)): find out whether its peer owes an answer or the rest of one, or look again with a longer --hung-after.")
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
