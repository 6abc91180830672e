/// Bounds of a capture: whatever the target is like, it ends.
package struct CaptureLimits: Sendable, Hashable {
    /// Threads read of one process.
    package var threads = 20_000
    /// The subject and its descendants, at most.
    package var descendants = 256
    /// Frames of one thread; deeper ones are left out, and said to be.
    package var frames = 512
    /// Bytes of a stack copied while its thread stands; what lies deeper is read afterwards.
    package var stack_bytes = 64 << 10
    /// Longest wait for one thread to stop.
    package var stopPatience_ms: UInt32 = 100
    /// Descriptors read of one process.
    package var descriptors = 100_000
    /// Real time for the whole capture.
    package var time: Duration = .seconds(20)

    package init() {}
}

/// Bounds on following waits into other processes.
package struct FollowLimits: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Only the subject and its descendants.
        case none
        /// Also who holds what they wait for, read without stopping.
        case standard = "default"
        /// As above, with their threads stopped one by one for their stacks.
        case full
    }
    package var mode: Mode = .standard
    /// Steps from the subject.
    package var depth = 4
    package var processes = 32
    package var time: Duration = .seconds(5)

    package init(mode: Mode = .standard) { self.mode = mode }
}

/// What a capture does, and how gently.
package struct CaptureOptions: Sendable {
    package var stopMode = StopMode.perThread
    package var follow = FollowLimits()
    package var limits = CaptureLimits()
    /// Looks again and again, for up to a second, at threads that run: whether they go round in a circle. Of use where another snapshot
    /// is compared with this one.
    package var looksForLoops = false
    /// Salt of the environment's digests: the same for recordings that are to be compared.
    package var salt = ""
    /// Records the environment's values too, not only their digests.
    package var showsEnvironment = false
    package var taskForest: TaskForestHook?
    /// Runtimes of other languages, each asked in turn.
    package var managedRuntimes: [ManagedRuntimeHook] = []
    /// Test hook: where the tracer halts, to be killed there.
    package var halt = HaltPoint.never

    package init() {}
}
