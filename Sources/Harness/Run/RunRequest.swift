internal import Evidence
internal import Processes
internal import Scenario

/// One variant to run once.
struct RunRequest: Sendable {
    var plan: Plan
    var variant: Variant
    /// Where the run is recorded (`RunFile`).
    var directory: String
    /// Where what was armed and healed is recorded, apart from the evidence: a folder.
    var truthDirectory: String
    var tools: Tools
    /// Take a snapshot at exactly this point of the work: where the run to compare with stood still.
    var capturePoint: EventKey?
    /// Salt of the digests of environment values: one for all runs that are compared.
    var salt: String
    /// Real time between two samples.
    var sampleInterval: Duration
    /// Keeps a hang standing until it returns, so that people can look at the subject themselves.
    var hold: (@Sendable (ProcessIdentity) async -> Void)?
    /// Set from outside to end the run early and orderly.
    var interruption: Latch<Void>
    var onProgress: @Sendable (RunProgress) -> Void

    init(
        plan: Plan, variant: Variant, directory: String, truthDirectory: String, tools: Tools, capturePoint: EventKey? = nil,
        salt: String = "", sampleInterval: Duration = .milliseconds(100), interruption: Latch<Void> = Latch(),
        hold: (@Sendable (ProcessIdentity) async -> Void)? = nil, onProgress: @escaping @Sendable (RunProgress) -> Void = { _ in }
    ) {
        self.plan = plan
        self.variant = variant
        self.directory = directory
        self.truthDirectory = truthDirectory
        self.tools = tools
        self.capturePoint = capturePoint
        self.salt = salt
        self.sampleInterval = sampleInterval
        self.hold = hold
        self.interruption = interruption
        self.onProgress = onProgress
    }
}
