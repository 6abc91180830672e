import Diagnosis
import Evidence

/// What a tired reader sees without scrolling: verdict, chain, remedy, and where the runs part.
struct FirstScreen {
    private let report: Report
    private let index: EvidenceIndex

    init(_ report: Report, _ index: EvidenceIndex) {
        self.report = report
        self.index = index
    }

    func html() -> HTML {
        guard let primary = report.primary else {
            return "<header class=\"top\"><h1><span class=\"verdict unknown\">Unknown</span> No run was recorded.</h1></header>"
        }
        let assessment = primary.assessment
        let columns: HTML = assessment.root.map { "<div class=\"columns\">\(chain($0, primary))\(remedy($0, primary))</div>" }
            ?? "<div class=\"columns\">\(nextSteps(assessment))</div>"
        return """
            <header class="top">
            \(crumb(primary))
            <h1><span class="verdict \(HTML(stringLiteral: assessment.verdict.rawValue))">\(Wording.verdict(assessment.verdict))</span> \(HTML.rich(assessment.sentence, limit: 600))</h1>
            \(confidence(assessment))
            \(expectation(primary))
            </header>
            \(columns)
            \(parting())
            \(contents())
            """
    }

    private func crumb(_ primary: RunSection) -> HTML {
        guard let scenario = report.scenario else {
            let subject = primary.assessment.subject
            return "<p class=\"crumb\">Process \(Int(subject.pid)), <code>\(subject.executable)</code></p>"
        }
        let fieldCase: HTML = scenario.fieldCase.map { " · field case \($0)" } ?? ""
        return "<p class=\"crumb\"><code>\(scenario.name)</code> · \(scenario.title)\(fieldCase)</p>"
    }

    private func confidence(_ assessment: Assessment) -> HTML {
        guard let root = assessment.root else {
            return assessment.headline.isEmpty ? "" : "<p class=\"confidence\">\(Wording.withoutRoot(assessment.verdict))</p>"
        }
        let steps = Confidence.allCases.map { step -> HTML in step <= root.confidence ? "<i class=\"on\"></i>" : "<i></i>" }.joined()
        return """
            <p class="confidence"><code class="cause">\(root.cause.rawValue)</code> \
            <span class="steps" aria-hidden="true">\(steps)</span> <strong>\(root.confidence.rawValue)</strong>: \(Wording.confidence(root.confidence)).</p>
            """
    }

    private func expectation(_ primary: RunSection) -> HTML {
        let unmet = report.runs.filter { $0.expectation?.isMet == false }
        guard !unmet.isEmpty else { return "" }
        let lines = unmet.map { section -> HTML in
            let problems = section.expectation?.problems ?? []
            return "<li><strong>\(section.variant)</strong> is not as expected: \(HTML.rich(problems.isEmpty ? "expected \(section.expectation?.expected ?? ""), found \(section.expectation?.found ?? "")" : problems.prefix(5).joined(separator: "; ")))</li>"
        }
        return "<ul class=\"unmet\">\(lines.joined())</ul>"
    }

    private func chain(_ root: Finding, _ primary: RunSection) -> HTML {
        let shown = root.chain.prefix(24)
        let steps = shown.enumerated().map { position, link -> HTML in
            let numbers = link.evidence.compactMap { index.number($0, in: primary.variant) }
            let label = HTML.rich(link.label, limit: 200)
            let linked: HTML = numbers.first.map { "<a href=\"#e\($0)\">\(label)</a>" } ?? label
            let since: HTML = Wording.sinceShort(link.since_s, timeScale: primary.timeScale).map { time in
                let real: HTML = primary.timeScale == 1 ? "" : "<small>\(Units.duration(link.since_s ?? 0)) real</small>"
                return "<span class=\"since\">\(time)\(real)</span>"
            } ?? ""
            let role: HTML = position == root.chain.count - 1 ? " class=\"blocker\"" : ""
            return "<li\(role)><div><span class=\"what\">\(linked)</span>\(since)</div><p>\(HTML.rich(link.detail, limit: 400))</p></li>"
        }
        let more: HTML = root.chain.count > 24 ? "<p class=\"omitted\">\(root.chain.count - 24) more steps in <code>verdict.json</code>.</p>" : ""
        let note: HTML = primary.timeScale == 1 ? "for how long" : "for how long, in scenario time"
        return """
            <section id="chain" aria-labelledby="chain-title"><h2 id="chain-title">What waits for what <small>\(note)</small></h2>
            <ol class="chain">\(steps.joined())</ol>\(more)</section>
            """
    }

    private func remedy(_ root: Finding, _ primary: RunSection) -> HTML {
        let others = primary.assessment.findings.filter { $0 != root }
        let list = others.prefix(6).map { "<li><a href=\"#finding-\(HTML(stringLiteral: $0.cause.rawValue))\"><code>\($0.cause.rawValue)</code></a> <span>\($0.role == .root ? "another root" : "contributing")</span></li>" as HTML }
        let also: HTML = others.isEmpty ? "" : "<h3>Also found</h3><ul class=\"also\">\(list.joined())</ul>"
        return """
            <section class="remedy" aria-labelledby="remedy-title"><h2 id="remedy-title">What to change</h2>
            <p>\(HTML.rich(root.remedy, limit: 1200))</p>\(also)</section>
            """
    }

    private func nextSteps(_ assessment: Assessment) -> HTML {
        guard !assessment.nextSteps.isEmpty else { return "" }
        let steps = assessment.nextSteps.prefix(10).map { "<li>\(HTML.rich($0))</li>" as HTML }
        return "<section id=\"chain\"><h2>What to look at next</h2><ul>\(steps.joined())</ul></section>"
    }

    private func parting() -> HTML {
        guard let timeline = Timeline(report) else { return "" }
        var figure = TimelineFigure(timeline, report)
        let sentence: HTML = Parting.sentence(report).map { "<p>\(HTML.rich($0))</p>" } ?? ""
        let title: HTML = timeline.lanes.count > 1 ? "Where the two runs part" : "The run in time"
        return "<section id=\"timeline\" aria-labelledby=\"timeline-title\"><h2 id=\"timeline-title\">\(title)</h2>\(sentence)\(figure.html())</section>"
    }

    private func contents() -> HTML {
        var links: [(String, String)] = []
        if report.primary?.assessment.findings.isEmpty == false { links.append(("findings", "Findings")) }
        if report.comparison != nil { links.append(("differences", "Differences")) }
        if report.runs.contains(where: { !$0.run.snapshots.isEmpty }) {
            links += [("stacks", "Tasks and threads"), ("tables", "Sockets, locks, descriptors")]
        }
        if report.runs.contains(where: { !$0.run.samples.isEmpty }) { links.append(("plots", "Samples")) }
        links += [("evidence", "Evidence"), ("refuted", "Ruled out"), ("unobserved", "Not observed"), ("again", "Make it again")]
        let items = links.map { "<a href=\"#\(HTML(stringLiteral: $0.0))\">\($0.1)</a>" as HTML }
        return "<nav aria-label=\"Sections\">\(items.joined(" "))</nav>"
    }
}
