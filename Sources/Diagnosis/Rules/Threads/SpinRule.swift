import Evidence
import WaitGraph

/// A thread that uses a processor all the time and gets nowhere: it never sleeps, no byte goes in or out,
/// and its registers, its innermost stack and the memory of its process come to be what they were before. Whatever computes changes those.
struct SpinRule: DiagnosisRule {
    let causes: [Cause] = [.busyLoop]

    /// Each of a snapshot's stops is a switch of the thread: at most 174, with those of the quick looks at it. One that sleeps between its
    /// rounds is seen asleep.
    private static let switches: UInt64 = 240

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        if let alarm = evidence.run?.header.alarms.first(where: { $0.rule == .busyLoop }) {
            return alarmed(alarm, evidence, graph)
        }
        let own = Set(evidence.subjectProcesses)
        let found = graph.index.threads.compactMap { thread -> Candidate? in
            guard own.contains(thread.pid), case .ran(let share) = graph.activity.change(of: thread.tid),
                // On a loaded machine it gets little of a processor; that it never waits is what counts.
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
        if onlyLooks(now, graph) { return true }
        guard activity.runningThroughout.contains(now.tid), let before = activity.earlier?.thread(now.tid), before.pid == now.pid, transfersNothing(before, now, activity), (now.voluntarySwitches ?? 0) <= (before.voluntarySwitches ?? 0).addingReportingOverflow(Self.switches).partialValue
        else { return false }
        if readsPastEnd(before, now, activity) != nil { return true }
        let sockets = (activity.later.socketRows[now.pid] ?? []).prefix(4096)
        if !isAside(before, now), sockets.contains(where: { activity.moved(activity.later.sockets[$0]) == true }) { return false }
        if asksForNews(before, now, activity) { return starves(now.pid, activity) }
        // An interpreter keeps the program's values on the heap: what its own registers and stack show says nothing of them.
        if ManagedSpin.interprets(now, activity.later) { return ManagedSpin.isShown(before, now, graph) || starves(now.pid, activity) }
        return comesBack(before, now) && now.codeAhead?.spins != false && !othersMayLetItGo(now, graph) || matchesText(before, now) || starves(now.pid, activity)
    }

    /// What others of its process read and write meanwhile is their own matter, where the thread's own account is known.
    private func transfersNothing(_ before: ThreadRecord, _ now: ThreadRecord, _ activity: Activity) -> Bool {
        if let one = before.transferred_bytes, let other = now.transferred_bytes { return one == other }
        return activity.transferred != true
    }

    /// The connection that the thread reads again and again at both looks, though its peer has closed it and all was read: nothing will come on it any more.
    private func readsPastEnd(_ before: ThreadRecord, _ now: ThreadRecord, _ activity: Activity) -> SocketRecord? {
        guard let fd = now.emptyReadsOf, before.emptyReadsOf == fd, let row = activity.later.socketRow(pid: now.pid, fd: fd) else { return nil }
        let socket = activity.later.sockets[row]
        return socket.state == .closeWait ? socket : nil
    }

    /// Whether the thread asks the kernel for next to nothing while others may.
    private func isAside(_ before: ThreadRecord, _ now: ThreadRecord) -> Bool {
        let used_s = now.cpu.total_s - before.cpu.total_s
        return before.transferred_bytes != nil && used_s > 0 && now.cpu.system_s - before.cpu.system_s <= used_s * Self.systemShare
    }

    /// In the same loop at both looks, by whose code nothing is done but to read what nobody is about to change: what the others do meanwhile is
    /// their own matter.
    private func onlyLooks(_ now: ThreadRecord, _ graph: WaitGraph) -> Bool {
        guard now.codeAhead?.spins == true, graph.activity.runningThroughout.contains(now.tid), let before = graph.activity.earlier?.thread(now.tid), before.pid == now.pid,
            before.codeAhead?.spins == true, let process = graph.index.process(now.pid), Follower.orders(process) == 0
        else { return false }
        return !graph.index.threads(of: now.pid).contains { $0.tid != now.tid && $0.codeAhead?.spins != true && isRunning($0, graph) }
    }

    /// What another thread computes may be what this one waits for.
    private func isRunning(_ thread: ThreadRecord, _ graph: WaitGraph) -> Bool { if case .ran = graph.activity.change(of: thread.tid) { true } else { false } }

    /// To the same registers and stack seconds later, and within a look to the same memory as well: nothing that it does counts. That
    /// one look did not show it says little: a round has many places.
    private func comesBack(_ before: ThreadRecord, _ now: ThreadRecord) -> Bool {
        (before.comesBack == true || now.comesBack == true) && !Set(before.looks ?? []).isDisjoint(with: now.looks ?? [])
    }

    /// What another thread computes, or does when it wakes up, may be what this one waits for. One that woke up again and again has not done so
    /// yet: where its code was read, that must write nothing that others look at.
    private func othersMayLetItGo(_ thread: ThreadRecord, _ graph: WaitGraph) -> Bool {
        graph.index.threads(of: thread.pid).contains { other in
            if other.tid == thread.tid || other.managedWait?.kind == .housekeeping { return false }
            switch graph.activity.change(of: other.tid) {
            case .ran: return other.comesBack != true
            case .woke: return writes(other, graph) == true
            case .stood, .unknown: return graph.understood(other).wait?.kind == .sleep && writes(other, graph) != false
            }
        }
    }

    /// As both looks tell: in one of them it may have been between two sleeps.
    private func writes(_ thread: ThreadRecord, _ graph: WaitGraph) -> Bool? {
        let told = [thread, graph.activity.earlier?.thread(thread.tid)].compactMap { $0?.codeAhead?.writes }
        return told.contains(true) ? true : told.first
    }

    /// V8 interprets a regular expression the first time it is used and compiles it for the next (v8/src/regexp/regexp.cc, TierUp): in the
    /// interpreter at both looks, called from the same place, it is one match that backtracks.
    private func matchesText(_ before: ThreadRecord, _ now: ThreadRecord) -> Bool {
        func callers(_ thread: ThreadRecord) -> [UInt64]? {
            let frames = thread.stack.elements
            let match = frames.prefix(8).lastIndex { $0.function?.hasPrefix("v8::internal::IrregexpInterpreter::") == true }
            return match.map { frames[($0 + 1)...].map(\.programCounter) }
        }
        return callers(now).map { $0 == callers(before) } == true
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
        let ended = graph.activity.earlier?.thread(thread.tid).flatMap { readsPastEnd($0, thread, graph.activity) }
        let words = ended.map { "reads again and again from the connection to \($0.remote?.description ?? "its peer"), which the other end has closed, for" } ?? (graph.activity.earlier?.thread(thread.tid).map { matchesText($0, thread) } == true ? "has matched one regular expression for" : ManagedSpin.words(thread))
        var candidate = Candidate.root(
            .busyLoop, Standstill(end: key, ending: .busy, isCommitted: false), graph,
            "\(NodeText.short(key, graph.index)) uses \(Int(share * 100)) % of a processor and \(onlyLooks(thread, graph) ? "goes round in a loop that only looks at memory, which nobody else is about to change, for" : words) \(NodeText.seconds(graph.activity.window_s))",
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
