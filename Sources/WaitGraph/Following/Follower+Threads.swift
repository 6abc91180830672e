import Evidence

extension Follower {
    /// A thread that uses this much of a processor for the whole window is busy.
    static let busyShare = 0.8

    mutating func thread(_ pid: Int32, _ tid: Int32) -> Outcome {
        let key = NodeKey.thread(pid: pid, tid: tid)
        guard let seen = index.thread(tid), seen.pid == pid else { return .unclear("thread \(tid) was not seen") }
        let thread = graph.understood(seen)
        if thread.managedWait?.kind == .housekeeping, let rest = graph.rest[key] { return .atRest(rest) }
        if case .ran(let share) = activity.change(of: tid) {
            // Dispatch starts and ends its workers as it likes.
            if share == 0, activity.earlier?.thread(tid) == nil, WaitGraph.isParkedPool(StackShape(thread)) { return .atRest("a worker of Dispatch without work") }
            return share >= Self.busyShare
                ? .advancing("thread \(tid) uses \(Int(share * 100)) % of a processor") : .advancing("thread \(tid) ran in between")
        }
        let edges = graph.out(key)
        // A thread that runs a Swift task is the task's: its own wait decides all the same.
        if edges.isEmpty {
            if let loop = graph.loops[key], let found = closedLoop(loop, thread) { return found }
            if let rest = graph.rest[key] { return .atRest(rest) }
            if thread.state == "R" { return WaitGraph.isParkedPool(StackShape(thread)) ? .atRest("a worker of Dispatch without work") : .advancing("thread \(tid) runs") }
            // Seen between two waits.
            if thread.wait == nil, case .woke = activity.change(of: tid) { return .advancing("thread \(tid) goes on now and then") }
            return .unclear("what thread \(tid) waits for is not known")
        }
        if let told = stoppedJob(edges, thread) ?? unreadFollower(edges, thread) { return told }
        // SQLite's busy handler sleeps while it waits for a lock: the lock is what counts.
        let locked = edges.filter { $0.relation == .locksFile || $0.relation == .queuedOn }
        let found = any((locked.isEmpty ? edges : locked).map { threadEdge($0, thread) })
        // Whom it waits for beside those may come from anywhere: no circle closes through it.
        if case .stuck(let standstill) = found, standstill.ending.isClosed, takesAnybody(thread) { return .atRest("waits for whoever comes, beside \(edges.count) others") }
        return found
    }

    /// Whether one of several things that a thread waits for at once is the next connection, or what somebody types.
    private func takesAnybody(_ thread: ThreadRecord) -> Bool {
        guard let interests = thread.wait?.descriptors, interests.count > 1 else { return false }
        return interests.contains { interest in
            if let row = index.socketRow(pid: thread.pid, fd: interest.fd) { return index.sockets[row].state == .listening }
            return index.descriptor(thread.pid, interest.fd)?.kind == .terminal && interest.events?.contains("in") != false
        }
    }

    private mutating func threadEdge(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        switch edge.relation {
        case .stoppedBy: return ends(edge, .stopped)
        case .locks: return lockEdge(edge, thread)
        case .joins: return follow(edge)
        case .parksOn: return park(edge, thread)
        case .sleeps: return sleep(edge, thread)
        case .waitsForExit: return child(edge, thread)
        case .locksFile where edge.to == .databaseLock: return hasLasted(edge) ? ends(edge, .databaseLock) : .advancing("thread \(thread.tid) got on with its lock")
        case .locksFile: return hasLasted(edge) ? follow(edge) : .advancing("thread \(thread.tid) got on with its file lock")
        case .awaits where graph.out(edge.to).first?.knownFrom == WaitGraph.byCount: return group(edge, thread)
        case .awaits: return hasLasted(edge) ? follow(edge) : .advancing("thread \(thread.tid) got its result")
        case .opens where takesWhatComes(thread): return .parked(Standstill(path: [edge], end: edge.to, ending: .noPartner, isCommitted: false))
        case .opens: return hasLasted(edge) ? ends(edge, .noPartner) : .unclear("opens a FIFO")
        case .reads, .writes, .connects, .polls:
            switch edge.to {
            case .socket: return socketEdge(edge, pid: thread.pid, reader: thread)
            case .pipe: return pipeEdge(edge, thread)
            case .peer, .descriptor: return thread.wait?.kind == .ipc ? queueEdge(edge, thread) : .unclear("waits for a descriptor")
            case .process(0): return hasLasted(edge) ? ends(edge, .disk) : .unclear("waits for a device")
            default: return .unclear("waits for a descriptor")
            }
        default: return follow(edge)
        }
    }

    /// Where each of those who are to leave a group stands for good, so does whoever waits for them all.
    private mutating func group(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        guard hasLasted(edge) else { return .advancing("thread \(thread.tid) got on with its group") }
        trail.append(edge)
        defer { trail.removeLast() }
        var found: [Outcome] = []
        for held in graph.out(edge.to) {
            switch follow(held) {
            case .advancing(let why): return .advancing(why)
            case .stuck(let standstill): found.append(.stuck(standstill))
            case .parked(var standstill):
                if case .timer = standstill.ending { return inDoubt(edge, thread) }
                if hasSleeperToCome(thread.pid) { return inDoubt(edge, thread) }
                // Who goes on in the middle of the same may have what this one waits for.
                if graph.operation(of: standstill) != nil, !isBeyondHelp(standstill) { return inDoubt(edge, thread) }
                standstill.isCommitted = true
                found.append(.stuck(standstill))
            case .atRest, .unclear: return inDoubt(edge, thread)
            }
        }
        return Self.worst(found).map { prefix(edge, $0) } ?? park(edge, thread)
    }

    /// Parked, with others who may yet let it go on.
    private mutating func inDoubt(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        let found = park(edge, thread)
        guard case .parked(var standstill) = found else { return found }
        standstill.isCommitted = false
        return .parked(standstill)
    }

    /// Seen unchanged over the window; with one look only, nothing says that it has not.
    func hasLasted(_ edge: WaitEdge) -> Bool {
        guard activity.window_s > 0 else { return true }
        return edge.since_s != nil
    }

    private mutating func lockEdge(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        guard hasLasted(edge) else { return .advancing("thread \(thread.tid) got on with its lock") }
        if let managed = managedLock(edge, thread) { return managed }
        let futex = thread.managedWait == nil ? thread.wait?.futex : nil
        if let owner = futex?.ownerTID, owner > 0 {
            if owner == thread.tid { return ends(edge, .ownerSelf) }
            if futex?.ownerAlive == false || futex?.ownerPID == nil && index.thread(owner) == nil && index.snapshot.threads.status == .complete {
                return ends(edge, .ownerGone)
            }
        } else if graph.out(edge.to).contains(where: { $0.relation == .heldBy && $0.to == edge.from }) {
            return ends(edge, .ownerSelf)
        } else if let futex, graph.out(edge.to).isEmpty {
            if graph.holderIsLost(futex, thread) { return ends(edge, .holderLost) }
            return hope(edge, thread, futex) ?? ends(edge, .unnamed(unrecorded(futex)))
        }
        return follow(edge)
    }

    mutating func lock(_ node: NodeKey) -> Outcome {
        if case .process? = graph.out(node).first?.to { return processWork(node) }
        let pieces = graph.out(node).filter { $0.relation == .runsOn || $0.relation == .queuedOn }
        if let edge = pieces.first { return pieces.count > 1 ? any(pieces.map { work($0) }) : work(edge) }
        let candidates = graph.out(node).filter { $0.relation == .heldBy }
        if let held = candidates.first, case .task = held.to { return follow(held) }
        // Several only where the stacks alone tell: one that is stuck explains the wait.
        for held in candidates.dropLast() {
            if case .stuck(let standstill) = follow(held) { return .stuck(standstill) }
        }
        if candidates.isEmpty, isGivenUp(node) || isAbandoned(node) { return .stuck(Standstill(end: node, ending: .ownerGone, isCommitted: true)) }
        guard let held = candidates.count > 1 ? candidates.first : candidates.last, case .thread(let pid, let tid) = held.to else {
            return .unclear("who holds the lock is not known")
        }
        switch follow(held) {
        case .stuck(let standstill): return .stuck(standstill)
        case .parked(var standstill):
            // Workers of one pool that queue up behind the one that waits for work, with the queue's lock in its hand.
            if case .neverSignalled = standstill.ending, isColleague(tid, pid), !isClosed(pid) { return .atRest(Self.queues) }
            if case .neverSignalled = standstill.ending, let helper = helper(ofHolder: tid, pid) { return helper }
            standstill.isCommitted = true
            return .stuck(standstill)
        case .atRest(let why):
            if let child = restingChild(held, pid, tid, why) { return .stuck(child) }
            // Leader and followers: who holds the lock lets go of it as soon as a connection comes.
            let isRest = isColleague(tid, pid) || acceptsForWaiter(tid, pid)
            // Whoever goes round meanwhile would have let go of it: an address on its stack may as well be of what the lock is a part of.
            if !isRest, held.knownFrom == WaitGraph.guardOnStack, case .woke(let times) = activity.change(of: tid), times >= 2 { return .unclear("who holds the lock is not known") }
            return isRest ? .atRest(Self.queues) : ends(held, .holderAtRest(why: why))
        // Also where it computes all the time: a long computation looks no different, and a loop that gets nowhere is told by what it changes.
        case .advancing(let why): return .advancing(why)
        case .unclear(let why): return .unclear(why)
        }
    }

    private mutating func park(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        let change = activity.change(of: thread.tid)
        // A loop that looks again and again at what nobody is left to change.
        if let wait = thread.managedWait, wait.timeout_s.map({ $0 <= Pause.answer_s }) == true, nobodyReleases(wait, activity.earlier?.thread(thread.tid)?.managedWait) { return ends(edge, .neverSignalled(Self.kind(of: wait))) }
        if case .woke = change { return .atRest("wakes up now and then") }
        if let found = circleOfEnders(edge, thread) ?? missed(edge, thread) ?? future(edge, thread) { return found }
        if let size = graph.fullPools[thread.tid] { return ends(edge, .poolFull(threads: size)) }
        if hasLasted(edge), isSharedByWaitersOnly(thread) { return ends(edge, .neverSignalled(thread.managedWait.map(Self.kind) ?? thread.wait?.futex?.object ?? .unknown)) }
        if hasLasted(edge), isNotifiedByNobody(thread) { return ends(edge, .neverSignalled(.condition)) }
        if let wait = thread.managedWait, wait.timeout_s == nil, nobodyReleases(wait, activity.earlier?.thread(thread.tid)?.managedWait) { return ends(edge, .neverSignalled(Self.kind(of: wait))) }
        if let asked = Self.limit_s(thread), asked > 0 {
            return .parked(Standstill(path: [edge], end: edge.to, ending: .timer(asked_s: asked), isCommitted: edge.isCommitted))
        }
        if thread.wait?.isEventLoopShutDown == true, activity.earlier.map({ $0.thread(thread.tid)?.wait?.isEventLoopShutDown == true }) ?? true, hasLasted(edge) {
            return ends(edge, .loopShutDown)
        }
        if StackShape(thread).contains(anyOf: ["getaddrinfo", "gethostbyname", "getnameinfo"]) { return ends(edge, .nameLookup) }
        if case .descriptor = edge.to {
            return .parked(Standstill(path: [edge], end: edge.to, ending: .neverWoken, isCommitted: false))
        }
        if thread.wait?.kind == .ipc {
            // Taken last by a process that has exited, or by this very one with no other thread: nobody will give it back.
            let byItself = thread.wait?.lastUserPID == thread.pid && index.threads(of: thread.pid).count == 1
            if let circle = semaphoreCircle(edge, thread) { return circle }
            if hasLasted(edge), thread.wait?.lastUserAlive == false || byItself { return ends(edge, .neverSignalled(.semaphore)) }
            return .parked(Standstill(path: [edge], end: edge.to, ending: .neverSignalled(.semaphore), isCommitted: false))
        }
        let object = thread.managedWait.map(Self.kind) ?? thread.wait?.futex?.object ?? .unknown
        return .parked(Standstill(path: [edge], end: edge.to, ending: .neverSignalled(object), isCommitted: edge.isCommitted))
    }

    /// How long a thread has said that it will wait; a language's runtime that waits without a limit may ask the system for a large one.
    static func limit_s(_ thread: ThreadRecord) -> Double? { thread.managedWait == nil ? thread.wait?.timeout_s : thread.managedWait?.timeout_s }

    private func sleep(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        if case .woke(let times) = activity.change(of: thread.tid) { return looksInVain(thread) ? ends(edge, .neverSignalled(.unknown)) : .atRest("wakes up from its sleep (\(times) times)") }
        // A stop may have made it less: the rest is what is asked for from then on (nanosleep(2), where both times are kept in one place).
        let before = activity.earlier?.thread(thread.tid).flatMap { $0.pid == thread.pid && $0.wait?.kind == .sleep ? $0.wait?.timeout_s : nil }
        let managed = thread.managedWait.flatMap { $0.kind == .sleep ? $0.timeout_s : nil }
        let asked = thread.wait?.timeout_s.map { max($0, before ?? $0) } ?? managed ?? timerOf(thread)
        // An event loop waits for its timers in its poll: asleep anywhere else it keeps everybody on it waiting.
        if let asked, asked > graph.hungAfter_s, thread.wait?.kind == .sleep, edge.since_s != nil, StackShape(thread).runsEventLoop { return ends(edge, .timer(asked_s: asked)) }
        return .parked(Standstill(path: [edge], end: edge.to, ending: .timer(asked_s: asked), isCommitted: false))
    }

    /// In the middle of something, or awaited, and in a loop that at both looks only sleeps and looks at memory which nobody else is about to change.
    private func looksInVain(_ thread: ThreadRecord) -> Bool {
        guard thread.codeAhead?.spins == true, activity.earlier?.thread(thread.tid)?.codeAhead?.spins == true, activity.window_s >= graph.hungAfter_s * 0.8, !handlesSignals(thread.pid)
        else { return false }
        return Self.depth(of: thread) >= 2 || trail.last?.relation == .joins
    }

    private func timerOf(_ thread: ThreadRecord) -> Double? {
        thread.wait?.descriptors?.compactMap { index.descriptor(thread.pid, $0.fd)?.timer?.remaining_s }.first
    }
}
