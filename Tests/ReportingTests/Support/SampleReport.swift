import Diagnosis
import Evidence
import Reporting

/// A made-up report after field case A: job 1 freezes at a displayed 85 % while the LLM's answer has stalled.
///
/// Shapes and figures follow what the reference job system shows; nothing in it was recorded.
enum SampleReport {
    static let timeScale = 60.0

    static var twoRuns: Report {
        Report(
            scenario: ScenarioSummary(
                name: "sixty-percent-hang", title: "Coverage job freezes between 60 % and 85 % while the LLM stalls",
                fieldCase: "A1 A2 A3", timeScale: timeScale, tags: ["quick"]),
            runs: [
                RunSection(
                    variant: "hanging", run: SampleRun.hanging, assessment: SampleAssessment.hanging,
                    expectation: ExpectationResult(
                        isMet: true, expected: "hang, root peer-stalled, contributing progress-simulated, cancellation-ignored",
                        found: "hang, root peer-stalled (contrasted), contributing progress-simulated, cancellation-ignored")),
                RunSection(
                    variant: "working", run: SampleRun.working, assessment: SampleAssessment.working,
                    expectation: ExpectationResult(isMet: true, expected: "completed", found: "completed")),
            ],
            comparison: SampleAssessment.comparison,
            truth: [
                TruthRecord(at: SampleRun.hangingMoment(38.2), variant: "hanging", what: "stall of service llm after 12 tokens", id: "llm-stall", action: .armed),
                TruthRecord(at: SampleRun.hangingMoment(190), variant: "hanging", what: "stall of service llm", id: "llm-stall", action: .healed),
            ],
            generatedAt_s: 1_795_230_891, toolVersion: "0.1.0", reproduceCommand: "hangscope reproduce scenarios/sixty-percent-hang.yaml",
            directory: "reports/sixty-percent-hang/2026-11-21T03-14-51")
    }

    /// What `attach` makes: one run, a snapshot, nothing expected.
    static var attached: Report {
        var run = SampleRun.hanging
        run.events = []
        run.samples = []
        run.header.timeScale = 1
        run.header.alarms = []
        run.snapshots = Array(run.snapshots.prefix(1))
        var assessment = SampleAssessment.hanging
        for index in assessment.findings.indices { assessment.findings[index].confidence = .observed }
        return Report(
            runs: [RunSection(variant: "attached", run: run, assessment: assessment)], generatedAt_s: 1_795_230_891,
            toolVersion: "0.1.0", reproduceCommand: "hangscope attach 812")
    }

    static var unknown: Report {
        let assessment = Assessment(
            verdict: .unknown, headline: "", subject: .init(pid: 812, executable: "/usr/bin/worker"),
            nextSteps: ["Look again with `--hung-after 30`: the longest wait so far is 3 s.", "Allow tracing: sysctl kernel.yama.ptrace_scope=0, or run as root."],
            capture: .init(threads: 4, unobserved: ["stacks of 4 threads: ptrace is not permitted"]))
        var report = attached
        report.runs[0].assessment = assessment
        report.runs[0].run.snapshots = []
        return report
    }

    static var empty: Report { Report(runs: [], generatedAt_s: 0, toolVersion: "") }
}
