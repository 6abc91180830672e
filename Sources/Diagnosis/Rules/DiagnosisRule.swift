package import Evidence
package import WaitGraph

/// One cause, or a family of them, looked for in the evidence. Total: never traps, whatever it is given.
package protocol DiagnosisRule: Sendable {
    /// The causes it can support.
    var causes: [Cause] { get }
    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome
}

package enum RuleOutcome: Sendable {
    case supported([Candidate])
    /// Looked for and ruled out, with the fact that does so.
    case refuted(Cause, because: String)
    /// The evidence does not tell; nil when there was nothing to ask.
    case unknown(String?)
}

/// A cause that the evidence supports, before it is ranked against the others.
package struct Candidate: Sendable {
    package var cause: Cause
    package var role: Role
    /// One sentence with names, numbers and times.
    package var summary: String
    package var standstill: Standstill?
    /// Steps in front of the standstill's: job and spans.
    package var lead: [ChainLink] = []
    package var cited: [CitedEvidence]
    /// The concrete remedy, where more is known than the catalogue's.
    package var remedy: String?
    package var waiting: Int
    /// Real seconds since when.
    package var since_s: Double?
    /// Shown by two looks apart in time.
    package var isPersistent = false
    /// How directly the evidence names it: a candidate with a higher rank explains one with a lower.
    package var rank: Int = 0

    package init(
        _ cause: Cause, _ role: Role, summary: String, standstill: Standstill? = nil, cited: [CitedEvidence], waiting: Int = 1,
        since_s: Double? = nil
    ) {
        self.cause = cause
        self.role = role
        self.summary = summary
        self.standstill = standstill
        self.cited = cited
        self.waiting = standstill?.waiting ?? waiting
        self.since_s = since_s
    }
}
