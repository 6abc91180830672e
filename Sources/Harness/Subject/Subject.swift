package import Evidence
package import Processes

/// The process under observation: started, waited for until it is ready, stopped.
///
/// Implementations differ in how a subject is told what to do and how it says that it is ready.
package protocol Subject: Sendable {
    /// Base address for requests without one of their own; nil when it has none, or not yet.
    var address: String? { get }
    /// Starts it; its output goes where the request says.
    func start(_ spawner: any ProcessSpawner, stdout: OwnedDescriptor, stderr: OwnedDescriptor) async throws -> ChildProcess
    /// Sees everything it writes; answers whether it is ready by that.
    func observe(_ event: Event, line: String)
    /// Returns when it is ready; throws `CancellationError` when cancelled. Its own limit is `readyWithin`.
    func ready() async throws
    var readyWithin: Duration { get }
    /// What to look at when it does not get ready, for people.
    var readySign: String { get }
}
