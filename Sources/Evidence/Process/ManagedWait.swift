/// What a thread waits for in the terms of its language's runtime, such as a `threading.Lock` or a Java
/// monitor, read from the runtime's own objects in memory. Where it is known, it counts instead of
/// the system call beneath.
public struct ManagedWait: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        /// A lock with one holder at a time: `ownerTID`.
        case lock
        case condition, event, semaphore
        /// `count` parties are still to come.
        case barrier
        /// Takes from an empty queue, puts into a full one.
        case queueTake, queuePut
        /// Until every item that was put has been worked off: `count` have not.
        case queueJoin
        /// The end of another thread: `ownerTID`.
        case threadEnd
        /// The result of work given to an executor: `ownerTID` runs it, or it lies queued for `workers`.
        case future
        case sleep
        /// Bytes from `descriptor`; `count` bytes of the message that is being read have come.
        case read
        /// Nothing: a thread of the runtime itself, which does nothing for the program unless told to.
        case housekeeping
    }

    /// `typeName` of one that reads whole messages, which either side may send unasked.
    public static let messages = "websocket"

    public var kind: Kind
    /// Address of the object; 0 where there is none.
    public var object: UInt64
    /// Such as "threading.Lock" or "java.util.concurrent.CountDownLatch".
    public var typeName: String
    /// What the program calls it: a variable or attribute that refers to it.
    public var name: String?
    /// Thread that holds the lock, whose end is waited for, or that runs the work.
    public var ownerTID: Int32?
    /// For a lock of tasks: the id of the task that holds it.
    public var ownerTask: UInt64?
    public var ownerAlive: Bool?
    /// Where the owner took the lock, where its stack shows that.
    public var ownerFrame: Frame?
    /// Address of the executor whose work is waited for, and its threads.
    public var executor: UInt64?
    public var workers: [Int32]?
    /// Processes that do the work, where threads do not.
    public var processes: [Int32]?
    /// The event loop that was to bring it about ran once, and no thread runs it any more.
    public var isLoopStopped: Bool?
    public var descriptor: Int32?
    /// Threads that are to end it, by their code behind what they wait for themselves.
    public var enders: [Int32]?
    /// The connection whose reader alone could bring it about, and looked up in vain who waits for what came last.
    public var missedOn: Int32?
    /// For one that takes from a container: whether its code gives what it takes back to that, as borrowers do.
    public var isLoan: Bool?
    /// Parties, items or pieces of work that are missing: see `Kind`.
    public var count: Int?
    /// The timeout given, in seconds; nil means that it waits for ever.
    public var timeout_s: Double?
    /// Why this is where a runtime or library parks what has nothing to do.
    public var rest: String?
    /// What could still end the wait, in words; an empty complete list shows that nothing can.
    public var releasers: Observed<[String]>?
    /// How all this is known, such as "owner field of threading.RLock".
    public var knownFrom: String

    public init(kind: Kind, object: UInt64, typeName: String, knownFrom: String) {
        self.kind = kind
        self.object = object
        self.typeName = typeName
        self.knownFrom = knownFrom
    }
}
