/// The answer: what `diagnose` and `attach` print as JSON, schema 1.0.
public struct Assessment: Codable, Sendable, Hashable {
    public var schemaVersion: String
    public var verdict: Verdict
    /// The verdict and its root cause in one sentence.
    public var headline: String
    public var subject: Subject
    /// Roots first, the one with most waiting on it first of all; then contributing ones.
    public var findings: [Finding]
    public var refuted: [Refutation]
    /// Threads and tasks that are at rest and have nothing to do with it, in words.
    public var bystanders: [String]
    /// For `unknown`: what to look at next, in words.
    public var nextSteps: [String]
    public var capture: Capture

    public struct Subject: Codable, Sendable, Hashable {
        public var pid: Int32
        public var executable: String

        public init(pid: Int32, executable: String) {
            self.pid = pid
            self.executable = executable
        }
    }

    public struct Capture: Codable, Sendable, Hashable {
        public var stopped_ms: Double
        public var longest_thread_pause_ms: Double
        public var threads: Int
        public var frames: Int
        public var unobserved: [String]

        public init(stopped_ms: Double = 0, longest_thread_pause_ms: Double = 0, threads: Int = 0, frames: Int = 0, unobserved: [String] = []) {
            self.stopped_ms = stopped_ms
            self.longest_thread_pause_ms = longest_thread_pause_ms
            self.threads = threads
            self.frames = frames
            self.unobserved = unobserved
        }
    }

    public init(
        verdict: Verdict, headline: String, subject: Subject, findings: [Finding] = [], refuted: [Refutation] = [],
        bystanders: [String] = [], nextSteps: [String] = [], capture: Capture = Capture()
    ) {
        self.schemaVersion = "1.0"
        self.verdict = verdict
        self.headline = headline
        self.subject = subject
        self.findings = findings
        self.refuted = refuted
        self.bystanders = bystanders
        self.nextSteps = nextSteps
        self.capture = capture
    }

    public var root: Finding? { findings.first { $0.role == .root } }
}

/// What became of the work.
public enum Verdict: String, Codable, Sendable, Hashable, CaseIterable {
    case hang
    /// Late but advancing.
    case slow
    case advancing
    /// Waits for work that nobody has given it.
    case idle
    case failed
    case completed
    /// Not shown either way; never presented as healthy.
    case unknown
}
