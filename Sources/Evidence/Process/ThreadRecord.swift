/// One thread: what the kernel says it does, what it waits for, and its stack.
public struct ThreadRecord: Codable, Sendable, Hashable {
    public var pid: Int32
    public var tid: Int32
    /// The kernel's name for the thread (comm), at most 15 bytes.
    public var name: String
    /// State letter, as proc(5) lists them: R S D T t Z X I. Read before the thread was touched.
    public var state: String
    public var cpu: CPUTime
    /// Context switches so far; unchanged between two snapshots means it never ran in between.
    public var voluntarySwitches: UInt64?
    public var involuntarySwitches: UInt64?
    /// The kernel function it sleeps in (/proc/PID/task/TID/wchan).
    public var waitChannel: String?
    public var syscall: SyscallRecord?
    /// The system call decoded to what is waited for; nil when it is running or not understood.
    public var wait: ThreadWait?
    /// Innermost frame first.
    public var stack: Observed<[Frame]>
    /// Frames of the interpreter or virtual machine that runs on the thread (Python, Java), innermost first; nil
    /// where there is none.
    public var managedStack: Observed<[Frame]>?
    /// What the language's runtime calls the thread, such as `worker-1`.
    public var managedName: String?
    /// What it waits for in the language's own terms.
    public var managedWait: ManagedWait?
    /// For a thread that runs: the loop it goes round in without changing anything; nil where values change.
    public var managedLoop: ManagedLoop?
    /// What its code can still come to; nil where that was not looked for.
    public var codeAhead: CodeAhead?
    /// Kernel stack where permitted, innermost first.
    public var kernelStack: [String]?
    /// For a thread that ran: digests of its registers and innermost stack in a few quick looks. One that comes
    /// back in a later snapshot means that the thread went round without getting anywhere.
    public var looks: [UInt64]?
    /// For a thread that ran: whether, within one look, its registers and stack and all that the process may write to came to be
    /// what they had been; nil where that could not be seen.
    public var comesBack: Bool?
    /// For a thread that ran: the descriptor of which all system calls that it was met after gave 0, as reads do at the end of what can be read; nil on other machines than x86-64.
    public var emptyReadsOf: Int32?
    /// The same without its registers and its own stack, for what keeps nothing there from one instruction of its language to the next.
    public var memoryComesBack: Bool?
    /// For a thread that ran: bytes that it read and wrote so far (rchar and wchar of its io file).
    public var transferred_bytes: UInt64?
    public var pause: ThreadPause
    /// Id of the Swift task that runs on this thread.
    public var currentTask: UInt64?

    public init(
        pid: Int32, tid: Int32, name: String, state: String,
        stack: Observed<[Frame]> = .unavailable(reason: "not captured")
    ) {
        self.pid = pid
        self.tid = tid
        self.name = name
        self.state = state
        self.cpu = CPUTime()
        self.stack = stack
        self.pause = ThreadPause(method: .none, duration_ms: 0)
    }

    public var isMain: Bool { pid == tid }
}

/// How a thread was looked at, and how long that held it up.
public struct ThreadPause: Codable, Sendable, Hashable {
    public enum Method: String, Codable, Sendable, Hashable {
        /// Stopped with PTRACE_INTERRUPT for as long as its stack was copied.
        case stopped
        /// Read while it slept: a stop would have shown no more, or would end its system call (signal(7)).
        case readWithoutStopping
        /// Only /proc was read.
        case none
    }
    public var method: Method
    public var duration_ms: Double

    public init(method: Method, duration_ms: Double) {
        self.method = method
        self.duration_ms = duration_ms
    }
}

/// The system call a thread is in: /proc/PID/task/TID/syscall, proc(5).
public struct SyscallRecord: Codable, Sendable, Hashable {
    public var number: Int
    /// Name for the machine's architecture, such as "futex"; "syscall-N" when unknown.
    public var name: String
    /// The six argument registers.
    public var arguments: [UInt64]
    public var stackPointer: UInt64
    public var programCounter: UInt64

    public init(
        number: Int, name: String, arguments: [UInt64], stackPointer: UInt64 = 0, programCounter: UInt64 = 0
    ) {
        self.number = number
        self.name = name
        self.arguments = arguments
        self.stackPointer = stackPointer
        self.programCounter = programCounter
    }
}

/// One stack frame.
public struct Frame: Codable, Sendable, Hashable {
    public var programCounter: UInt64
    /// Demangled and shortened as people write it, such as `LLMClient.complete(_:)`.
    public var function: String?
    /// The name as the symbol table has it, when it differs.
    public var symbol: String?
    /// Bytes from the symbol's start.
    public var offset: UInt64?
    /// Path of the module that holds the code.
    public var module: String?
    public var file: String?
    public var line: Int?
    public var column: Int?
    /// Inlined into the next outer frame that is not.
    public var isInlined: Bool
    /// A Swift async caller that is not on the physical stack.
    public var isAsync: Bool

    public init(
        programCounter: UInt64, function: String? = nil, module: String? = nil, file: String? = nil, line: Int? = nil,
        isInlined: Bool = false, isAsync: Bool = false
    ) {
        self.programCounter = programCounter
        self.function = function
        self.module = module
        self.file = file
        self.line = line
        self.isInlined = isInlined
        self.isAsync = isAsync
    }
}
