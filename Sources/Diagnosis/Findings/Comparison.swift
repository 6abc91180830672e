public import Evidence

/// Two runs laid side by side: where they part, and what differs.
public struct Comparison: Codable, Sendable, Hashable {
    /// The last point of the work that both runs reached.
    public var lastCommonPoint: EventKey?
    /// The first work event that the working run has and the other never reached.
    public var firstMissing: EventKey?
    public var differences: [Difference]

    public init(lastCommonPoint: EventKey? = nil, firstMissing: EventKey? = nil, differences: [Difference] = []) {
        self.lastCommonPoint = lastCommonPoint
        self.firstMissing = firstMissing
        self.differences = differences
    }

    /// One thing that is not the same in both runs, at the same point of the work.
    public struct Difference: Codable, Sendable, Hashable {
        public enum Area: String, Codable, Sendable, Hashable {
            case threads, tasks, sockets, locks, descriptors, pipes, processes, environment, modules, samples, events, store
        }
        public var area: Area
        /// What differs, such as "connection to 127.0.0.1:9002".
        public var subject: String
        /// How it stood in the working run; nil when it was not there.
        public var working: String?
        /// How it stood in the hanging run; nil when it was not there.
        public var hanging: String?
        /// Bears on the root cause; the report marks it.
        public var isSignificant: Bool
        public var workingEvidence: EvidencePath?
        public var hangingEvidence: EvidencePath?

        public init(
            area: Area, subject: String, working: String?, hanging: String?, isSignificant: Bool = false,
            workingEvidence: EvidencePath? = nil, hangingEvidence: EvidencePath? = nil
        ) {
            self.area = area
            self.subject = subject
            self.working = working
            self.hanging = hanging
            self.isSignificant = isSignificant
            self.workingEvidence = workingEvidence
            self.hangingEvidence = hangingEvidence
        }
    }
}
