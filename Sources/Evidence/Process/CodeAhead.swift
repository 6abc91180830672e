/// What the code of a thread can still come to from where it stands, read from its instructions: whether it could let others go on that
/// wait, and whether its own wait lies in a loop.
public struct CodeAhead: Codable, Sendable, Hashable {
    /// What one who reads from a connection waits for there.
    public enum Exchange: String, Codable, Sendable, Hashable {
        /// The answer to what it sent: it comes to the read only after that.
        case asks
        /// The next of what it answers: whoever enters the loop around the read comes to that first, and something is sent before the next read.
        case answers
        /// The next of what comes: nothing is sent in the loop around the read, and each time something is done with what came.
        case receives
    }

    /// What it takes to end a wait.
    public enum Lack: String, Codable, Sendable, Hashable {
        /// The object was made for the wait, and handed to nobody.
        case ofSharers
        /// No code that the program comes to, from its beginning on, lets anybody go on that waits so, or there.
        case ofEnders
    }

    /// Who alone could end a wait, where that is none but threads that wait themselves.
    public enum Enders: String, Codable, Sendable, Hashable {
        /// Those who have come past this very wait, as who gives back what it has taken.
        case takers
        /// Those to whom it has given something in this round, and who wait in turn for such.
        case waiters
    }

    /// For a thread that goes on: functions it can come to that let other threads go on, signal them, start new ones or end the process;
    /// an empty complete list shows that there are none.
    public var releases: Observed<[String]>?
    /// For a thread that runs: whether it goes round in a loop that only reads memory, and no code that another thread can still come to refers to that;
    /// false where such code does, nil where the loop may do more, or that could not be told.
    public var spins: Bool?
    /// For a thread that wakes up by itself while another runs: whether it may come to write to memory that others look at.
    public var writes: Bool?
    /// For a thread that goes on while another reads, writes or waits for a child: whether it may come to write to what other processes read, close it, or signal them.
    public var feeds: Bool?
    /// For a thread that waits: whether, let go on, it would come round to the same wait, as a worker does in the loop that takes its work. For a task of Swift at a
    /// continuation or asleep: whether it is in a loop without an end, which begins each round with that wait or pauses by that sleep. For a thread of Python asleep: whether it
    /// is in a loop at all.
    public var comesBack: Bool?
    /// For a thread that waits in a loop: whether it has come past another wait in each of its rounds before it comes to this one, so that it
    /// has begun what a round is for.
    public var isMidRound: Bool?
    /// For a thread that waits: whether it may have taken the work that it does from others; false where none of the functions that it is in waits elsewhere.
    public var takesWork: Bool?
    /// For a thread that waits: functions by which the program, from its beginning on, may let waiting threads go on.
    public var releasers: [String]?
    /// For a main thread that waits in its outermost function: whether the program has code that is to end this very wait: it signals the object by its address, or the
    /// object lies on the thread's own stack, so that only whoever was handed it can know of it.
    public var isMeant: Bool?
    /// For a thread of Java, or a main thread of machine code, that waits: why nothing that the program comes to could end that wait.
    public var lack: Lack?
    /// For a thread that waits for the last count of a latch: whether the program makes its latches for more than one.
    public var awaitsSeveral: Bool?
    /// For a thread that goes on by itself beside one that reads from a pipe: descriptors that it may come to write to or close, the standard ones aside.
    public var outputs: Observed<[Int32]>?
    /// For a task of Swift or asyncio asleep that another waits for: whether a function that it is in never returns as long as it is not cancelled.
    public var endsOnlyIfCancelled: Bool?
    /// For a task of Python that was cancelled: whether it stands where it takes that for a failure like any other, and goes round again.
    public var ignoresCancellation: Bool?
    /// For a task of Swift or asyncio that waits for such a child as its last, or for one element of a stream, and for a main thread that waits: whether the program does anything in it after that.
    /// Of asyncio: whether what it comes to then is a result that is used.
    public var hasMoreToDo: Bool?
    /// For the main task at a continuation or a stream that nobody can end: whether the program gave that continuation to anybody, or does anything with
    /// what comes of that stream; for a thread of Java that waits, whether it uses what it waits for, or has work to do then; false where it only keeps the process alive,
    /// as also a main thread of machine code may.
    public var awaitsInEarnest: Bool?
    /// For a main thread of machine code that waits while all others wait for work: whether nothing is seen that it would do then, and nothing tells whether its wait is to end.
    public var mayOnlyStay: Bool?
    /// For a thread, or a task of asyncio or of SwiftNIO's async channels, that reads from a connection: who speaks first on it, by the order in which the code sends and reads.
    public var exchange: Exchange?
    /// For a thread of machine code that waits in a loop beside others that only tick: who alone could end that.
    public var enders: Enders?
    /// For a thread that sleeps: whether all that it can come to is to sleep again.
    public var onlySleeps: Bool?
    /// For a thread of Python that stands in the middle of a round of an event loop: descriptors that it polls in each round, an epoll set's own among them.
    public var polls: [Int32]?
    /// For a thread that waits for the end of a child: whether it starts another in the same way after that, so that this one was to come to its end.
    public var isOneStep: Bool?

    public init(releases: Observed<[String]>? = nil, spins: Bool? = nil, writes: Bool? = nil, comesBack: Bool? = nil, isMidRound: Bool? = nil, releasers: [String]? = nil) {
        self.releases = releases
        self.spins = spins
        self.writes = writes
        self.comesBack = comesBack
        self.isMidRound = isMidRound
        self.releasers = releasers
    }
}
