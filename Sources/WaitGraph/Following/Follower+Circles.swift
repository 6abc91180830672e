import Evidence

/// Processes that wait for each other over pipes, socket pairs and each other's ends.
extension Follower {
    /// An event loop that only other processes could wake: it stands where each of them does, and nobody else of its own process could act.
    mutating func closedLoop(_ loop: Loop, _ thread: ThreadRecord) -> Outcome? {
        guard !loop.hasTimer || awaitsExit(thread) || ticking.contains(.thread(pid: thread.pid, tid: thread.tid)) else { return nil }
        let sources = loop.sources.isEmpty ? othersSources(thread) : loop.sources
        guard let sources, !sources.isEmpty, sources.allSatisfy(hasLasted), loopDepth < Self.loopLimit else { return nil }
        loopDepth += 1
        defer { loopDepth -= 1 }
        for other in index.threads(of: thread.pid) where other.tid != thread.tid {
            let key = NodeKey.thread(pid: other.pid, tid: other.tid)
            if onTrail[key] == nil, couldAct(other, outcome(of: key)) { return nil }
        }
        var outcomes: [Outcome] = []
        for source in sources {
            let found: Outcome
            switch source.to {
            case .process: found = follow(source)
            case .pipe: found = pipeEdge(source, thread)
            default: found = socketEdge(source, pid: thread.pid, reader: thread)
            }
            // That the other end is busy with something else does not say that it has been asked.
            guard case .stuck(let standstill) = found, standstill.end != source.to || !Self.isSilence(standstill.ending) else { return nil }
            outcomes.append(found)
        }
        return Self.worst(outcomes)
    }

    private static func isSilence(_ ending: Ending) -> Bool { if case .socket = ending { true } else { false } }

    /// Whoever is known to end a thread's wait when its own work is done waits in turn for this thread, whatever goes on beside them: of those in a group's blocks
    /// one is enough; of those with a semaphore's permits each has to, or stand at the very place of one that does.
    mutating func circleOfEnders(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome? {
        guard let futex = thread.wait?.futex, let now = Self.enders(thread), hasLasted(edge) else { return nil }
        // Those that only have the code for it need not be the only ones.
        if thread.managedWait?.enders != nil, !isLulled(thread.pid), !isClosed(thread.pid) { return nil }
        // Dispatch adds workers while others stand.
        let enders = activity.earlier.map { earlier in now.filter { earlier.thread(thread.tid).flatMap(Self.enders)?.contains($0) == true } } ?? now
        trail.append(edge)
        defer { trail.removeLast() }
        var circle: Outcome?
        var (caught, open): (Set<UInt64?>, Set<UInt64?>) = ([], [])
        for tid in enders.prefix(64) {
            let held = WaitEdge(
                from: edge.to, to: .thread(pid: thread.pid, tid: tid), relation: .heldBy, knownFrom: "is at work after which the wait ends",
                evidence: index.threadRow[tid].map { [index.path(.threads, $0)] } ?? [], isCommitted: true)
            let place = index.thread(tid).flatMap { StackShape($0).own.first?.programCounter }
            switch follow(held) {
            case .stuck(let standstill):
                caught.insert(place)
                if case .cycle = standstill.ending { circle = circle ?? prefix(edge, .stuck(standstill)) }
            case .parked: open.insert(place)
            case .atRest, .advancing, .unclear: open.insert(nil)
            }
        }
        let isWhole = futex.flavour != "dispatch semaphore" || enders.count == now.count && open.isSubset(of: caught.subtracting([nil]))
        return isWhole ? circle : nil
    }

    private static func enders(_ thread: ThreadRecord) -> [Int32]? { thread.managedWait?.enders ?? thread.wait?.futex?.endedBy }

    /// What a main thread's run loop, which only its own process could wake, waits for in the end: the children that other threads look after.
    private func othersSources(_ thread: ThreadRecord) -> [WaitEdge]? {
        guard thread.isMain || awaitsExit(thread) else { return nil }
        let since_s = graph.stoodSince(thread) ?? (awaitsExit(thread) && activity.earlier?.thread(thread.tid).map(awaitsExit) == true ? activity.window_s : nil)
        let key = NodeKey.thread(pid: thread.pid, tid: thread.tid)
        var children: [Int32: WaitEdge] = [:]
        for other in index.threads(of: thread.pid) where other.tid != thread.tid {
            for child in childrenAttended(by: other) {
                children[child] = WaitEdge(
                    from: key, to: .process(child), relation: .waitsForExit, since_s: since_s,
                    knownFrom: "nobody else is left that could wake the process",
                    evidence: [index.threadRow[thread.tid], index.threadRow[other.tid]].compactMap { $0.map { index.path(.threads, $0) } }, isCommitted: true)
            }
        }
        return children.keys.sorted().compactMap { children[$0] }
    }

    /// Foundation's call that returns only when the child has exited; it goes round a run loop meanwhile (Process.swift).
    private func awaitsExit(_ thread: ThreadRecord) -> Bool { StackShape(thread).functions.contains { $0.hasPrefix("Process.waitUntilExit") } }

    /// Children whose end a thread of a library waits for, by nothing but a socket pair that they have inherited (Foundation's Process).
    func childrenAttended(by thread: ThreadRecord) -> [Int32] {
        guard !thread.isMain, isLibrarys(.thread(pid: thread.pid, tid: thread.tid)) else { return [] }
        let edges = graph.out(.thread(pid: thread.pid, tid: thread.tid))
        let found = edges.map { edge -> [Int32] in
            guard edge.relation == .reads, case .socket(let inode, _) = edge.to, let row = index.socketRow[inode], graph.isPair(index.sockets[row]) else { return [] }
            return (index.sockets[row].peer?.owners ?? []).map(\.pid).filter { index.isAncestor(thread.pid, of: $0) }
        }
        return found.contains([]) ? [] : found.flatMap(\.self)
    }

    /// Whether a thread could still do something by itself, by where its waits lead.
    func couldAct(_ thread: ThreadRecord, _ outcome: Outcome) -> Bool {
        switch outcome {
        case .stuck: return false
        case .advancing, .unclear: return true
        case .parked(let standstill):
            guard case .timer = standstill.ending else { return false }
            return !WaitGraph.isParkedPool(StackShape(thread))
        case .atRest:
            if thread.managedWait?.kind == .housekeeping || !childrenAttended(by: thread).isEmpty { return false }
            if let loop = graph.loops[.thread(pid: thread.pid, tid: thread.tid)] {
                // A library's timer that fired again and again had its chance.
                let hadItsChance = if case .woke(let times) = activity.change(of: thread.tid) { times >= 2 } else { false }
                return !loop.sources.isEmpty || loop.hasTimer && !(hadItsChance && isLibrarys(.thread(pid: thread.pid, tid: thread.tid)))
            }
            return graph.understood(thread).wait?.kind != .futex || !WaitGraph.isParkedPool(StackShape(thread))
        }
    }

    /// Whether everybody else who has the other end of a socket pair waits, in whatever way, for whoever reads here: nobody will write. Where colleagues of the reader
    /// or of whoever reads at the other end hold out for something of their own, they would write, and what they wait for is what keeps both ends quiet.
    mutating func closing(_ edge: WaitEdge, _ socket: SocketRecord, _ pid: Int32) -> Outcome? {
        guard graph.isPair(socket), hasLasted(edge), !hasColleagues(pid) else { return nil }
        let others = Set(socket.peer?.owners.map(\.pid) ?? []).subtracting([pid]).sorted()
        var circle: Outcome?
        for other in others.prefix(64) {
            guard !hasColleagues(other), case .stuck(let standstill) = across(edge, to: other) else { return nil }
            if case .cycle = standstill.ending { circle = circle ?? prefix(edge, .stuck(standstill)) }
        }
        return circle
    }

    /// Whether threads of a process wait for something within it, besides each other's ends.
    private func hasColleagues(_ pid: Int32) -> Bool {
        index.threads(of: pid).contains { thread in
            graph.understood(thread).wait?.kind == .futex && activity.change(of: thread.tid) == .stood
                && !graph.out(.thread(pid: pid, tid: thread.tid)).contains { $0.relation == .joins }
        }
    }

    /// Those who keep the other end of a socket pair open and will not write for long; nil where one of them is a relative of the reader,
    /// who may have been meant to write.
    func keepersOpen(_ socket: SocketRecord, _ pid: Int32) -> [DescriptorReference]? {
        guard graph.isPair(socket), let parent = index.process(pid)?.parentPID else { return nil }
        let holders = (socket.peer?.owners ?? []).filter { $0.pid != pid }
        guard !holders.isEmpty else { return nil }
        let areStrangers = holders.allSatisfy { holder in
            guard let keeper = index.process(holder.pid)?.parentPID else { return false }
            // An orphan is everybody's sibling; what it has for its output was not handed to it by their parent.
            return keeper != pid && (keeper != parent || [1, 2].contains(holder.fd)) && !index.isAncestor(holder.pid, of: pid)
        }
        return areStrangers && holders.allSatisfy { sleepsLong($0.pid, Pause.answer_s) } ? holders : nil
    }

    /// The child whose output or end the holder of a lock waits for, or the one that this one waits for in turn, where it is at rest itself.
    func restingChild(_ held: WaitEdge, _ pid: Int32, _ tid: Int32, _ why: String) -> Standstill? {
        func stays(_ path: [WaitEdge], _ why: String) -> Standstill? {
            path.last.map { Standstill(path: [held] + path, end: $0.to, ending: .childStays(why: why), isCommitted: true) }
        }
        if let path = outputOfChild(held.to, pid) { return stays(path, "whoever holds the lock waits for its output") }
        guard !why.hasPrefix(Self.pausedByChild) else { return nil }
        var path: [WaitEdge] = []
        var next = NodeKey.thread(pid: pid, tid: tid)
        while path.count < 8, let exit = graph.out(next).first(where: { $0.relation == .waitsForExit }), hasLasted(exit), case .process(let child) = exit.to,
            index.process(child) != nil, !path.contains(where: { $0.to == exit.to })
        {
            path.append(exit)
            next = .thread(pid: child, tid: child)
        }
        return stays(path, "it \(why)")
    }
}
