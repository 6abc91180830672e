internal import ArgumentParser
internal import Diagnosis
internal import Evidence
internal import Foundation
internal import Reporting
internal import Scenario

struct ReproduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce", abstract: "Run a scenario hanging and working, compare the runs, and name the cause.",
        discussion: "Exits 0 when every variant came to what the scenario expects, 1 when not, 2 when the verdict is unknown.")

    @Argument(help: "The scenario file.") var scenario: String
    @Option(name: [.customShort("o"), .long], help: "Folder of the reports.") var output = "reports"
    @Option(help: "text, or json: the verdict, and nothing else on standard output.") var format = OutputFormat.text
    @Option(help: "Run only this variant; may be given several times. Without it: hanging and working.") var variant: [String] = []
    @Flag(help: "Keep the hang standing until Enter is pressed, to look at it with tools of your own.") var hold = false
    @Flag(help: "Run all variants, the fixed one too.") var all = false

    func run() async throws {
        let plan: Plan
        do {
            plan = try ScenarioLoader(vocabulary: await VocabularySource.current().announced()).load(path: scenario)
        } catch {
            complain("\(error)")
            throw ExitCode(64)
        }
        for name in variant where plan.variant(name) == nil {
            throw ValidationError("\(scenario) has no variant \(name); it has \(plan.variants.map(\.name).joined(separator: ", "))")
        }
        var runner = ScenarioRunner(path: scenario, plan: plan, output: output)
        runner.only = Set(variant)
        if variant.isEmpty && !all { runner.only = Set(plan.variants.map(\.name)).subtracting(["fixed"]) }
        let display = ProgressDisplay()
        runner.progress = { display.show($0) }
        if hold { runner.hold = { await Self.hold($0, display) } }
        let outcome: ScenarioRunner.Outcome
        do {
            outcome = try await Interruption.during { [runner] in try await runner.run() }
        } catch {
            display.finish()
            complain("\(error)")
            throw ExitCode(70)
        }
        display.finish()
        try show(outcome)
    }

    /// Says who stands still, and waits for a line (or the end) of standard input.
    private static func hold(_ subject: ProcessIdentity, _ display: ProgressDisplay) async {
        display.finish()
        complain("holding pid \(subject.pid): it stands still; Enter goes on")
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                _ = readLine()
                continuation.resume()
            }
        }
    }

    private func show(_ outcome: ScenarioRunner.Outcome) throws {
        let isColoured = isatty(1) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        let summary = TextRenderer(style: TextStyle(width: min(TerminalSize.columns, 110), isColoured: isColoured && format == .text))
            .summary(outcome.report)
        if format == .json {
            let files = try JSONRenderer().render(outcome.report)
            print(files.first?.text ?? "{}")
            complain(summary)
        } else {
            print(summary)
        }
        for (variant, error) in outcome.failures { complain("\(variant): \(error)") }
        if outcome.wasInterrupted { throw ExitCode(130) }
        if let code = outcome.failures.map({ Failure.exitCode(of: $0.error) }).max() { throw ExitCode(code) }
        try Self.exit(for: outcome.report)
    }

    /// 0 met, 1 not met, 2 when a verdict that matters is unknown, 69 when nothing could run for want of a capability.
    static func exit(for report: Report) throws {
        if report.runs.isEmpty { throw ExitCode(report.skipped.isEmpty ? 70 : 69) }
        let disappointing = report.runs.filter { $0.expectation?.isMet == false }
        if disappointing.isEmpty { return }
        throw ExitCode(disappointing.allSatisfy { $0.assessment.verdict == .unknown } ? 2 : 1)
    }
}
