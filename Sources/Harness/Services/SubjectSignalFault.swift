internal import Evidence
internal import Faults
internal import Glibc
internal import Processes

/// Stops the subject (SIGSTOP); healing lets it go on. The subject is a process the harness started.
struct SubjectSignalFault: Fault {
    let id: String
    let signal: String
    let subject: @Sendable () -> ProcessIdentity?

    func arm() async throws {
        guard ["STOP", "SIGSTOP"].contains(signal.uppercased()) else {
            throw FaultError(code: "bad-option", message: "Signal \(signal) cannot be healed", remedy: "Use signal: STOP.")
        }
        if let subject = subject(), subject.isAlive { kill(subject.pid, SIGSTOP) }
    }

    func heal() async {
        if let subject = subject(), subject.isAlive { kill(subject.pid, SIGCONT) }
    }
}
