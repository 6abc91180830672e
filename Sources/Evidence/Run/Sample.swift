/// A cheap reading of a process without stopping it: a line of samples.jsonl.
public struct Sample: Codable, Sendable, Hashable {
    public var at: Moment
    public var process: ProcessIdentity
    public var cpu: CPUTime
    public var resident_bytes: UInt64?
    public var descriptorCount: Int?
    public var threads: [ThreadSample]
    public var sockets: [SocketSample]
    /// Bytes the process read and wrote so far (/proc/PID/io rchar, wchar).
    public var read_bytes: UInt64?
    public var written_bytes: UInt64?
    /// Depths and gauges by name, such as "jobs.queued", where the subject or a probe tells them.
    public var gauges: [String: Double]

    public init(at: Moment, process: ProcessIdentity, cpu: CPUTime = CPUTime()) {
        self.at = at
        self.process = process
        self.cpu = cpu
        self.threads = []
        self.sockets = []
        self.gauges = [:]
    }
}

/// One thread at one sample.
public struct ThreadSample: Codable, Sendable, Hashable {
    public var tid: Int32
    public var state: String
    public var cpu_s: Double
    /// System call number, -1 when in user code or running; nil when not read.
    public var syscall: Int?
    /// First argument of the system call: descriptor, futex address ...
    public var argument: UInt64?
    /// Voluntary plus involuntary context switches so far; nil when not read.
    public var switches: UInt64?

    public init(tid: Int32, state: String, cpu_s: Double, syscall: Int? = nil, argument: UInt64? = nil, switches: UInt64? = nil) {
        self.tid = tid
        self.state = state
        self.cpu_s = cpu_s
        self.syscall = syscall
        self.argument = argument
        self.switches = switches
    }
}

/// One connection at one sample.
public struct SocketSample: Codable, Sendable, Hashable {
    public var inode: UInt64
    public var state: SocketState
    public var receiveQueue: Int
    public var sendQueue: Int
    public var bytesReceived: UInt64?
    public var bytesSent: UInt64?

    public init(inode: UInt64, state: SocketState, receiveQueue: Int, sendQueue: Int, bytesReceived: UInt64? = nil, bytesSent: UInt64? = nil) {
        self.inode = inode
        self.state = state
        self.receiveQueue = receiveQueue
        self.sendQueue = sendQueue
        self.bytesReceived = bytesReceived
        self.bytesSent = bytesSent
    }
}
