package import Archive
package import Evidence
internal import FoundationEssentials
internal import Processes
package import Scenario

/// One plan, one variant, one run: arms, starts, watches, captures, heals, cleans up.
///
/// What happened is recorded here and judged elsewhere. Cancelling the task that runs it heals, cleans
/// up and keeps what was recorded.
package struct VariantRun: Sendable {
    package var plan: Plan
    package var variant: Variant
    /// The report's directory; the run goes into the variant's folder in it.
    package var report: ReportDirectory
    package var tools: Tools
    /// Salt of the digests of environment values: equal for the runs that are compared.
    package var salt: String
    /// Where to capture: the point at which another run stood still.
    package var capturePoint: EventKey?
    /// Called when the subject stands still; the run goes on when it returns.
    package var hold: (@Sendable (ProcessIdentity) async -> Void)?
    package var progress: @Sendable (RunProgress) -> Void

    package init(
        plan: Plan, variant: Variant, report: ReportDirectory, tools: Tools, salt: String, capturePoint: EventKey? = nil,
        progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
    ) {
        self.plan = plan
        self.variant = variant
        self.report = report
        self.tools = tools
        self.salt = salt
        self.capturePoint = capturePoint
        self.progress = progress
    }

    /// Runs to the end and returns the header as written; everything else is in the directory.
    ///
    /// - Throws: `HarnessError` when the run could not be made, `CancellationError` when it was cancelled;
    ///   what was recorded until then stays, and everything started has been ended.
    package func run() async throws -> RunHeader {
        let interruption = Latch<Void>()
        // The processes of a run have working directories of their own.
        var plan = plan
        plan.folder = Self.absolute(plan.folder)
        let place = ReportDirectory(path: Self.absolute(report.path))
        let request = RunRequest(
            plan: plan, variant: variant, directory: place.variant(variant.name),
            truthDirectory: "\(place.path)/\(ReportDirectory.File.truth)", tools: tools, capturePoint: capturePoint, salt: salt,
            interruption: interruption, hold: hold, onProgress: progress)
        // Not cancelled itself: cleaning up must run to its end.
        let execution = Task.detached { try await RunExecution(request).run() }
        return try await withTaskCancellationHandler {
            do {
                return try await execution.value
            } catch let error as HarnessError where error.kind == .interrupted {
                throw CancellationError()
            }
        } onCancel: {
            interruption.set(())
        }
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
