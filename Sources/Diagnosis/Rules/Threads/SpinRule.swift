import Evidence
import WaitGraph

/// A thread that uses a processor all the time and comes back to the same place.
struct SpinRule: DiagnosisRule {
    let causes: [Cause] = [.busyLoop]

    /// Two looks at a loop that only waits find the program counter within a cache line or two.
    private static let reach: UInt64 = 96
    /// What a virtual machine compiled has whole libraries inlined into one loop: only the smallest goes nowhere.
    private static let compiledReach: UInt64 = 16

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        if let alarm = evidence.run?.header.alarms.first(where: { $0.rule == .busyLoop }) {
            return alarmed(alarm, evidence, graph)
        }
        var found: [Candidate] = []
        for thread in graph.index.threads where evidence.subjectProcesses.contains(thread.pid) {
            // On a loaded machine it gets less than a whole processor; that it never waits is what counts.
            guard case .ran(let share) = graph.activity.change(of: thread.tid), share >= 0.4, graph.activity.window_s >= graph.hungAfter_s * 0.8,
                let before = graph.activity.earlier?.thread(thread.tid), before.state == "R", thread.state == "R",
                (thread.voluntarySwitches ?? 0) <= (before.voluntarySwitches ?? 0) + 6, spins(before, thread, graph)
            else { continue }
            found.append(candidate(thread, share, graph))
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }

    private func spins(_ before: ThreadRecord, _ now: ThreadRecord, _ graph: WaitGraph) -> Bool {
        let a = before.stack.elements.filter { !$0.isInlined }
        let b = now.stack.elements.filter { !$0.isInlined }
        guard let top = a.first, let same = b.first, a.count == b.count else { return false }
        let distance = top.programCounter > same.programCounter ? top.programCounter - same.programCounter : same.programCounter - top.programCounter
        return distance <= (now.managedStack == nil ? Self.reach : Self.compiledReach) && zip(a.dropFirst(), b.dropFirst()).allSatisfy { $0.programCounter == $1.programCounter }
    }

    private func candidate(_ thread: ThreadRecord, _ share: Double, _ graph: WaitGraph) -> Candidate {
        let key = NodeKey.thread(pid: thread.pid, tid: thread.tid)
        var candidate = Candidate.root(
            .busyLoop, Standstill(end: key, ending: .busy, isCommitted: false), graph,
            "\(NodeText.short(key, graph.index)) uses \(Int(share * 100)) % of a processor and stands in the same few instructions for \(NodeText.seconds(graph.activity.window_s))",
            since_s: graph.activity.window_s)
        candidate.isPersistent = true
        return candidate
    }

    private func alarmed(_ alarm: AlarmRecord, _ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        let busiest = graph.index.threads.filter { evidence.subjectProcesses.contains($0.pid) }.max { $0.cpu.total_s < $1.cpu.total_s }
        guard let busiest else { return .unknown("no thread was seen") }
        return .supported([candidate(busiest, 1, graph)])
    }
}
