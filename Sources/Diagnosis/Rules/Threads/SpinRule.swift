import Evidence
import WaitGraph

/// A thread that uses a processor all the time and gets nowhere: it never sleeps, no byte goes in or out,
/// and seconds later its registers and innermost stack are what they were before. Whatever computes changes those.
struct SpinRule: DiagnosisRule {
    let causes: [Cause] = [.busyLoop]

    /// On a loaded machine it gets less than a whole processor; that it never waits is what counts.
    private static let least = 0.01
    /// A snapshot's own stops (1 to 3), and the quick looks, cost a thread some voluntary switches.
    private static let switches: UInt64 = 40

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        if let alarm = evidence.run?.header.alarms.first(where: { $0.rule == .busyLoop }) {
            return alarmed(alarm, evidence, graph)
        }
        let own = Set(evidence.subjectProcesses)
        let found = graph.index.threads.compactMap { thread -> Candidate? in
            guard own.contains(thread.pid), case .ran(let share) = graph.activity.change(of: thread.tid), share >= Self.least,
                graph.activity.window_s >= graph.hungAfter_s * 0.8, goesRound(thread, graph)
            else { return nil }
            return candidate(thread, share, graph)
        }
        let awaited = evidence.units.standstills.compactMap { standstill -> Candidate? in
            guard case .busy = standstill.ending, case .thread = standstill.end else { return nil }
            return .root(
                .busyLoop, standstill, graph,
                "\(NodeText.short(standstill.end, graph.index)) has used a processor all the time and not looked at what was sent to it")
        }
        return found.isEmpty && awaited.isEmpty ? .unknown(nil) : .supported(found + awaited)
    }

    private func goesRound(_ now: ThreadRecord, _ graph: WaitGraph) -> Bool {
        let activity = graph.activity
        guard activity.runningThroughout.contains(now.tid), activity.transferred != true, let before = activity.earlier?.thread(now.tid),
            before.pid == now.pid, (now.voluntarySwitches ?? 0) <= (before.voluntarySwitches ?? 0).addingReportingOverflow(Self.switches).partialValue
        else { return false }
        let sockets = (activity.later.socketRows[now.pid] ?? []).prefix(4096)
        if sockets.contains(where: { activity.moved(activity.later.sockets[$0]) == true }) { return false }
        if asksForNews(before, now, activity) { return starves(now.pid, activity) }
        // An interpreter keeps the program's values on the heap: what its own registers and stack show says nothing of them.
        if ManagedSpin.interprets(now, activity.later) { return ManagedSpin.isShown(before, now, graph) || starves(now.pid, activity) }
        return !Set(before.looks ?? []).isDisjoint(with: now.looks ?? []) || matchesText(before, now) || starves(now.pid, activity)
    }

    /// V8 interprets a regular expression the first time it is used and compiles it for the next (v8/src/regexp/regexp.cc, TierUp): in the
    /// interpreter at both looks, it is one match that backtracks.
    private func matchesText(_ before: ThreadRecord, _ now: ThreadRecord) -> Bool {
        [before, now].allSatisfy { StackShape($0).contains(anyOf: ["v8::internal::IrregexpInterpreter::"], within: 8) }
    }

    /// A loop of system calls, in a process that has something open which could bring news: it polls, and may get what it polls for.
    private func asksForNews(_ before: ThreadRecord, _ now: ThreadRecord, _ activity: Activity) -> Bool {
        let used_s = now.cpu.total_s - before.cpu.total_s
        guard used_s > 0, now.cpu.system_s - before.cpu.system_s > used_s * Self.systemShare else { return false }
        return (activity.later.socketRows[now.pid] ?? []).prefix(4096).contains { row in
            let socket = activity.later.sockets[row]
            // The kernel names no peer any more for a Unix connection whose other end was closed.
            if socket.family == .unix, socket.transport != .datagram, socket.unixPeerInode == 0 { return socket.state == .listening }
            switch socket.state {
            case .closeWait, .closing, .lastAck, .timeWait: return false
            default: return activity.standing(of: socket) != .peerGone
            }
        }
    }

    /// Copies of the kernel's work show in a thread that asks it all the time, and hardly in one that computes.
    private static let systemShare = 0.1

    /// Requests lie unread at both looks, with no byte taken, while the thread computes: whatever it does, it does not serve.
    private func starves(_ pid: Int32, _ activity: Activity) -> Bool {
        (activity.later.socketRows[pid] ?? []).prefix(4096).contains { row in
            let socket = activity.later.sockets[row]
            guard socket.receiveQueue > 0, socket.inode != 0, let old = activity.earlier?.socketRow[socket.inode], let before = activity.earlier?.sockets[old],
                before.receiveQueue > 0
            else { return false }
            if socket.state == .listening { return true }
            return socket.state == .established && activity.later.isClient(socket) == false && before.receiveQueue == socket.receiveQueue
        }
    }

    private func candidate(_ thread: ThreadRecord, _ share: Double, _ graph: WaitGraph) -> Candidate {
        let key = NodeKey.thread(pid: thread.pid, tid: thread.tid)
        let words = graph.activity.earlier?.thread(thread.tid).map { matchesText($0, thread) } == true ? "has matched one regular expression for" : ManagedSpin.words(thread)
        var candidate = Candidate.root(
            .busyLoop, Standstill(end: key, ending: .busy, isCommitted: false), graph,
            "\(NodeText.short(key, graph.index)) uses \(Int(share * 100)) % of a processor and \(words) \(NodeText.seconds(graph.activity.window_s))",
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
