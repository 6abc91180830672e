/// Threads that take work from one place: Swift's cooperative pool, event loops, a Dispatch queue.
public struct WorkerPool: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        /// Swift's global executor.
        case cooperative
        /// The main thread and Dispatch's main queue.
        case main
        /// SwiftNIO's event loops of one group.
        case eventLoops
        /// SwiftNIO's threads for blocking work.
        case blockingPool
        case dispatchQueue
        /// Dispatch's threads that have nothing to do.
        case idle
    }
    public var pid: Int32
    public var kind: Kind
    /// A queue's label, or what a group's threads have in common in their names.
    public var label: String?
    /// Most threads that it uses at once.
    public var width: Int?
    /// Items that wait for a thread; nil where that cannot be seen.
    public var enqueued: Int?
    public var workers: [Worker]

    public init(pid: Int32, kind: Kind, label: String? = nil) {
        self.pid = pid
        self.kind = kind
        self.label = label
        self.workers = []
    }
}

/// One thread of a pool.
public struct Worker: Codable, Sendable, Hashable {
    public enum State: String, Codable, Sendable, Hashable {
        case running
        /// Asleep in the kernel in the middle of a piece of work.
        case blocked
        /// Waits for events, as an event loop should.
        case polling
        case idle
    }
    public var tid: Int32
    public var state: State
    /// Id of the Swift task it runs.
    public var task: UInt64?

    public init(tid: Int32, state: State, task: UInt64? = nil) {
        self.tid = tid
        self.state = state
        self.task = task
    }
}
