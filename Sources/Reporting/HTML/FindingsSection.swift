import Diagnosis
import Evidence

/// Every finding in full: the root's summary and evidence, then what contributes.
struct FindingsSection {
    private let report: Report
    private let index: EvidenceIndex

    init(_ report: Report, _ index: EvidenceIndex) {
        self.report = report
        self.index = index
    }

    func html() -> HTML {
        guard let primary = report.primary, !primary.assessment.findings.isEmpty else { return "" }
        let shown = primary.assessment.findings.prefix(40)
        // One anchor a cause: a second finding of the same cause goes without.
        var named: Set<Cause> = []
        let items = shown.map { item($0, primary, isNamed: named.insert($0.cause).inserted) }
        let more: HTML = primary.assessment.findings.count > 40 ? "<p class=\"omitted\">\(primary.assessment.findings.count - 40) more findings in <code>verdict.json</code>.</p>" : ""
        return "<section id=\"findings\"><h2>Findings</h2>\(items.joined())\(more)</section>"
    }

    private func item(_ finding: Finding, _ section: RunSection, isNamed: Bool) -> HTML {
        let anchor: HTML = isNamed ? " id=\"finding-\(HTML(stringLiteral: finding.cause.rawValue))\"" : ""
        let refs = finding.evidence.prefix(30).map { cited -> HTML in
            let link: HTML = index.number(cited.ref, in: section.variant).map { "<a class=\"ref\" href=\"#e\($0)\">E\($0)</a> " } ?? ""
            return "<li>\(link)\(HTML.rich(cited.text))</li>"
        }
        let evidence: HTML = refs.isEmpty ? "" : "<ul class=\"cited\">\(refs.joined())</ul>"
        // The root's chain and remedy stand on the first screen.
        let isFirstRoot = finding == section.assessment.root
        let chain = isFirstRoot ? [] : finding.chain.prefix(12).map { link -> HTML in
            let since: HTML = Wording.since(link.since_s, timeScale: section.timeScale).map { ", for \($0)" } ?? ""
            return "<li>\(HTML.rich(link.label, limit: 200)): \(HTML.rich(link.detail, limit: 400))\(since)</li>"
        }
        let steps: HTML = chain.isEmpty ? "" : "<ol class=\"small-chain\">\(chain.joined())</ol>"
        let remedy: HTML = isFirstRoot ? "" : "<p class=\"fix\"><strong>What to change:</strong> \(HTML.rich(finding.remedy, limit: 1200))</p>"
        return """
            <article class="finding"\(anchor)><h3><code class="cause">\(finding.cause.rawValue)</code> <small>\(finding.role.rawValue), \(finding.confidence.rawValue): \(Wording.confidence(finding.confidence))</small></h3>
            <p>\(HTML.rich(finding.summary))</p>\(steps)\(remedy)\(evidence)</article>
            """
    }
}

/// What is not the same in both runs at the same point of the work.
struct DifferencesSection {
    private let report: Report
    private let index: EvidenceIndex
    private let limit = 120

    init(_ report: Report, _ index: EvidenceIndex) {
        self.report = report
        self.index = index
    }

    func html() -> HTML {
        guard let comparison = report.comparison else { return "" }
        let all = comparison.differences.filter(\.isSignificant) + comparison.differences.filter { !$0.isSignificant }
        guard !all.isEmpty else { return "<section id=\"differences\"><h2>Differences at the same point of the work</h2><p>None was found.</p></section>" }
        let working = report.baseline?.variant ?? "working"
        let hanging = report.primary?.variant ?? "hanging"
        let rows = all.prefix(limit).map { difference -> HTML in
            let mark: HTML = difference.isSignificant ? "<span class=\"bears\">bears on the cause</span>" : ""
            return """
                <tr\(difference.isSignificant ? " class=\"significant\"" as HTML : "")><th scope="row"><small>\(Wording.area(difference.area))</small> \(HTML.rich(difference.subject, limit: 300))\(mark)</th>\
                <td data-run="\(working)">\(cell(difference.working, difference.workingEvidence, working))</td>\
                <td data-run="\(hanging)">\(cell(difference.hanging, difference.hangingEvidence, hanging))</td></tr>
                """
        }
        let more: HTML = all.count > limit ? "<p class=\"omitted\">\(Units.count(all.count - limit)) more differences in <code>verdict.json</code>.</p>" : ""
        return """
            <section id="differences"><h2>Differences at the same point of the work</h2>
            <table class="compare"><thead><tr><th scope="col">What</th><th scope="col">\(working)</th><th scope="col">\(hanging)</th></tr></thead><tbody>\(rows.joined())</tbody></table>\(more)</section>
            """
    }

    private func cell(_ text: String?, _ path: EvidencePath?, _ variant: String) -> HTML {
        let link: HTML = index.number(path, in: variant).map { " <a class=\"ref\" href=\"#e\($0)\">E\($0)</a>" } ?? ""
        guard let text else { return "<span class=\"absent\">not there</span>\(link)" }
        return HTML.rich(text, limit: 400) + link
    }
}
