internal import FoundationEssentials

/// What to start, with what, and what it may keep open.
package struct SpawnRequest: Sendable {
    /// What a standard stream is connected to.
    package enum Stream: Sendable, Hashable {
        case null
        /// The same as this process's.
        case inherit
        /// For input it is read; for output it is created and appended to.
        case file(String)
        /// The other end is in `ChildProcess.pipes`.
        case pipe
        /// A descriptor of this process, which stays the caller's.
        case descriptor(Int32)
    }

    /// A path, or a name to be found in PATH.
    package var executable: String
    /// Without the program's name (argv[0] is `executable`).
    package var arguments: [String]
    /// The whole environment; nil means this process's own.
    package var environment: [String: String]?
    package var workingDirectory: String?
    package var stdin: Stream
    package var stdout: Stream
    package var stderr: Stream
    /// Other descriptors: child's number to this process's. Everything not named is closed in the child.
    package var inherited: [Int32: Int32]
    /// A process group of its own, so that it can be ended with its children.
    package var newProcessGroup: Bool
    /// Lets any process of this user trace it, also under Yama's ptrace_scope=1.
    package var allowTracing: Bool

    package init(
        executable: String, arguments: [String] = [], environment: [String: String]? = nil, workingDirectory: String? = nil,
        stdin: Stream = .null, stdout: Stream = .null, stderr: Stream = .null, inherited: [Int32: Int32] = [:],
        newProcessGroup: Bool = true, allowTracing: Bool = false
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.inherited = inherited
        self.newProcessGroup = newProcessGroup
        self.allowTracing = allowTracing
    }

    /// This process's environment.
    package static var currentEnvironment: [String: String] { ProcessInfo.processInfo.environment }
}
