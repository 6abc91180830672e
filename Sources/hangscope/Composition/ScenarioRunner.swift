internal import Archive
internal import Evidence
internal import Foundation
internal import Harness
internal import Reporting
internal import Scenario

/// Runs a scenario's variants one after the other and makes the report of them.
struct ScenarioRunner: Sendable {
    var path: String
    var plan: Plan
    /// Folder of all reports, such as "reports".
    var output: String
    /// Names of the variants to run; empty means all.
    var only: Set<String> = []
    /// Keeps the hanging variant's hang standing until it returns.
    var hold: (@Sendable (ProcessIdentity) async -> Void)?
    var progress: @Sendable (RunProgress) -> Void = { _ in }

    /// What came of it. A variant that could not be run has its error, and the others still ran.
    struct Outcome {
        var report: Report
        var directory: ReportDirectory
        var failures: [(variant: String, error: any Error)]
        var wasInterrupted: Bool
    }

    func run() async throws -> Outcome {
        let directory = try ReportDirectory.make(under: output, scenario: plan.name, time: Self.timestamp())
        if let source = FileManager.default.contents(atPath: path) { try directory.write(source, as: ReportDirectory.File.scenario) }
        try directory.write(try EvidenceCoding.encoder().encode(plan), as: ReportDirectory.File.plan)
        let salt = (0..<4).map { _ in String(UInt32.random(in: 0...UInt32.max), radix: 16) }.joined()
        var standstill: EventKey?
        var failures: [(String, any Error)] = []
        var skipped: [SkippedVariant] = []
        for variant in ordered where !Task.isCancelled {
            if let capability = Capabilities.missing(of: variant.requires) {
                skipped.append(SkippedVariant(variant: variant.name, capability: capability))
                continue
            }
            var run = VariantRun(
                plan: plan, variant: variant, report: directory, tools: .beside, salt: salt,
                capturePoint: variant.name == "hanging" ? nil : standstill, progress: progress)
            if variant.name == "hanging" { run.hold = hold }
            do {
                let header = try await run.run()
                if variant.name == "hanging" { standstill = header.standstill }
            } catch is CancellationError {
                break
            } catch let error as HarnessError {
                guard case .missingCapability(let capability) = error.kind else {
                    failures.append((variant.name, error))
                    continue
                }
                skipped.append(SkippedVariant(variant: variant.name, capability: capability))
            } catch {
                failures.append((variant.name, error))
            }
        }
        let report = ReportMaker.report(of: directory, plan: plan, skipped: skipped, command: "hangscope reproduce \(path)")
        try ReportMaker.write(report, to: directory)
        try directory.markLatest()
        if let problem = RunIndex(root: output).record(directory) { complain("warning: \(problem)") }
        return Outcome(report: report, directory: directory, failures: failures, wasInterrupted: Task.isCancelled)
    }

    /// The hanging run first: where it stands still is where the others are captured.
    private var ordered: [Variant] {
        let wanted = plan.variants.filter { only.isEmpty || only.contains($0.name) }
        return wanted.filter { $0.name == "hanging" } + wanted.filter { $0.name != "hanging" }
    }

    private static func timestamp() -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        return formatter.string(from: Date()).replacingOccurrences(of: ":", with: "-")
    }
}

extension Tools {
    /// This executable, and the job system that lies beside it.
    static var beside: Tools {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return Tools(hangscope: own, jobSystem: VocabularySource.jobSystemPath)
    }
}

/// Capabilities of this machine that scenarios may require.
enum Capabilities {
    /// The first of these that is missing; nil when all are there.
    static func missing(of names: [String]) -> String? {
        names.first { name in
            switch name {
            case "tcp-repair": MachineChecks.tcpRepair().state != .ok
            case "network-namespaces": MachineChecks.networkNamespaces().state != .ok
            case "ptrace": MachineChecks.tracingOwn().state == .missing
            default: true
            }
        }
    }
}
