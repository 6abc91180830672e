package import Evidence
internal import Glibc

/// A process that was started here and not by anybody else.
///
/// Signals go through whoever is its parent, which has not reaped it when it sends one, so they can
/// never reach a later process with the same pid.
package final class ChildProcess: Sendable {
    /// The other ends of the streams that were asked for as pipes.
    package struct Pipes: Sendable {
        package var input: PipeWriter?
        package var output: OwnedDescriptor?
        package var error: OwnedDescriptor?
    }

    package let identity: ProcessIdentity
    package let pipes: Pipes
    private let exit: Latch<ExitStatus>
    private let sender: @Sendable (_ signal: Int32, _ toGroup: Bool) -> Void

    init(
        identity: ProcessIdentity, pipes: Pipes, exit: Latch<ExitStatus>,
        sender: @escaping @Sendable (_ signal: Int32, _ toGroup: Bool) -> Void
    ) {
        self.identity = identity
        self.pipes = pipes
        self.exit = exit
        self.sender = sender
    }

    package var pid: Int32 { identity.pid }

    /// How it ended; nil while it runs.
    package var exitStatus: ExitStatus? { exit.value }

    /// Waits until it ends; nil only when the waiting task is cancelled.
    package func wait() async -> ExitStatus? { await exit.wait() }

    /// Waits until it ends, but no longer than so much real time.
    package func wait(for limit: Duration) async -> ExitStatus? { await exit.wait(for: limit) }

    /// Sends a signal to it, or to its process group; nothing happens when it has ended.
    package func signal(_ number: Int32, toGroup: Bool = false) { sender(number, toGroup) }

    /// Ends it and its process group: SIGTERM, and SIGKILL when it is still there after `grace` of real time.
    ///
    /// Runs to its end also when the calling task is cancelled.
    @discardableResult
    package func end(grace: Duration) async -> ExitStatus {
        let ending = Task.detached { [self] in
            if exitStatus == nil && grace > .zero {
                sender(SIGTERM, true)
                sender(SIGCONT, true)
                _ = await exit.wait(for: grace)
            }
            sender(SIGKILL, true)
            return await exit.wait() ?? .signalled(SIGKILL)
        }
        return await ending.value
    }
}
