import Diagnosis
import Evidence

/// The answer for a terminal: verdict first, then the chain, the remedy, what else was found; the rest on demand.
public struct TextRenderer: Renderer {
    public var style: TextStyle

    public init(style: TextStyle = TextStyle()) { self.style = style }

    public func files(for report: RedactedReport) throws -> [RenderedFile] {
        [RenderedFile(name: ReportFiles.text, text: text(report))]
    }

    /// What `attach` and `diagnose` print.
    public func text(_ report: Report) -> String { text(RedactedReport(report)) }

    func text(_ report: RedactedReport) -> String {
        let report = report.report
        var out = TextLines(style: style)
        guard let primary = report.primary else {
            out.paragraph("Unknown: no run was recorded.", colour: .yellow)
            return out.text
        }
        answer(primary, &out)
        others(primary, &out)
        blindSpots(primary, &out)
        TextSections(style: style).append(report, primary, &out)
        hint(primary, &out)
        return out.text
    }

    /// Verdict, confidence, chain, remedy.
    func answer(_ section: RunSection, _ out: inout TextLines) {
        let assessment = section.assessment
        let verdict = Wording.verdict(assessment.verdict)
        out.paragraph(TextLines.safe(assessment.sentence), lead: verdict + ": ", colour: .bold, leadColour: colour(assessment.verdict))
        guard let root = assessment.root else {
            if !assessment.headline.isEmpty, [.hang, .unknown].contains(assessment.verdict) { out.paragraph(Wording.withoutRoot(assessment.verdict)) }
            places(assessment, &out)
            if !assessment.nextSteps.isEmpty {
                out.heading("What to look at next")
                for step in assessment.nextSteps.prefix(10) { out.paragraph(TextLines.safe(step), lead: "  - ") }
            }
            return
        }
        out.paragraph("\(root.cause.rawValue), \(root.confidence.rawValue): \(Wording.confidence(root.confidence)).", colour: .dim)
        chain(root, section, &out)
        out.heading("What to change")
        out.paragraph(TextLines.safe(root.remedy), lead: "  ")
    }

    /// A verdict of rest is worth no more than the places at which everything rests.
    private func places(_ assessment: Assessment, _ out: inout TextLines) {
        guard [.idle, .advancing].contains(assessment.verdict), !style.sections.contains(.refuted), !assessment.bystanders.isEmpty else { return }
        out.heading("Where it waits")
        for line in assessment.bystanders.prefix(8) { out.paragraph(TextLines.safe(line), lead: "  - ") }
        if assessment.bystanders.count > 8 { out.paragraph("\(assessment.bystanders.count - 8) more; --verbose shows them", lead: "  ") }
    }

    private func chain(_ finding: Finding, _ section: RunSection, _ out: inout TextLines) {
        guard !finding.chain.isEmpty else { return }
        out.heading("What waits for what" + Wording.timeNote(section.timeScale))
        for (index, link) in finding.chain.prefix(40).enumerated() {
            let last = index == finding.chain.count - 1
            var text = TextLines.safe(link.label)
            if !link.detail.isEmpty { text += ": " + TextLines.safe(link.detail) }
            if let since = Wording.sinceShort(link.since_s, timeScale: section.timeScale) { text += ", for \(since)" }
            out.paragraph(text, lead: index == 0 ? "  " : "  -> ", colour: last ? .bold : nil, leadColour: .dim)
        }
        if finding.chain.count > 40 { out.paragraph("\(finding.chain.count - 40) more steps", lead: "  ... ") }
    }

    private func others(_ section: RunSection, _ out: inout TextLines) {
        let others = section.assessment.findings.filter { $0 != section.assessment.root }
        guard !others.isEmpty else { return }
        out.heading("Also found")
        for finding in others.prefix(20) {
            let lead = "  \(finding.cause.rawValue) (\(finding.role.rawValue), \(finding.confidence.rawValue)): "
            out.paragraph(TextLines.safe(finding.summary), lead: "  - ", colour: nil)
            out.paragraph("\(lead.dropFirst(2))\(TextLines.safe(finding.remedy))", lead: "    ", colour: .dim)
        }
        if others.count > 20 { out.paragraph("\(others.count - 20) more, see the JSON", lead: "  ... ") }
    }

    private func blindSpots(_ section: RunSection, _ out: inout TextLines) {
        let capture = section.assessment.capture
        guard !capture.unobserved.isEmpty else { return }
        let isVerbose = style.sections.contains(.evidence)
        out.heading("Not observed")
        for text in capture.unobserved.prefix(isVerbose ? 200 : 5) { out.paragraph(TextLines.safe(text, limit: 300), lead: "  - ") }
        if !isVerbose, capture.unobserved.count > 5 { out.paragraph("and \(capture.unobserved.count - 5) more; --verbose shows them", lead: "  ") }
    }

    private func hint(_ section: RunSection, _ out: inout TextLines) {
        let capture = section.assessment.capture
        var text = ""
        if capture.threads > 0 {
            text = "Looked at \(Units.count(capture.threads, "thread")), \(Units.count(capture.frames, "frame")); " + (capture.stopped_ms == 0 ? "stopped nothing." : "stopped it for \(Units.milliseconds(capture.stopped_ms)) in all, no thread for longer than \(Units.milliseconds(capture.longest_thread_pause_ms)).")
        }
        if style.sections.isEmpty { text += (text.isEmpty ? "" : " ") + "More: --threads, --tasks, --sockets, --verbose." }
        guard !text.isEmpty else { return }
        out.blank()
        out.paragraph(text, colour: .dim)
    }

    func colour(_ verdict: Verdict) -> TextStyle.Colour {
        switch verdict {
        case .hang, .failed: .red
        case .completed, .advancing, .idle: .green
        case .slow, .unknown: .yellow
        }
    }
}
