/// One observed run of a subject: header, timeline, samples, store rows and snapshots.
///
/// On disk it is a directory (`RunFile`); `Archive` writes and reads it.
public struct Run: Sendable, Hashable {
    public var header: RunHeader
    /// In order of time.
    public var events: [Event]
    public var samples: [Sample]
    public var store: [StoreRecord]
    public var snapshots: [Snapshot]

    public init(
        header: RunHeader, events: [Event] = [], samples: [Sample] = [], store: [StoreRecord] = [],
        snapshots: [Snapshot] = []
    ) {
        self.header = header
        self.events = events
        self.samples = samples
        self.store = store
        self.snapshots = snapshots
    }
}

/// The facts of a run as a whole: run.json.
public struct RunHeader: Codable, Sendable, Hashable {
    public static let schemaVersion = "1.0"

    public var schemaVersion: String
    public var startedAt: Moment
    public var endedAt: Moment?
    public var clocks: ClockReading
    public var host: HostRecord
    /// Scenario seconds in one real second; 1 outside a scenario.
    public var timeScale: Double
    public var subject: ProcessIdentity?
    public var subjectName: String?
    /// What the driver of the workload saw at the end.
    public var workload: WorkloadRecord?
    public var alarms: [AlarmRecord]
    /// How the subject ended, where it did: exit status or signal.
    public var exitStatus: Int32?
    public var exitSignal: Int32?
    /// True when Hangscope ended the subject itself after the observation.
    public var endedByObserver: Bool
    /// The last work event before the first alarm: where a run with which this is compared is captured.
    public var standstill: EventKey?
    /// Scenario seconds without work after which the scenario's watchdog takes it to stand still, where it has such a rule.
    public var patience_s: Double?
    /// What the subject was started with, values left out: a subject that has ended shows it no more.
    public var environment: [EnvironmentEntry]?
    /// Statuses that end a job, where the scenario names them.
    public var statusWords: StatusWords?
    public var unobserved: [Unobserved]

    public init(startedAt: Moment, clocks: ClockReading, host: HostRecord, timeScale: Double = 1) {
        self.schemaVersion = Self.schemaVersion
        self.startedAt = startedAt
        self.clocks = clocks
        self.host = host
        self.timeScale = timeScale
        self.alarms = []
        self.endedByObserver = false
        self.unobserved = []
    }
}

/// What the client that drove the workload got, step by step.
public struct WorkloadRecord: Codable, Sendable, Hashable {
    public enum End: String, Codable, Sendable, Hashable {
        /// Every step succeeded.
        case completed
        /// A step got a definite answer other than the one awaited, such as status FAILED.
        case failed
        /// A step still waited when the observation ended or its own limit passed.
        case unfinished
    }
    public var end: End
    /// The step that failed or was not finished, in words, such as "await job 1: status COMPLETED".
    public var step: String?
    public var detail: String?
    /// The last answer seen for that step.
    public var lastAnswer: JSONValue?

    public init(end: End, step: String? = nil, detail: String? = nil, lastAnswer: JSONValue? = nil) {
        self.end = end
        self.step = step
        self.detail = detail
        self.lastAnswer = lastAnswer
    }
}

/// A watchdog rule that fired.
public struct AlarmRecord: Codable, Sendable, Hashable {
    public enum Rule: String, Codable, Sendable, Hashable {
        case noWork = "no-work"
        case noEvent = "no-event"
        case deadline
        case busyLoop = "busy-loop"
    }
    public var at: Moment
    public var rule: Rule
    /// The threshold, in seconds of scenario time (real time outside a scenario).
    public var threshold_s: Double
    /// What was missing, in words, such as "no work event of job 1 for 60 s; the last was `llm.token`".
    public var detail: String
    public var job: String?

    public init(at: Moment, rule: Rule, threshold_s: Double, detail: String, job: String? = nil) {
        self.at = at
        self.rule = rule
        self.threshold_s = threshold_s
        self.detail = detail
        self.job = job
    }
}

/// Rows of a subject's store at one time: a line of store.jsonl.
public struct StoreRecord: Codable, Sendable, Hashable {
    public var at: Moment
    /// Name of the query or table, such as "jobs".
    public var name: String
    public var rows: [[String: JSONValue]]
    /// Why it could not be read, such as "database is locked"; rows are empty then.
    public var error: String?

    public init(at: Moment, name: String, rows: [[String: JSONValue]], error: String? = nil) {
        self.at = at
        self.name = name
        self.rows = rows
        self.error = error
    }
}
