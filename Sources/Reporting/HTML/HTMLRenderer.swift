import Diagnosis
import Evidence

/// report.html: one file, no network, readable without scripts. The first screen answers; what follows supports it.
///
/// Bounded: tables, stacks, ticks and markers are grouped and capped, and say what they left out.
public struct HTMLRenderer: Renderer {
    public init() {}

    public func files(for report: RedactedReport) throws -> [RenderedFile] {
        let report = report.report
        return [RenderedFile(name: ReportFiles.html, text: page(report).source)]
    }

    private func page(_ report: Report) -> HTML {
        let index = EvidenceIndex(report)
        let verdict = report.primary?.assessment.verdict ?? .unknown
        let title = "\(Wording.verdict(verdict)): \(report.scenario?.name ?? report.primary.map { WaitWording.baseName($0.assessment.subject.executable) } ?? "no run")"
        let policy = "default-src 'none'; style-src '\(ContentHash.source(Style.text))'; script-src '\(ContentHash.source(Script.text))'; base-uri 'none'; form-action 'none'"
        // The newline-free elements matter: the policy hashes exactly what stands between the tags.
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(HTML(stringLiteral: policy))">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <meta name="generator" content="hangscope \(report.toolVersion)">
            <title>\(title)</title>
            <style>\(HTML(stringLiteral: Style.text))</style>
            </head>
            <body>
            <a class="skip" href="#chain">Skip to the chain of waits</a>
            \(FirstScreen(report, index).html())
            <main>
            \(FindingsSection(report, index).html())
            \(DifferencesSection(report, index).html())
            \(StacksSection(report).html())
            \(TablesSection(report).html())
            \(PlotsSection(report).html())
            \(EvidenceSection(report, index).html())
            \(ClosingSections(report).html())
            </main>
            <footer><p>hangscope \(report.toolVersion), \(Units.date(report.generatedAt_s))</p></footer>
            <script>\(HTML(stringLiteral: Script.text))</script>
            </body>
            </html>

            """
    }
}
