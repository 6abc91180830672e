public import Evidence

/// One cause found in the evidence, with the waits that lead to it.
public struct Finding: Codable, Sendable, Hashable {
    public var cause: Cause
    public var role: Role
    public var confidence: Confidence
    /// One sentence with names, numbers and times.
    public var summary: String
    /// From the work that stands still to the final blocker, in order.
    public var chain: [ChainLink]
    public var evidence: [CitedEvidence]
    /// What to change, with the concrete setting where one is known.
    public var remedy: String
    /// How many units of work wait on this one, for the order among several roots.
    public var waiting: Int
    /// Equal for the same hang over repeated runs and builds; nil for contributing findings.
    public var fingerprint: String?

    public init(
        cause: Cause, role: Role, confidence: Confidence, summary: String, chain: [ChainLink] = [],
        evidence: [CitedEvidence] = [], remedy: String, waiting: Int = 1, fingerprint: String? = nil
    ) {
        self.cause = cause
        self.role = role
        self.confidence = confidence
        self.summary = summary
        self.chain = chain
        self.evidence = evidence
        self.remedy = remedy
        self.waiting = waiting
        self.fingerprint = fingerprint
    }
}

public enum Role: String, Codable, Sendable, Hashable {
    case root, contributing
}

/// How sure a finding is, weakest first.
public enum Confidence: String, Codable, Sendable, Hashable, CaseIterable, Comparable {
    /// One snapshot shows it.
    case observed
    /// Two snapshots apart in time show it unchanged.
    case persisted
    /// The working run, at the same point of the work, differs exactly here.
    case contrasted
    /// Lifting it lets the run end, and putting it back hangs it, over repeated runs.
    case proven

    public static func < (left: Confidence, right: Confidence) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// One step of the chain of waits.
public struct ChainLink: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        case job, span, task, actor, thread, process, lock, futex, descriptor, socket, pipe, file, timer, queue, peer, event
    }
    public var kind: Kind
    /// What it is, such as "task 12 `LLMClient.complete`".
    public var label: String
    /// What it does or waits for, such as "established, 0 bytes in for 41 s".
    public var detail: String
    /// Real seconds since when it has been so; nil when not known.
    public var since_s: Double?
    /// The evidence for this step.
    public var evidence: [EvidencePath]

    public init(kind: Kind, label: String, detail: String, since_s: Double? = nil, evidence: [EvidencePath] = []) {
        self.kind = kind
        self.label = label
        self.detail = detail
        self.since_s = since_s
        self.evidence = evidence
    }
}

/// A fact and where it stands.
public struct CitedEvidence: Codable, Sendable, Hashable {
    /// `EvidencePath` as text, such as "snapshots/1/threads.json#/3".
    public var ref: String
    public var text: String

    public init(_ path: EvidencePath, _ text: String) {
        self.ref = path.description
        self.text = text
    }
}

/// A cause that was looked for and ruled out.
public struct Refutation: Codable, Sendable, Hashable {
    public var cause: Cause
    public var because: String

    public init(cause: Cause, because: String) {
        self.cause = cause
        self.because = because
    }
}
