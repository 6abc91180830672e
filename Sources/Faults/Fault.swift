/// Something that can be made to go wrong, and put right again.
///
/// Arming is told what to do by its own value. Healing is idempotent, may be called
/// without arming, and runs whatever happens (`FaultLedger` sees to that); a healed
/// fault can be armed again.
package protocol Fault: Sendable {
    /// Name for the record of what was armed, such as "llm-stall".
    var id: String { get }
    /// Takes what arming will need (starts a process, say), so that arming itself is quick.
    /// Optional: `arm` works without it.
    func prepare() async throws
    func arm() async throws
    func heal() async
    /// Gives up what `prepare` or `arm` took for good; heals first where that is needed.
    func end() async
}

extension Fault {
    package func prepare() async throws {}
    package func end() async { await heal() }
}
