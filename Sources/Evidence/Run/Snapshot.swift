/// Everything captured from a standing process, and from those it waits for, at one time.
///
/// The tables are flat: each row names its process. A reference to a row is written
/// `threads.json#/3`, the JSON pointer of the row in the table's file (`SnapshotFile`).
public struct Snapshot: Codable, Sendable, Hashable {
    /// Major version changes when a reader of the former one would misread it.
    public static let schemaVersion = "1.0"

    public var schemaVersion: String
    /// 1 for a run's first snapshot, 2 for the second ...
    public var ordinal: Int
    public var reason: SnapshotReason
    /// When the capture began.
    public var takenAt: Moment
    public var clocks: ClockReading
    public var host: HostRecord
    /// The process that was asked about.
    public var subject: ProcessIdentity
    public var processes: Observed<[ProcessRecord]>
    public var threads: Observed<[ThreadRecord]>
    public var tasks: Observed<[TaskRecord]>
    public var actors: Observed<[ActorRecord]>
    public var descriptors: Observed<[Descriptor]>
    public var pipes: Observed<[PipeRecord]>
    public var sockets: Observed<[SocketRecord]>
    public var locks: Observed<[FileLock]>
    public var modules: Observed<[ModuleRecord]>
    public var environment: Observed<[EnvironmentEntry]>
    public var cost: CaptureCost
    public var unobserved: [Unobserved]
    /// Rows at the ends of the tables that come from other recordings; nil in what is captured.
    public var joined: [JoinedRows]?

    public init(ordinal: Int = 1, reason: SnapshotReason, takenAt: Moment, clocks: ClockReading, host: HostRecord, subject: ProcessIdentity) {
        self.schemaVersion = Self.schemaVersion
        self.ordinal = ordinal
        self.reason = reason
        self.takenAt = takenAt
        self.clocks = clocks
        self.host = host
        self.subject = subject
        let nothing = "not captured"
        processes = .unavailable(reason: nothing)
        threads = .unavailable(reason: nothing)
        tasks = .unavailable(reason: nothing)
        actors = .unavailable(reason: nothing)
        descriptors = .unavailable(reason: nothing)
        pipes = .unavailable(reason: nothing)
        sockets = .unavailable(reason: nothing)
        locks = .unavailable(reason: nothing)
        modules = .unavailable(reason: nothing)
        environment = .unavailable(reason: nothing)
        cost = CaptureCost()
        unobserved = []
    }
}

/// Which rows of a snapshot were taken from another recording, and where they lie there.
public struct JoinedRows: Codable, Sendable, Hashable {
    public struct Table: Codable, Sendable, Hashable {
        /// Index of the first of them in this snapshot's table.
        public var first: Int
        /// For each, in order, its index in the other recording's table.
        public var rows: [Int]

        public init(first: Int, rows: [Int]) {
            self.first = first
            self.rows = rows
        }
    }
    /// Folder of the other recording, as it was named.
    public var directory: String
    public var ordinal: Int
    /// By `SnapshotFile`.
    public var tables: [String: Table] = [:]

    public init(directory: String, ordinal: Int) {
        self.directory = directory
        self.ordinal = ordinal
    }
}

/// Why a snapshot was taken.
public enum SnapshotReason: String, Codable, Sendable, Hashable {
    /// Somebody asked for it.
    case requested
    /// A watchdog rule raised an alarm.
    case alarm
    /// A later look at the same hang, to see what stayed.
    case confirmation
    /// The working run reached the point at which the other one stood still.
    case samePoint
}

/// The machine a snapshot was taken on.
public struct HostRecord: Codable, Sendable, Hashable {
    public var name: String
    public var kernel: String
    public var architecture: String
    /// /proc/sys/kernel/random/boot_id: equal for evidence from one boot of one machine.
    public var bootID: String
    public var processors: Int

    public init(name: String, kernel: String, architecture: String, bootID: String, processors: Int) {
        self.name = name
        self.kernel = kernel
        self.architecture = architecture
        self.bootID = bootID
        self.processors = processors
    }
}

/// What looking cost the target, and how much was seen.
public struct CaptureCost: Codable, Sendable, Hashable {
    /// Real time during which any thread of the target was stopped.
    public var stopped_ms: Double
    public var longestThreadPause_ms: Double
    /// Real time of the whole capture.
    public var wall_ms: Double
    public var threads: Int
    public var threadsReadWithoutStopping: Int
    public var frames: Int
    public var processes: Int
    public var tasks: Int

    public init() {
        stopped_ms = 0
        longestThreadPause_ms = 0
        wall_ms = 0
        threads = 0
        threadsReadWithoutStopping = 0
        frames = 0
        processes = 0
        tasks = 0
    }
}
