import Evidence

/// Waits for the end of a child, and what tells that it is not to come.
extension Follower {
    mutating func child(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        guard case .process(let pid) = edge.to else { return .unclear("waits for a child") }
        guard let process = index.process(pid) else { return .unclear("child \(pid) was not looked at") }
        if process.state == "Z", thread.wait?.kind == .signal { return hasLasted(edge) ? ends(edge, .signalMissed) : .unclear("waits for a signal") }
        let found = follow(edge)
        switch found {
        case .stuck, .advancing: break
        // Not even by what it does can it come to its end.
        default: if hasLasted(edge), let signal = unheard(pid) { return ends(edge, .childStays(why: "it was sent \(signal), which it blocks")) }
        }
        switch found {
        case .parked(let standstill):
            // Scripts pause by a child that sleeps, up to a day between two rounds; `sleep infinity` only keeps them alive.
            if case .timer(let asked) = standstill.ending, !Self.isNoPause(asked ?? 0) { return .atRest(Self.pausedByChild) }
            if case .timer = standstill.ending { return isPause(pid, of: thread) ? .stuck(standstill) : ends(edge, .childStays(why: "it sleeps by its own timer")) }
            return .parked(standstill)
        case .atRest(let why) where why.hasPrefix("waits for a signal") && !servesSomebody(pid):
            if isPlaceholder(pid, of: thread.pid) { return .atRest("waits for a child that sleeps until it is ended") }
            if isToldToEnd(pid), thread.codeAhead?.isOneStep != true { return .atRest("waits for a child that stays until a signal tells it to end") }
            return ends(edge, .childStays(why: "it \(why) and serves nobody"))
        // Whoever collects all output of a child waits for its end, and nobody else gets to see any of it.
        case .atRest(let why) where hasLasted(edge) && isCollected(pid, by: thread) && !sleepsInRounds(pid): return ends(edge, .childStays(why: "it \(why)"))
        // Started as a step before others, unheard: it was not meant to stay.
        case .atRest(let why) where hasLasted(edge) && thread.codeAhead?.isOneStep == true && isUnheard(pid) && why == "waits for connections":
            return ends(edge, .childStays(why: "it \(why), and the next step waits for its end"))
        case let other: return other
        }
    }

    /// A signal that was to end a process, at both looks still waiting to be delivered: every thread of it blocks that, and none fetches it.
    private func unheard(_ pid: Int32) -> String? {
        guard let now = index.process(pid), let before = activity.earlier?.process(pid), before.identity == now.identity, !["T", "t"].contains(now.state) else { return nil }
        let pending = (now.pendingSignals ?? 0) & (before.pendingSignals ?? 0)
        return [(15, "SIGTERM"), (2, "SIGINT"), (3, "SIGQUIT"), (1, "SIGHUP")].first { pending & (1 << UInt64($0.0 - 1)) != 0 }?.1
    }

    /// Whether nobody can hear what a process says, nor say anything to it by its standard input.
    private func isUnheard(_ pid: Int32) -> Bool { (0...2).allSatisfy { index.descriptor(pid, $0)?.target == "/dev/null" } }

    /// Whether the output of a child goes to nobody but a thread that takes nothing of it before the end: Node's `execFileSync` and `spawnSync`
    /// (src/spawn_sync.cc), Python's `communicate` (Lib/subprocess.py).
    func isCollected(_ child: Int32, by thread: ThreadRecord) -> Bool {
        guard StackShape(thread).runsChildToItsEnd || thread.managedStack?.elements.contains(where: { $0.function == "Popen.communicate" && $0.file?.hasSuffix("/subprocess.py") == true }) == true,
            let output = index.descriptor(child, 1)
        else { return false }
        if let row = index.pipeRow(pid: child, fd: 1), output.kind == .pipe { return index.pipes[row].readers.contains { $0.pid == thread.pid } }
        return index.socketRow(pid: child, fd: 1).map { graph.isPair(index.sockets[$0]) && index.sockets[$0].peer?.owners.contains { $0.pid == thread.pid } == true } ?? false
    }

    /// Whether a process or a child of it sleeps, and goes on by itself after that.
    func sleepsInRounds(_ pid: Int32) -> Bool {
        let family = [pid] + index.processes.map(\.identity.pid).filter { index.isAncestor(pid, of: $0) }
        return family.contains { member in index.threads(of: member).contains { thread in
            if thread.wait?.kind == .sleep { return true }
            if case .stood = activity.change(of: thread.tid) { return (thread.wait?.timeout_s ?? 0) > 0 }
            return true
        } }
    }

    static let pausedByChild = "waits for a child that sleeps"

    /// Nobody pauses so long between two rounds, and not yet "for ever".
    private static func isNoPause(_ asked_s: Double) -> Bool { asked_s > Pause.day_s && asked_s < Pause.forEver_s }

    /// Whether a shell waits for a command in its place, and that does nothing but sleep: the pause is the script's own. Bash has its `wait` in a function of
    /// its own (builtins/wait.def).
    private func isPause(_ child: Int32, of thread: ThreadRecord) -> Bool {
        let shape = StackShape(thread)
        return shape.contains(anyOf: ["execute_command_internal"]) && !shape.contains(anyOf: ["wait_builtin"]) && isPlaceholder(child, of: thread.pid)
    }

    /// A program of its own, started to do nothing but to be there, as `sleep infinity` (coreutils: pause(2)): a single thread
    /// that waits for a signal and handles none. Forked workers of the waiting program are meant to come to an end.
    private func isPlaceholder(_ pid: Int32, of waiter: Int32) -> Bool {
        guard let child = index.process(pid), child.caughtSignals == 0, index.threads(of: pid).count == 1, child.executable != nil else { return false }
        return child.executable != index.process(waiter)?.executable
    }

    /// Whether a process handles SIGTERM (signal(7)), as one does that is to stay until it is told to end, and to do so in good order. What else it handles may be
    /// what the one that waits for it was to send.
    private func isToldToEnd(_ pid: Int32) -> Bool { (index.process(pid)?.caughtSignals ?? 0) & 1 << (15 - 1) != 0 }

    /// Whether a process has somebody to work for: a listener, a connection, a terminal.
    private func servesSomebody(_ pid: Int32) -> Bool {
        (index.socketRows[pid] ?? []).contains { [.listening, .established].contains(index.sockets[$0].state) }
    }

    /// A shell that waits for its jobs (bash's builtin `wait`), of which one is stopped: whichever it names, the others come to their ends by themselves.
    mutating func stoppedJob(_ edges: [WaitEdge], _ thread: ThreadRecord) -> Outcome? {
        guard edges.count > 1, case let shape = StackShape(thread), shape.contains(anyOf: ["wait_builtin"]), !shape.contains(anyOf: ["wait_for_any_job"]) else { return nil }
        // A shell that somebody works at puts its jobs into groups of their own, and knows of those that he stopped.
        let group = index.process(thread.pid)?.processGroup
        let stopped = edges.first { edge in
            guard edge.relation == .waitsForExit, hasLasted(edge), case .process(let pid) = edge.to else { return false }
            return index.process(pid)?.state == "T" && index.process(pid)?.processGroup == group && activity.earlier?.process(pid)?.state == "T"
        }
        return stopped.map { follow($0) }
    }

    /// A program that passes on what is added to a file, to whoever read its output and has ended (`grep -m 1`, `head`), while somebody waits for its end: it hears of that
    /// only when it writes again. It has nothing else to do: no connection, no other output, no child. A shell in whose place it runs started it last.
    mutating func unreadFollower(_ edges: [WaitEdge], _ thread: ThreadRecord) -> Outcome? {
        let exits = edges.filter { $0.relation == .waitsForExit && hasLasted($0) }
        guard exits.count == edges.count, !StackShape(thread).contains(anyOf: ["wait_builtin"]) else { return nil }
        // Within one tick of the clock those that began later have the higher ids.
        func start(_ edge: WaitEdge) -> (UInt64, Int32) { if case .process(let pid) = edge.to { (index.process(pid)?.identity.startTicks ?? 0, pid) } else { (0, 0) } }
        guard let last = exits.max(by: { start($0) < start($1) }), case .process(let pid) = last.to, let child = index.process(pid), isUnreadFollower(child),
            activity.earlier?.process(pid)?.identity == child.identity
        else { return nil }
        return ends(last, .childStays(why: "it only passes on what is added to a file, to a pipe that nobody reads any more"))
    }

    private func isUnreadFollower(_ child: ProcessRecord) -> Bool {
        let pid = child.identity.pid
        guard child.threadCount == 1, child.children.isEmpty, index.snapshot.pipes.status == .complete, let row = index.pipeRow(pid: pid, fd: 1), index.pipes[row].readers.isEmpty,
            let before = activity.earlier?.pipeRow(pid: pid, fd: 1).flatMap({ activity.earlier?.pipes[$0] }), before.inode == index.pipes[row].inode, before.readers.isEmpty
        else { return false }
        // What came from the parent, and has no place of its own, is not used; and nobody follows his own script.
        let others = index.descriptors(of: pid).filter { $0.fd != 1 && $0.fd != 2 && !($0.fd >= ProcessRecord.firstOfShells && index.descriptor(child.parentPID, $0.fd)?.inode == $0.inode) }
        let isToldOfMore = others.contains { file in file.kind == .inotify && index.threads(of: pid).contains { $0.wait?.descriptors?.contains { $0.fd == file.fd } == true } }
        let looksForMore = others.contains { $0.kind == .file && $0.access == .read && $0.fd < ProcessRecord.firstOfShells && !(child.script.map($0.target.hasSuffix) ?? false) } && readsNothing(child)
        return (isToldOfMore || looksForMore) && others.allSatisfy { $0.kind == .inotify || $0.target == "/dev/null" || [.file, .directory].contains($0.kind) && $0.access == .read }
    }

    /// Whether a process read again and again since the first look, and nothing came of that, as at the end of a file: who has not taken all of a file yet is on its way.
    private func readsNothing(_ now: ProcessRecord) -> Bool {
        guard let before = activity.earlier?.process(now.identity.pid), let bytes = now.read_bytes, let reads = now.reads, let earlierReads = before.reads else { return false }
        return bytes == before.read_bytes && reads > earlierReads
    }
}

extension ProcessRecord {
    /// Shells keep their scripts, and what else they need for themselves, at descriptors from here on (POSIX leaves 0 to 9 to the script).
    static let firstOfShells: Int32 = 10

    /// The end of the path of what would be its script, if it is an interpreter.
    var script: String? { arguments.dropFirst().first.flatMap { $0.split(separator: "/").last }.map { "/\($0)" } }
}
