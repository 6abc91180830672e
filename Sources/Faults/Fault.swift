/// Something that can be made to go wrong, and put right again.
///
/// Arming is told what to do by its own value; healing is idempotent, may be called
/// without arming, and runs whatever happens (`FaultLedger` sees to that).
package protocol Fault: Sendable {
    /// Name for the record of what was armed, such as "llm-stall".
    var id: String { get }
    func arm() async throws
    func heal() async
}
