package import Evidence

/// Where following the waits of one unit of work leads.
package enum Outcome: Hashable, Sendable {
    /// It moves, or what it waits for does.
    case advancing(String)
    /// Parked where it waits for work; the path shows how that was found.
    case atRest(String)
    /// Waits for something that would normally come from inside its process, or for a
    /// timer: a hang only where nothing is left to wake it, or where others wait on it.
    case parked(Standstill)
    /// Does not go on.
    case stuck(Standstill)
    case unclear(String)
}

extension FutexWait {
    /// Whether another process may wake the waiter. A thread's id is cleared by the kernel.
    package var isOpenToOthers: Bool { isShared && object != .join && !isDeserted }
}

/// A path of waits and what it ends in.
package struct Standstill: Hashable, Sendable {
    /// From the unit that stands still to the final blocker; empty when the unit blocks itself.
    package var path: [WaitEdge]
    package var end: NodeKey
    package var ending: Ending
    /// Somebody is shown to be in the middle of an operation.
    package var isCommitted: Bool
    /// Units of work whose waits end here.
    package var waiting: Int = 1
    /// Where several ends of one kind are told as one: all of them.
    package var alike: Set<NodeKey> = []

    package init(path: [WaitEdge] = [], end: NodeKey, ending: Ending, isCommitted: Bool) {
        self.path = path
        self.end = end
        self.ending = ending
        self.isCommitted = isCommitted
    }

    package var start: NodeKey { path.first?.from ?? end }

    package func following(_ edge: WaitEdge) -> Standstill {
        var longer = self
        longer.path.insert(edge, at: 0)
        longer.isCommitted = isCommitted || edge.isCommitted
        return longer
    }
}

/// The final blocker.
package enum Ending: Hashable, Sendable {
    /// The last edges of the path form a circle back to `end`.
    case cycle([WaitEdge])
    /// The lock's holder no longer exists.
    case ownerGone
    /// A lock without an owner's id, that only the waiter itself or a thread that has exited can hold.
    case holderLost
    /// The holder locks it again.
    case ownerSelf
    /// The holder of a lock waits for work, input or a signal: `why`.
    case holderAtRest(why: String)
    /// A condition, semaphore, barrier ... that nobody is left to signal.
    case neverSignalled(FutexWait.ObjectKind)
    /// A wake-up descriptor (eventfd, self-pipe) that nobody is left to write.
    case neverWoken
    case timer(asked_s: Double?)
    case socket(SocketStanding)
    case fileLock(row: Int)
    /// A lock inside a database server, by its session's own account; another session holds it.
    case databaseLock
    /// Waits for data or the end of a pipe that these processes hold open for writing.
    case pipeOpen(holders: [DescriptorReference])
    case pipeFull(readers: [DescriptorReference])
    case noPartner
    /// A message queue that is full, and who else has it open or last took from it.
    case queueFull(readers: [DescriptorReference])
    /// The only other process that used a message queue has exited.
    case partnerGone(Int32)
    case stopped
    case disk
    case childStays(why: String)
    /// A child task without an end, which nobody cancels, and after which something was to be done.
    case childEndless
    /// A child that has ended, whose signal is waited for and came before the wait.
    case signalMissed
    case busy
    case nameLookup
    case descriptorsExhausted
    // Swift
    case nobodyResumes
    /// A future of a connection that the process has with itself, on which the last bytes came in so long ago.
    case unfulfilled(since_s: Double)
    /// All connections of a client's pool are taken, so many of them by answers that nobody reads.
    case connectionsTaken(count: Int, unread: Int)
    case poolStarved(blocked: Int, of: Int)
    /// All threads of an executor wait for work that lies in its own queue.
    case workersExhausted(threads: Int)
    /// All threads of a pool are in the middle of tasks that wait for other tasks.
    case poolFull(threads: Int)
    case taskAtRest(why: String)
    /// Enqueued on an executor that nothing in the process would make run.
    case executorStands
    /// A continuation in the middle of answering the request that came so long ago.
    case requestUnanswered(row: Int, since_s: Double)
    /// A service that was told to shut down, and waits on.
    case shutdownAwaits(isStream: Bool)
    case streamOpen
    /// Somebody holds the continuation or stream, and nothing in the process can run any more.
    case nothingRuns
    /// Was cancelled and goes on, computing all the time or waiting, and somebody waits for it.
    case cancelledStays(isBusy: Bool)
    /// The event loop that would complete the future has no thread any more.
    case loopShutDown
    /// Shown to stand still, by what is not shown.
    case unnamed(String)
}

extension Ending {
    /// Several wait for each other, or for what one of those keeps open.
    var isClosed: Bool {
        switch self {
        case .cycle, .pipeOpen: true
        default: false
        }
    }
}
