package import Evidence

/// "`from` waits for `to`", since when, and how that is known.
package struct WaitEdge: Hashable, Sendable {
    package var from: NodeKey
    package var to: NodeKey
    package var relation: Relation
    /// Real seconds; nil when it cannot be told.
    package var since_s: Double?
    /// Such as "owner field of pthread_mutex_t".
    package var knownFrom: String
    package var evidence: [EvidencePath]
    /// The waiter is in the middle of an operation, rather than maybe parked where it waits for work.
    package var isCommitted: Bool

    package init(
        from: NodeKey, to: NodeKey, relation: Relation, since_s: Double? = nil, knownFrom: String,
        evidence: [EvidencePath], isCommitted: Bool = false
    ) {
        self.from = from
        self.to = to
        self.relation = relation
        self.since_s = since_s
        self.knownFrom = knownFrom
        self.evidence = evidence
        self.isCommitted = isCommitted
    }
}
