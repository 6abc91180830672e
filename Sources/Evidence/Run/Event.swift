/// Something that happened in a run: a line of events.jsonl.
public struct Event: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        /// The subject did work: request sent, token received, row written.
        case work
        /// The subject displayed progress (`attributes["progress"]`, 0 to 100), which need not mean work.
        case progress
        /// The subject changed a status (`attributes["status"]`).
        case status
        /// A timer or deadline of the subject's fired.
        case timer
        case spanStart = "span.start"
        case spanEnd = "span.end"
        /// Any other structured log line of the subject.
        case log
        /// What the client that drives the workload saw: request, response, poll, connection error.
        case client
        /// A probe's reading: HTTP pointer, log pattern, file, SQLite query.
        case probe
        /// The subject was started, got ready, exited; a watchdog rule raised an alarm; a snapshot was taken.
        case harness
    }

    public var at: Moment
    public var kind: Kind
    /// What it tells beyond its kind; nil where nobody says.
    public var means: Meaning?
    /// Dotted name, such as "chunk.started"; for spans the span's name.
    public var name: String
    /// 1 for the first event of this name and subject in the run, 2 for the second ...
    public var ordinal: Int
    /// What it is about: the job's id, or nil for the process as a whole.
    public var job: String?
    public var level: String?
    public var message: String?
    /// For spans: the span, its parent, and the trace.
    public var span: String?
    public var parentSpan: String?
    public var trace: String?
    public var attributes: [String: JSONValue]

    public init(
        at: Moment, kind: Kind, name: String, ordinal: Int = 1, job: String? = nil,
        attributes: [String: JSONValue] = [:]
    ) {
        self.at = at
        self.kind = kind
        self.name = name
        self.ordinal = ordinal
        self.job = job
        self.attributes = attributes
    }

    public var key: EventKey { EventKey(name: name, ordinal: ordinal, job: job) }
}

/// "The same point of the work" in two runs: `chunk.started` number 2 of job 1.
public struct EventKey: Codable, Sendable, Hashable, CustomStringConvertible {
    public var name: String
    public var ordinal: Int
    public var job: String?

    public init(name: String, ordinal: Int, job: String?) {
        self.name = name
        self.ordinal = ordinal
        self.job = job
    }

    public var description: String {
        "`\(name)` number \(ordinal)" + (job.map { " of job \($0)" } ?? "")
    }
}
