import Diagnosis
import Evidence

extension TextRenderer {
    /// One screen for the end of `reproduce`: the answer, where the runs part, a line a variant, and where the report is.
    public func summary(_ report: Report) -> String {
        let report = RedactedReport(report).report
        var out = TextLines(style: style)
        if let scenario = report.scenario {
            out.paragraph(TextLines.safe("\(scenario.name): \(scenario.title)"), colour: .dim)
            out.blank()
        }
        if let primary = report.primary {
            answer(primary, &out)
            let others = primary.assessment.findings.filter { $0 != primary.assessment.root }.map(\.cause.rawValue)
            if !others.isEmpty { out.heading("Also found"); out.paragraph(others.prefix(12).joined(separator: ", "), lead: "  ") }
        } else {
            out.paragraph("Unknown: no run was recorded.", colour: .yellow)
        }
        if let parting = Parting.sentence(report) {
            out.heading("Where the runs part")
            out.paragraph(TextLines.safe(parting), lead: "  ")
        }
        out.heading("Runs")
        for result in report.variantResults { out.line("  " + regressLine(result)) }
        if let directory = report.directory {
            out.blank()
            out.paragraph(TextLines.safe("\(directory)/\(ReportFiles.html)"), lead: "Report: ", leadColour: .bold)
        }
        if let command = report.reproduceCommand { out.paragraph(TextLines.safe(command), lead: "Again:  ", leadColour: .bold) }
        return out.text
    }

    /// One line for one variant of one scenario; not wrapped, so that CI logs can be searched by line.
    ///
    /// - Parameter nameWidth: columns for "scenario variant", so that the lines of a table stand under each other.
    public func regressLine(_ result: VariantResult, nameWidth: Int = 0) -> String {
        let name = TextLines.safe("\(result.scenario) \(result.variant)", limit: 120)
        let padded = name + String(repeating: " ", count: max(0, nameWidth - name.count))
        let time = result.duration_s.map { "  \(Units.duration($0))" } ?? ""
        switch result.status {
        case .met:
            return "\(style.paint("ok     ", .green)) \(padded)  \(TextLines.safe(result.found))\(style.paint(time, .dim))"
        case .notMet:
            let why = result.problems.first ?? "expected \(result.expected), found \(result.found)"
            let more = result.problems.count > 1 ? " (and \(result.problems.count - 1) more)" : ""
            return "\(style.paint("FAILED ", .red)) \(padded)  \(TextLines.safe(why))\(more)\(style.paint(time, .dim))"
        case .skipped(let capability):
            return "\(style.paint("skipped", .yellow)) \(padded)  missing: \(TextLines.safe(capability))"
        case .error(let message):
            return "\(style.paint("ERROR  ", .red)) \(padded)  \(TextLines.safe(message))\(style.paint(time, .dim))"
        }
    }

    /// The last line of `regress`.
    public func regressTotal(_ results: [VariantResult]) -> String {
        var met = 0, notMet = 0, skipped = 0, errors = 0
        for result in results {
            switch result.status {
            case .met: met += 1
            case .notMet: notMet += 1
            case .skipped: skipped += 1
            case .error: errors += 1
            }
        }
        var parts = ["\(met) as expected"]
        if notMet > 0 { parts.append("\(notMet) not") }
        if errors > 0 { parts.append("\(errors) could not run") }
        if skipped > 0 { parts.append("\(skipped) skipped") }
        return style.paint(parts.joined(separator: ", "), notMet + errors > 0 ? .red : .green)
    }
}
