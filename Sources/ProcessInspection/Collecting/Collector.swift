package import Evidence

/// Gathers one section of a snapshot from a live process.
///
/// Never throws and never traps: what it could not see it says, as `partial` or `unavailable`
/// with a reason, so that one failing collector costs its own section only.
package protocol Collector<Section>: Sendable {
    associatedtype Section

    /// - Parameter deadline: when to stop and hand over what there is, as `partial`.
    func collect(from target: CaptureTarget, deadline: ContinuousClock.Instant) -> Observed<Section>
}

/// A process that is looked at, by its identity, with ways to its memory and its /proc files.
package struct CaptureTarget: Sendable {
    package let identity: ProcessIdentity
    package let memory: any MemoryReader
    package let proc: ProcDirectory
    /// Why its system calls and stacks cannot be read: a program for another processor than x86-64, as 32-bit ones are. nil as a rule.
    package let foreign: String?

    package init(identity: ProcessIdentity, memory: any MemoryReader, proc: ProcDirectory) {
        self.identity = identity
        self.memory = memory
        self.proc = proc
        foreign = proc.foreignProgram()
    }

    /// Throws `ProcFSError` when there is no such process.
    package init(pid: Int32) throws(ProcFSError) {
        let proc = ProcDirectory(pid: pid)
        let stat = try proc.stat()
        self.init(
            identity: ProcessIdentity(pid: pid, startTicks: stat.startTicks),
            memory: LiveMemory(pid: proc.livingThread() ?? pid), proc: proc)
    }

    package var pid: Int32 { identity.pid }
}
