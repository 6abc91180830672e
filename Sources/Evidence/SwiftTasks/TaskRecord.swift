/// A live task of Swift's concurrency runtime, or of another language's, such as asyncio.
public struct TaskRecord: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable { case unstructured, groupChild, asyncLet, main, unknown }
    public enum State: String, Codable, Sendable, Hashable {
        /// On a thread now.
        case running
        /// Waits for something that `wait` names.
        case suspended
        /// Ready, queued on an executor, and not run yet.
        case enqueued
        /// Done, and held by somebody who may still ask for its result.
        case completed
    }

    public var pid: Int32
    /// The runtime's 64-bit task id.
    public var id: UInt64
    public var address: UInt64
    public var name: String?
    public var kind: Kind
    public var state: State
    public var isCancelled: Bool
    /// Current (maybe escalated) and base priority, as TaskPriority's raw values.
    public var priority: UInt8
    public var basePriority: UInt8
    public var parent: UInt64?
    public var children: [UInt64]
    /// Address of the task group it is a child of.
    public var group: UInt64?
    public var runningOnTID: Int32?
    public var wait: TaskWait?
    /// What it waits for in the terms of another language's runtime than Swift's, such as asyncio's.
    public var managedWait: ManagedWait?
    /// For a task asleep: what it, and whoever waits for its end, can come to.
    public var codeAhead: CodeAhead?
    /// Async backtrace, innermost first; for a task not started, its closure.
    public var backtrace: Observed<[Frame]>

    public init(pid: Int32, id: UInt64, address: UInt64, kind: Kind, state: State) {
        self.pid = pid
        self.id = id
        self.address = address
        self.kind = kind
        self.state = state
        self.isCancelled = false
        self.priority = 0
        self.basePriority = 0
        self.children = []
        self.backtrace = .unavailable(reason: "not captured")
    }
}

/// What a suspended or enqueued task waits for.
public struct TaskWait: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        case task, group, continuation, actor, globalPool, mainActor, executor, sleep, stream, eventLoopFuture, unknown
    }
    public var kind: Kind
    /// The task waited for, or the one that runs on the actor waited for.
    public var task: UInt64?
    /// Address of the group, actor, executor or continuation context.
    public var address: UInt64?
    /// For a group: children still pending.
    public var pending: Int?
    /// Type of the actor or executor, where metadata names it.
    public var typeName: String?
    /// For a checked continuation: the function that created it.
    public var createdBy: String?
    /// What in memory still refers to the continuation and could resume it; an empty
    /// complete list proves that nobody can.
    public var resumers: Observed<[String]>?
    /// For a sleep: real seconds until its timer fires, where Dispatch's timer was found.
    public var remaining_s: Double?
    /// Thread that runs the event loop which the task waits for; nil when none is known.
    public var eventLoopTID: Int32?
    /// The event loop that the task waits for has no thread any more: it was shut down.
    public var isEventLoopShutDown: Bool?
    /// Place in the queue of the actor or executor that it waits for: 1 is run next.
    public var queuePosition: Int?
    /// The connection whose channel holds what the task waits for; nil where none or several lead to it.
    public var descriptor: Int32?
    /// Whether it waits for the end of a connection, rather than for anything that comes on one.
    public var awaitsClose: Bool?
    /// Thread that runs the event loop which watches that connection.
    public var watcherTID: Int32?
    /// Of the HTTP answer on that connection, whose head told its length: bytes that have not come.
    public var answerMissing_bytes: UInt64?
    /// Of the HTTP answer under way on that connection, whose head told no length: the method of its request, where that is POST, PUT or PATCH.
    public var answersTo: String?
    /// Whether the decoders of that connection keep no part of a message: all that came was taken in. nil where it has none.
    public var isInputDecoded: Bool?
    /// Of an answer that a task of another language reads: what its client's own objects say has not come.
    public var owedRest: String?
    /// With nobody left who could resume it: objects that refer to the continuation all the same, and to which only
    /// tasks that cannot go on lead.
    public var onlyThrough: [String]?

    public init(kind: Kind) { self.kind = kind }
}

/// An actor, or an executor of the program's own, that is busy or has work queued.
public struct ActorRecord: Codable, Sendable, Hashable {
    public enum State: String, Codable, Sendable, Hashable { case idle, scheduled, running, zombie, unknown }
    public enum Kind: String, Codable, Sendable, Hashable { case actor, mainActor, executor }
    public var pid: Int32
    public var address: UInt64
    public var typeName: String?
    public var state: State
    public var runningOnTID: Int32?
    /// Ids of the tasks enqueued on it, in the order in which it will run them if `isQueueOrdered`.
    public var queue: [UInt64]
    public var kind: Kind?
    /// Task that runs on it.
    public var runningTask: UInt64?
    /// Whether its own queue was read; otherwise the tasks say that they are enqueued on it, and no more.
    public var isQueueOrdered: Bool?
    /// Label of the Dispatch queue that an executor uses.
    public var queueLabel: String?

    public init(pid: Int32, address: UInt64, state: State) {
        self.pid = pid
        self.address = address
        self.state = state
        self.queue = []
    }
}
