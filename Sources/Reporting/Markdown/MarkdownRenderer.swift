import Diagnosis
import Evidence

/// report.md: for pull requests and issues, about one screen, the rest folded away.
public struct MarkdownRenderer: Renderer {
    public init() {}

    public func files(for report: RedactedReport) throws -> [RenderedFile] {
        let report = report.report
        var lines: [String] = []
        if let primary = report.primary {
            lines += head(report, primary) + findings(primary)
            lines += variants(report) + differences(report) + ruledOut(primary.assessment) + unobserved(primary)
        } else {
            lines += ["## Unknown", "", "No run was recorded."]
        }
        lines += foot(report)
        return [RenderedFile(name: ReportFiles.markdown, text: lines.joined(separator: "\n") + "\n")]
    }

    private func head(_ report: Report, _ primary: RunSection) -> [String] {
        let assessment = primary.assessment
        var lines = ["## \(Wording.verdict(assessment.verdict)): \(text(assessment.sentence))", ""]
        if let scenario = report.scenario {
            lines += ["Scenario \(code(scenario.name)), \(text(scenario.title)); variant \(code(primary.variant)).", ""]
        }
        guard let root = assessment.root else { return lines + [Wording.withoutRoot(assessment.verdict), ""] + nextSteps(assessment) }
        lines += ["Root cause \(code(root.cause.rawValue)), **\(root.confidence.rawValue)**: \(Wording.confidence(root.confidence)).", ""]
        if primary.timeScale != 1 { lines += ["Times are\(Wording.timeNote(primary.timeScale, brackets: false)).", ""] }
        lines += chain(root, timeScale: primary.timeScale)
        return lines + ["", "**What to change.** \(text(root.remedy))", ""]
    }

    private func nextSteps(_ assessment: Assessment) -> [String] {
        guard !assessment.nextSteps.isEmpty else { return [] }
        return ["What to look at next:", ""] + assessment.nextSteps.prefix(10).map { "- \(text($0))" } + [""]
    }

    private func chain(_ finding: Finding, timeScale: Double) -> [String] {
        finding.chain.prefix(30).enumerated().map { index, link in
            let since = Wording.sinceShort(link.since_s, timeScale: timeScale).map { ", for \($0)" } ?? ""
            let detail = link.detail.isEmpty ? "" : ": \(text(link.detail))"
            return "\(index + 1). \(text(link.label))\(detail)\(since)"
        }
    }

    private func findings(_ section: RunSection) -> [String] {
        let others = section.assessment.findings.filter { $0 != section.assessment.root }.prefix(20)
        guard !others.isEmpty else { return [] }
        return ["### Also found", ""] + others.map {
            "- \(code($0.cause.rawValue)) (\($0.role.rawValue), \($0.confidence.rawValue)): \(text($0.summary)) *\(text($0.remedy))*"
        } + [""]
    }

    private func variants(_ report: Report) -> [String] {
        guard report.scenario != nil else { return [] }
        var lines = ["### Runs", "", "| Variant | As expected | Expected | Found | Real time |", "| --- | --- | --- | --- | --- |"]
        for result in report.variantResults.prefix(50) {
            let status = switch result.status {
            case .met: "yes"
            case .notMet: "**no**"
            case .skipped(let capability): "skipped: \(text(capability))"
            case .error(let message): "error: \(text(message))"
            }
            let time = result.duration_s.map(Units.duration) ?? ""
            lines.append("| \(text(result.variant)) | \(status) | \(text(result.expected)) | \(text(result.found)) | \(time) |")
        }
        return lines + [""]
    }

    private func differences(_ report: Report) -> [String] {
        guard let comparison = report.comparison else { return [] }
        var lines = ["### Where the runs part", ""]
        if let parting = Parting.sentence(report) { lines += [text(parting), ""] }
        let ordered = comparison.differences.filter(\.isSignificant) + comparison.differences.filter { !$0.isSignificant }
        guard !ordered.isEmpty else { return lines }
        lines += ["<details><summary>\(Units.count(ordered.count, "difference"))</summary>", "", "| | Working | Hanging |", "| --- | --- | --- |"]
        for difference in ordered.prefix(40) {
            let subject = "\(Wording.area(difference.area)): \(text(difference.subject))"
            lines.append("| \(difference.isSignificant ? "**\(subject)**" : subject) | \(text(difference.working ?? "absent")) | \(text(difference.hanging ?? "absent")) |")
        }
        if ordered.count > 40 { lines.append("| \(ordered.count - 40) more, see \(code(ReportFiles.html)) | | |") }
        return lines + ["", "</details>", ""]
    }

    private func ruledOut(_ assessment: Assessment) -> [String] {
        guard !assessment.refuted.isEmpty else { return [] }
        return ["<details><summary>Ruled out: \(assessment.refuted.count)</summary>", ""]
            + assessment.refuted.prefix(60).map { "- \(code($0.cause.rawValue)): \(text($0.because))" } + ["", "</details>", ""]
    }

    private func unobserved(_ section: RunSection) -> [String] {
        let blind = section.assessment.capture.unobserved
        let capture = section.assessment.capture
        var lines = ["Cost of looking: stopped for \(Units.milliseconds(capture.stopped_ms)) in all, no thread for longer than \(Units.milliseconds(capture.longest_thread_pause_ms)); \(Units.count(capture.threads, "thread")), \(Units.count(capture.frames, "frame"))."]
        if !blind.isEmpty {
            lines += ["", "<details><summary>Not observed: \(blind.count)</summary>", ""] + blind.prefix(40).map { "- \(text($0))" } + ["", "</details>"]
        }
        return lines + [""]
    }

    private func foot(_ report: Report) -> [String] {
        var lines: [String] = []
        if let command = report.reproduceCommand { lines += ["Make it again: \(code(command))", ""] }
        return lines + ["<sub>hangscope \(text(report.toolVersion)), \(Units.date(report.generatedAt_s))</sub>"]
    }

    /// Running text; what stands between backticks becomes code.
    private func text(_ value: String) -> String {
        CodeSpans.split(Escaping.clipped(value, to: 600)).map { $0.isCode ? Escaping.markdownCode($0.text) : Escaping.markdown($0.text) }.joined()
    }
    private func code(_ value: String) -> String { Escaping.markdownCode(Escaping.clipped(value, to: 300)) }
}
