extension Event {
    /// What an event tells beyond its kind, in words that are the same for every program.
    ///
    /// Said by whoever wrote the event (`"means"` in a JSON line), or by the scenario that knows
    /// its program's words (`events:`, a probe's `means`). Rules go by this, never by a name.
    public enum Meaning: String, Codable, Sendable, Hashable, CaseIterable {
        /// A job was taken in; nobody has begun it.
        case accepted
        /// A job, or a part of one, was begun.
        case started
        /// A request went out to somebody else.
        case request
        /// An answer came, or a piece of one.
        case answer
        /// A part of a job is done.
        case finished
        /// A result was stored.
        case saved
        /// Work was cancelled, and has ended.
        case cancelled
        /// The job as a whole has ended.
        case ended
        /// The job as a whole has ended badly.
        case failed
        /// Something was tried in vain: an attempt, a request, a write.
        case error
        /// The job's own deadline passed.
        case deadline
        /// Somebody looked whether the work has ended.
        case look
        /// A part of the system is switched off.
        case disabled
        /// What the system says of its own health.
        case health

        /// The kind of an event that means this, where its writer states none.
        public var kind: Kind {
            switch self {
            case .accepted, .started, .request, .answer, .finished, .saved, .cancelled, .ended, .failed: .work
            case .error, .look, .disabled: .log
            case .deadline: .timer
            case .health: .probe
            }
        }
    }

    /// A word of the scenario's for what an event is: a kind, or a meaning with its kind.
    public struct Sense: Codable, Sendable, Hashable {
        public var kind: Kind
        public var means: Meaning?

        public init(_ kind: Kind, _ means: Meaning? = nil) {
            self.kind = kind
            self.means = means
        }

        /// Kinds that a subject may state.
        public static let kinds: [Kind] = [.work, .progress, .status, .timer, .spanStart, .spanEnd, .log]
        public static let words = kinds.map(\.rawValue) + Meaning.allCases.map(\.rawValue)

        public init?(word: String) {
            if let kind = Self.kinds.first(where: { $0.rawValue == word }) {
                self.init(kind)
            } else if let means = Meaning(rawValue: word) {
                self.init(means.kind, means)
            } else {
                return nil
            }
        }
    }
}

/// The words of a program: what its events mean, and how it calls the members of its JSON lines.
public struct EventWords: Codable, Sendable, Hashable {
    /// The program's member for each of ours (`canonical`).
    public var members: [String: String]
    /// By the event's name.
    public var means: [String: Event.Sense]
    /// Statuses that end a job.
    public var statuses: StatusWords

    public init(members: [String: String] = [:], means: [String: Event.Sense] = [:], statuses: StatusWords = StatusWords()) {
        self.members = members
        self.means = means
        self.statuses = statuses
    }

    /// What a scenario may rename: its word, and the member of a line as it is otherwise called.
    public static let canonical: [String: String] = [
        "event": "event", "kind": "kind", "means": "means", "message": "message", "level": "level", "job": "job.id", "span": "span", "span-id": "span.id",
        "parent-span": "parent.id", "progress": "progress", "status": "status", "error": "error.message", "endpoint": "endpoint", "model": "model",
        "attempt": "attempt", "after": "after_s", "parent": "parent.job", "enabled": "enabled",
    ]
}

/// Which statuses end a job: those that the scenario waits for, and otherwise what such statuses are usually called.
public struct StatusWords: Codable, Sendable, Hashable {
    public enum End: Sendable, Hashable { case well, badly }
    public var well: [String]
    public var badly: [String]

    public init(well: [String] = [], badly: [String] = []) {
        self.well = well
        self.badly = badly
    }

    private static let usualWell: Set<String> = ["COMPLETED", "COMPLETE", "DONE", "SUCCESS", "SUCCEEDED", "PARTIAL_SUCCESS"]
    private static let usualBadly: Set<String> = ["FAILED", "ERROR", "CANCELLED", "TIMEOUT"]

    /// How a job with this status has ended; nil while it has not.
    public func end(_ status: String) -> End? {
        if well.contains(status) { return .well }
        if badly.contains(status) { return .badly }
        let upper = status.uppercased()
        if Self.usualWell.contains(upper) { return .well }
        return Self.usualBadly.contains(upper) ? .badly : nil
    }

    /// How the job of an event has ended by it; nil when the event does not say so.
    public func end(_ event: Event) -> End? {
        if event.means == .failed { return .badly }
        guard event.kind == .status || event.means == .ended else { return nil }
        if let status = event.attributes["status"]?.text, let end = end(status) { return end }
        guard event.means == .ended else { return nil }
        return event.attributes["error.type"] != nil || event.attributes["error.message"] != nil ? .badly : .well
    }
}
