/// What a thread waits for, decoded from its system call, its memory and its stack.
public struct ThreadWait: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        /// A futex: `futex` tells the lock, condition, semaphore ... behind it.
        case futex
        /// Readiness of, or transfer on, descriptors: read, recv, write, accept, poll, epoll_wait, connect ...
        case descriptors
        /// fcntl or flock: `descriptors` has the one, `range` the bytes.
        case fileLock
        /// wait4, waitid: `pid` is the child, or nil for any.
        case child
        /// clock_nanosleep, nanosleep: `timeout_s` is what was asked for.
        case sleep
        /// pause, sigsuspend, sigtimedwait.
        case signal
        /// System V or POSIX message queue, System V semaphore.
        case ipc
        /// Parent of a vfork until the child execs or exits.
        case vforkChild
        /// Stopped by a signal (T), or by a tracer (t).
        case stopped
        case traced
        /// Uninterruptible sleep on a device or file system.
        case disk
        /// Asleep in a system call not decoded; `detail` names it.
        case other
    }

    public var kind: Kind
    public var futex: FutexWait?
    public var descriptors: [DescriptorInterest]?
    /// Byte range of a file lock that is waited for; nil end means to the end of the file.
    public var rangeStart: UInt64?
    public var rangeEnd: UInt64?
    public var pid: Int32?
    /// The timeout given to the call, in seconds; nil means it waits for ever or that is unknown.
    public var timeout_s: Double?
    /// Seconds of that timeout that remained when captured, where the kernel or memory tells.
    public var remaining_s: Double?
    public var detail: String?
    /// In `EventLoopFuture.wait()`: the thread that runs the future's event loop.
    public var eventLoopTID: Int32?
    /// In `EventLoopFuture.wait()`: no thread runs the future's event loop any more, since it was shut down.
    public var isEventLoopShutDown: Bool?
    /// In `EventLoopFuture.wait()`: what leads to the future.
    public var future: FutureLead?
    /// For a System V semaphore, whoever operated on it last; for a message queue, whoever took this process's last
    /// message (a receiver), or took any last (a sender).
    public var lastUserPID: Int32?
    public var lastUserAlive: Bool?
    /// The serial Dispatch queue in a block of which the thread waits, where more is queued behind that block.
    public var blockedQueue: BlockedQueue?
    /// Of one that reads an answer which has begun: what of it is still to come, in words, by what the client's own objects keep.
    public var owedRest: String?
    /// How many bytes at least that is, where it is known.
    public var owedRest_bytes: UInt64?

    public init(kind: Kind, detail: String? = nil) {
        self.kind = kind
        self.detail = detail
    }
}

/// What will complete a future of an event loop, as far as its memory shows: the handlers of one connection, or what the loop was given to do later.
public struct FutureLead: Codable, Sendable, Hashable {
    /// The connection whose handlers lead to the future.
    public var descriptor: Int32?
    /// Whether no decoder of the connection keeps a part of a message; nil where it has none, and within an HTTP answer whose head told no length: a subscription's
    /// has no end.
    public var isInputDecoded: Bool?
    /// Bytes of an HTTP answer under way that have not come.
    public var answerMissing_bytes: UInt64?
    /// Of the HTTP answer under way on that connection, whose head told no length: the method of its request, where that is POST, PUT or PATCH.
    public var answersTo: String?
    /// Real seconds until the loop does what leads to the future, where no connection does.
    public var remaining_s: Double?

    public init(descriptor: Int32? = nil, remaining_s: Double? = nil) {
        self.descriptor = descriptor
        self.remaining_s = remaining_s
    }
}

/// A serial queue that cannot go on before one of its blocks returns.
public struct BlockedQueue: Codable, Sendable, Hashable {
    public var label: String
    /// Blocks that were handed over and not begun.
    public var queued: Int

    public init(label: String, queued: Int) {
        self.label = label
        self.queued = queued
    }
}

/// One descriptor a thread waits on, and for what.
public struct DescriptorInterest: Codable, Sendable, Hashable {
    public enum Operation: String, Codable, Sendable, Hashable {
        case read, write, accept, connect, poll, lock
    }
    public var fd: Int32
    public var operation: Operation
    /// For poll, select and epoll: the events asked for, as poll(2) names them ("in", "out", ...).
    public var events: [String]?

    public init(fd: Int32, operation: Operation, events: [String]? = nil) {
        self.fd = fd
        self.operation = operation
        self.events = events
    }
}

/// The object behind a futex wait.
public struct FutexWait: Codable, Sendable, Hashable {
    public enum ObjectKind: String, Codable, Sendable, Hashable {
        case mutex, condition, semaphore, readWriteLock, barrier, join, once, unknown
    }
    /// Address of the word in the waiter's memory.
    public var address: UInt64
    public var word: UInt32?
    public var expected: UInt32?
    /// futex(2) operation without flags: 0 wait, 6 lock PI, 9 wait bitset, 11 wait requeue PI, 13 lock PI2.
    public var operation: Int
    /// Shared between processes (no FUTEX_PRIVATE_FLAG).
    public var isShared: Bool
    public var object: ObjectKind
    /// Address of the object the word is part of, where it is known; else equal to `address`.
    public var objectAddress: UInt64
    /// For a mutex: "normal", "recursive", "errorcheck", "robust", "priority-inheriting" and the like.
    public var flavour: String?
    /// Thread that holds it, where memory says so.
    public var ownerTID: Int32?
    /// Process of that thread, when it is not the waiter's own.
    public var ownerPID: Int32?
    public var ownerAlive: Bool?
    /// Threads of the process on whose stacks the address of an ownerless lock lies, most as a guard keeps it; the waiter
    /// itself where frames outside its call have it.
    public var onStacksOf: [Int32]?
    /// Where no stack shows a holder: threads whose stacks refer to the lock, as everybody's does who can take it.
    public var knownTo: [Int32]?
    /// For a futex in memory that is shared and that nobody else can come to map any more (anonymous, or a deleted file): the other
    /// processes that map it.
    public var sharedWith: [Int32]?
    /// Meant for other processes as well, of which none has it.
    public var isDeserted: Bool { isShared && object != .join && sharedWith?.isEmpty == true }
    /// How kind and owner are known, such as "owner field of pthread_mutex_t", "caller pthread_cond_wait".
    public var knownFrom: String?
    /// Threads in the same process that wait on the same object, this one included.
    public var waiters: Int?
    /// For a barrier: how many still have to come; for a rwlock: readers that hold it; for a Dispatch semaphore: the value
    /// it was made with; for a Dispatch group: how often it was entered and not left.
    public var count: Int?
    /// Threads that wake up by themselves and from whose stacks references lead to a Dispatch semaphore or group.
    public var reachedFrom: [Int32]?
    /// Threads in the middle of work after which it ends: in blocks of a Dispatch group, with the permits of a Dispatch semaphore, or at the
    /// Foundation operation that is waited for.
    public var endedBy: [Int32]?
    /// For a Dispatch semaphore or group that the waiting function made and handed to closures that were to end the wait: that no reference to it is left
    /// but the waiter's own.
    public var isForgotten: Bool?
    /// That one is left besides: by way of the actor's executor whose job the waiter is in, as what was queued there behind that has it.
    public var isLeftToExecutor: Bool?

    public init(address: UInt64, operation: Int, object: ObjectKind = .unknown) {
        self.address = address
        self.operation = operation
        self.isShared = false
        self.object = object
        self.objectAddress = address
    }
}

extension ThreadWait {
    private static let fifo = "opens FIFO "

    /// What is said in `detail` of a FIFO that waits to be opened at its other end.
    package static func opens(fifo path: String, writes: Bool) -> String {
        "\(fifo)\(path) to \(writes ? "write; nobody has it open to read" : "read; nobody has it open to write")"
    }

    /// The path of that FIFO.
    package var openedFIFO: String? {
        guard let detail, detail.hasPrefix(Self.fifo) else { return nil }
        for end in [" to write; nobody has it open to read", " to read; nobody has it open to write"] where detail.hasSuffix(end) {
            return String(detail.dropFirst(Self.fifo.count).dropLast(end.count))
        }
        return nil
    }
}
