/// What a diagnosis may be told besides the evidence.
package struct DiagnosisOptions: Sendable, Hashable {
    /// Real seconds after which a wait that should end counts as a hang.
    package var hungAfter_s: Double

    package init(hungAfter_s: Double = 5) { self.hungAfter_s = hungAfter_s }
}
