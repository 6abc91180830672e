import Evidence
package import WaitGraph

/// Every unit of work of the subject (thread, task, connection of an event loop), and where its waits end.
package struct UnitSurvey: Sendable {
    /// Ends that hold somebody up, the one with most waiting first.
    package var standstills: [Standstill] = []
    /// Ends that would be a hang only if something were shown that is not.
    package var doubtful: [Standstill] = []
    /// In the middle of something, and nobody is seen who would let them go on, without that being shown.
    package var stranded: [String] = []
    package var bystanders: [String] = []
    package var advancing: [String] = []
    package var unclear: [String] = []
    /// Processes in which nobody is left who could wake anybody.
    package var closed: Set<Int32> = []

    private static let unitLimit = 20_000

    package init(_ graph: WaitGraph, subject: Int32?) {
        guard let subject else { return }
        let index = graph.index
        let pids = index.processes.filter { $0.role != .followed }.map(\.identity.pid)
        var stuck: [Standstill] = []
        var parked: [Standstill] = []
        var reaped: [Standstill] = []
        var follower = Follower(graph)
        for pid in pids.isEmpty ? [subject] : pids {
            for unit in Self.units(of: pid, graph, follower).prefix(Self.unitLimit) {
                switch unit {
                case .node(let node):
                    switch follower.outcome(of: node) {
                    case .stuck(let standstill):
                        // A stopped child is a job of its own, until somebody waits for it.
                        if case .stopped = standstill.ending, pid != subject, standstill.path.count <= 1 {
                            bystanders.append("\(NodeText.short(node, index)): stopped, and nobody waits for it")
                        } else if case .thread(_, let tid) = node, index.thread(tid).map(follower.onlyReaps) == true {
                            reaped.append(standstill)
                        } else {
                            stuck.append(standstill)
                        }
                    case .parked(let standstill): parked.append(standstill)
                    case .atRest(let why): bystanders.append("\(NodeText.short(node, index)): \(why)")
                    case .advancing(let why): advancing.append(Self.named(why, index))
                    case .unclear(let why): unclear.append("\(NodeText.short(node, index)): \(why)")
                    }
                case .socket(let row):
                    switch follower.connection(row, pid: pid) {
                    case .stuck(let standstill): stuck.append(standstill)
                    case .advancing(let why): advancing.append(Self.named(why, index))
                    default: break
                    }
                }
            }
            if follower.isClosed(pid) { closed.insert(pid) }
        }
        // Who hears of a child's end on behalf of others tells of it where one of those waits.
        let led = Set(stuck.flatMap { $0.path.map(\.to) })
        stuck += reaped.filter { led.contains($0.start) }
        setListenersAside(subject, follower, &stuck)
        setListenersAside(subject, follower, &parked)
        setClientsAside(subject, follower, &parked)
        leaveOutWhatFollows(&stuck)
        let operations = Self.operations(parked, besides: stuck, follower, closed)
        stuck += operations
        Self.leaveOutCustomers(index, &stuck)
        leaveOutOwnAnswers(graph, subject, &stuck)
        if !operations.isEmpty { leaveOutWhatFollows(&stuck) }
        let forsaken = Stranded.principal(parked.filter { !operations.contains($0) && follower.isShownForsaken($0) })
        let explained = Set(stuck.compactMap { Self.process(of: $0.start) })
        stuck += forsaken.filter { Self.process(of: $0.start).map { !explained.contains($0) } ?? false }
        judgeParked(parked.filter { !operations.contains($0) && !forsaken.contains($0) }, graph, &stuck)
        Self.leaveOutCustomers(index, &stuck)
        Self.leaveOutHolders(subject, &stuck)
        setCustomersAside(subject, index, &stuck)
        stranded += [Repetition.words(subject, graph), Stranded.tickingLoop(subject, graph)].compactMap(\.self)
        Stranded.leaveOutJoiners(index, &stuck)
        standstills = Self.grouped(stuck, graph)
    }

    /// "thread 7 ran in between" with the thread's name and place.
    private static func named(_ why: String, _ index: SnapshotIndex) -> String {
        let words = why.split(separator: " ", maxSplits: 2)
        guard words.count == 3, words[0] == "thread", let tid = Int32(words[1]), let thread = index.thread(tid) else { return why }
        return "\(NodeText.short(.thread(pid: thread.pid, tid: tid), index)) \(words[2])"
    }

    /// That nothing is left to end a wait is nothing of its own where others are shown to be stuck: they would have.
    private mutating func leaveOutWhatFollows(_ stuck: inout [Standstill]) {
        let shown = Set(stuck.filter { $0.ending != .nothingRuns }.compactMap { Self.process(of: $0.start) })
        stuck.removeAll { $0.ending == .nothingRuns && Self.process(of: $0.start).map(shown.contains) == true }
        closed.subtract(shown)
    }

    /// Whoever waits for the answer of a process that is itself held up shows that hang, and is none of its own: a child that asks the
    /// subject, or a thread of the subject that asks the subject.
    private static func leaveOutCustomers(_ index: SnapshotIndex, _ stuck: inout [Standstill]) {
        let starts = Set(stuck.compactMap { process(of: $0.start) })
        let heldUp = Set(stuck.filter { debtors($0, index).isDisjoint(with: starts) }.compactMap { process(of: $0.start) })
        stuck.removeAll { !debtors($0, index).isEmpty && debtors($0, index).isSubset(of: heldUp) }
    }

    /// An answer that the subject owes itself or a child of its own, with no thread of it in the middle of giving one, lies within the program,
    /// where it is not seen: the connection is not what hangs.
    private mutating func leaveOutOwnAnswers(_ graph: WaitGraph, _ subject: Int32, _ stuck: inout [Standstill]) {
        let own = stuck.filter { standstill in
            guard Self.debtors(standstill, graph.index) == [subject], case .socket(.owed) = standstill.ending else { return false }
            // A thread of the subject that waits for it is in the middle of its own work; an event loop is not.
            if case .thread(subject, _) = standstill.start { return false }
            return true
        }
        stuck.removeAll { own.contains($0) }
        stranded += own.prefix(1).map { Stranded.ownAnswer($0, subject, graph) }
    }

    /// A child that waits for the subject's answer tells that there is none, and not why. One whose bytes the subject does not read tells what it waits for.
    private mutating func setCustomersAside(_ subject: Int32, _ index: SnapshotIndex, _ stuck: inout [Standstill]) {
        stuck.removeAll { standstill in
            if case .socket(.peerNotReading) = standstill.ending { return false }
            guard let pid = Self.process(of: standstill.start), pid != subject, Self.debtors(standstill, index) == [subject] else { return false }
            stranded.append("\(NodeText.short(standstill.start, index)) waits for an answer of \(NodeText.short(.process(subject), index)), and what keeps that is not shown")
            return true
        }
    }

    /// A child that has told the subject something, and listens for what that may tell it, keeps nobody waiting: nor does the subject, which waits for more.
    private mutating func setListenersAside(_ subject: Int32, _ follower: Follower, _ waits: inout [Standstill]) {
        let index = follower.graph.index
        waits.removeAll { wait in
            guard Self.process(of: wait.start) != subject, Self.debtors(wait, index) == [subject], follower.wasOnlyTold(wait) else { return false }
            bystanders.append("\(NodeText.short(wait.start, index)): waits for what \(NodeText.short(.process(subject), index)) may tell it, which waits for more")
            return true
        }
    }

    /// Clients of the subject's own, in it or its children, to whom it spoke last and listens: where an answer were under way, it would not be at rest.
    private mutating func setClientsAside(_ subject: Int32, _ follower: Follower, _ waits: inout [Standstill]) {
        let index = follower.graph.index
        waits.removeAll { wait in
            guard Self.debtors(wait, index) == [subject], follower.wasToldLast(wait) else { return false }
            bystanders.append("\(NodeText.short(wait.start, index)): waits for what \(NodeText.short(.process(subject), index)) may tell it, which spoke last and listens")
            return true
        }
    }

    /// What the holder of a file's lock does itself, another process that nobody waits for otherwise, is told with the lock; and so is a full
    /// pipe with the circle that it closes.
    private static func leaveOutHolders(_ subject: Int32, _ stuck: inout [Standstill]) {
        let holders = stuck.compactMap { standstill -> Int32? in
            if case .fileLock = standstill.ending, case .process(let pid) = standstill.end, pid != subject { pid } else { nil }
        }
        let closing = Set(stuck.flatMap { standstill -> [NodeKey] in if case .cycle(let edges) = standstill.ending { edges.map(\.to) } else { [] } })
        // Of two in a circle of locks one may be seen to wait for a process that goes on elsewhere, too.
        let circling = Set(stuck.flatMap { standstill -> [NodeKey] in if case .cycle(let edges) = standstill.ending { edges.filter { $0.relation == .locksFile }.map(\.from) } else { [] } })
        stuck.removeAll { standstill in
            if case .fileLock = standstill.ending { return circling.contains(standstill.start) }
            if case .pipeFull = standstill.ending, closing.contains(standstill.end) { return true }
            return process(of: standstill.start).map(holders.contains) == true
        }
    }

    /// The processes whose answer a standstill waits for in the end.
    private static func debtors(_ standstill: Standstill, _ index: SnapshotIndex) -> Set<Int32> {
        guard case .socket(let standing) = standstill.ending, standing != .notAccepted, case .socket(let inode, _) = standstill.end, let row = index.socketRow[inode]
        else { return [] }
        return Set(index.sockets[row].peer?.owners.map(\.pid) ?? [])
    }

    private enum Unit {
        case node(NodeKey)
        case socket(Int)
    }

    private static func units(of pid: Int32, _ graph: WaitGraph, _ follower: Follower) -> [Unit] {
        let index = graph.index
        // The others, and what they would attend to, are held by the crash's handler.
        if let crashed = graph.crashed(pid) { return [.node(.thread(pid: pid, tid: crashed.tid))] }
        let tasks = index.tasks.filter { $0.pid == pid && $0.state != .completed }
        return index.threads(of: pid).map { .node(.thread(pid: pid, tid: $0.tid)) }
            + tasks.map { .node(.task(pid: pid, id: $0.id)) }
            + follower.unattendedSockets(of: pid).map { .socket($0) }
    }

    /// What is parked is at rest unless nobody is left to wake it, or it is asleep in the middle of something.
    private mutating func judgeParked(_ parked: [Standstill], _ graph: WaitGraph, _ stuck: inout [Standstill]) {
        // Where other threads of the process stand still for a reason of their own, they are whom it waits for.
        let explained = Set(stuck.compactMap { Self.process(of: $0.start) })
        for standstill in parked {
            let pid = Self.process(of: standstill.start)
            switch standstill.ending {
            case .timer(let asked):
                // A child's sleep is its own matter, until somebody waits for it.
                if let asked, Sleeper.isTooLong(asked, standstill, graph), !isChildsOwn(standstill, graph) { stuck.append(standstill) } else {
                    bystanders.append("\(NodeText.short(standstill.start, graph.index)): sleeps\(asked.map { ", \(NodeText.seconds($0)) asked for" } ?? "")")
                }
            case .socket: doubtful.append(standstill)
            case .noPartner: stranded.append(Stranded.opening(standstill, graph))
            case .requestUnanswered(_, let since):
                stranded.append("\(NodeText.short(standstill.end, graph.index)) has not answered a request for \(NodeText.seconds(since)), and waits for something of the program's own: a long poll looks the same for a minute")
            case .nothingRuns:
                if pid.map(explained.contains) == true { bystanders.append("\(NodeText.short(standstill.start, graph.index)): waits while others stand still") } else { stuck.append(standstill) }
            case _ where standstill.isCommitted: stuck.append(standstill)
            default: judgeWaiting(standstill, parked, graph, isExplained: pid.map(explained.contains) == true, &stuck)
            }
        }
    }

    /// - Parameter isExplained: others of its process stand still for a reason of their own.
    private mutating func judgeWaiting(_ standstill: Standstill, _ parked: [Standstill], _ graph: WaitGraph, isExplained: Bool, _ stuck: inout [Standstill]) {
        let isClosed = Self.process(of: standstill.start).map(closed.contains) == true
        let name = NodeText.short(standstill.start, graph.index)
        if case .thread(let pid, let tid) = standstill.start, Follower(graph).onlyStays(tid, pid) { bystanders.append("\(name): only keeps the process alive") }
        else if case .thread(let pid, let tid) = standstill.start, Follower(graph).mayOnlyStay(tid, pid) { stranded.append("\(name) waits while all others wait for work, and has nothing to do after that: to keep the process alive, or for an end that nobody brings about") }
        else if !isClosed, !isExplained, let words = Stranded.words(standstill, graph) { stranded.append(words) }
        else if isIdleWait(standstill, parked, graph) { bystanders.append("\(name): waits to be told to go on") }
        else if isExplained { bystanders.append("\(name): waits while others stand still") }
        else if isClosed, !isPoolThread(standstill, parked, graph) { stuck.append(standstill) }
        else { bystanders.append("\(name): parked where work would wake it") }
    }

    /// Threads in the middle of an operation that nobody is left to end, in processes that do not stand still for another reason. Who waits
    /// for the end of others' work waits for those, where any stand.
    private static func operations(_ parked: [Standstill], besides stuck: [Standstill], _ follower: Follower, _ closed: Set<Int32>) -> [Standstill] {
        let index = follower.graph.index
        // Whoever waits for an answer of the process itself waits for what is looked for here.
        let shown = stuck.filter { standstill in
            let debtors = debtors(standstill, index)
            return debtors.isEmpty || process(of: standstill.start).map { !debtors.contains($0) } ?? true
        }
        let explained = Set(shown.compactMap { process(of: $0.start) })
        // A pool full of waiters is why nothing can run.
        let other = Set(shown.filter { $0.ending != .nothingRuns }.compactMap { process(of: $0.start) })
        let found = parked.compactMap { standstill -> (standstill: Standstill, pid: Int32, isForOthers: Bool)? in
            guard case .neverSignalled = standstill.ending, let operation = follower.graph.operation(of: standstill), let pid = process(of: standstill.start),
                !(operation.fillsPool ? other : explained).contains(pid), closed.contains(pid) || follower.isBeyondHelp(standstill)
            else { return nil }
            return (standstill, pid, operation.awaitsOthers || follower.graph.isGroup(standstill))
        }
        let ends = Set(found.filter { !$0.isForOthers }.map(\.pid))
        return found.filter { !$0.isForOthers || !ends.contains($0.pid) }.map(\.standstill)
    }

    private func isChildsOwn(_ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        standstill.path.count <= 1 && Self.process(of: standstill.start).map { graph.index.process($0)?.role == .descendant } == true
    }

    /// An event that the main thread waits for itself, while other threads wait for work: the usual way to keep a
    /// program of workers alive until it is told to stop. One that waits for several to come waits for work that was begun.
    private func isIdleWait(_ standstill: Standstill, _ parked: [Standstill], _ graph: WaitGraph) -> Bool {
        guard case .thread(let pid, let tid) = standstill.start, standstill.path.count == 1,
            let thread = graph.index.thread(tid), let wait = thread.managedWait, wait.kind == .event, (wait.count ?? 1) == 1, thread.codeAhead?.awaitsSeveral != true
        else { return false }
        return graph.index.threads(of: pid).contains { $0.tid != tid && ($0.managedWait.map { $0.rest != nil && $0.kind != .housekeeping } == true || $0.managedWait?.kind == .queueTake) }
    }

    /// In a closed process the main thread's wait is the one that matters; threads that wait
    /// at the very place of several others are its idle workers.
    private func isPoolThread(_ standstill: Standstill, _ parked: [Standstill], _ graph: WaitGraph) -> Bool {
        guard case .thread(let pid, let tid) = standstill.start else { return true }
        func isMain(_ tid: Int32) -> Bool { tid == pid || graph.index.thread(tid)?.managedStack?.elements.last?.function?.hasSuffix(".main") == true }
        if isMain(tid) { return false }
        return parked.contains { if case .thread(let p, let t) = $0.start { p == pid && isMain(t) } else { false } }
    }

    static func process(of node: NodeKey) -> Int32? {
        switch node {
        case .task(let pid, _), .actor(let pid, _), .thread(let pid, _), .process(let pid), .futex(let pid, _), .descriptor(let pid, _),
            .timer(let pid, _), .executor(let pid, _):
            pid
        default: nil
        }
    }

    /// One entry an end: the longest path to it stands for all, and carries their number.
    static func grouped(_ all: [Standstill], _ graph: WaitGraph) -> [Standstill] {
        var order: [Key] = []
        var groups: [Key: Standstill] = [:]
        for standstill in all {
            let key = Key(standstill, graph)
            guard let known = groups[key] else {
                order.append(key)
                groups[key] = standstill
                continue
            }
            var best = standstill.path.count > known.path.count ? standstill : known
            best.waiting = known.waiting + 1
            best.alike = known.alike.union([known.end, standstill.end])
            best.isCommitted = known.isCommitted || standstill.isCommitted
            groups[key] = best
        }
        return order.compactMap { groups[$0] }.enumerated()
            .sorted { ($0.element.waiting, -$0.offset) > ($1.element.waiting, -$1.offset) }.map(\.element)
    }
}
