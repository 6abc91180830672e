import Diagnosis
import Evidence

/// Every cited row, with an anchor, what it shows, and the file it stands in.
struct EvidenceSection {
    private let report: Report
    private let index: EvidenceIndex

    init(_ report: Report, _ index: EvidenceIndex) {
        self.report = report
        self.index = index
    }

    func html() -> HTML {
        guard !index.items.isEmpty else { return "<section id=\"evidence\"><h2>Evidence</h2><p class=\"none\">Nothing was cited.</p></section>" }
        let rows = index.items.map { item -> HTML in
            let texts = item.texts.map { "<p>\(HTML.rich($0))</p>" as HTML }.joined()
            let row: HTML = item.row.map { "<p class=\"row\">\(HTML.rich($0))</p>" } ?? ""
            return "<tr id=\"e\(item.number)\"><th scope=\"row\">E\(item.number)</th><td>\(texts)\(row)</td><td class=\"where\">\(place(item))</td></tr>"
        }
        let more: HTML = index.omitted > 0 ? "<p class=\"omitted\">\(Units.count(index.omitted)) more citations in <code>verdict.json</code>.</p>" : ""
        return """
            <section id="evidence"><h2>Evidence</h2>
            <table class="evidence"><thead><tr><th scope="col">No.</th><th scope="col">What it shows</th><th scope="col">Where it stands</th></tr></thead><tbody>\(rows.joined())</tbody></table>\(more)</section>
            """
    }

    /// A link only where report and run lie in one directory, and only to plain relative paths.
    private func place(_ item: EvidenceIndex.Item) -> HTML {
        let text = report.scenario == nil ? item.ref : "\(item.variant)/\(item.ref)"
        let path = report.scenario == nil ? item.file : "\(item.variant)/\(item.file)"
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard report.directory != nil, isPlain, !path.hasPrefix("/"), !path.contains("..") else { return "<code>\(text)</code>" }
        return "<a href=\"\(path)\"><code>\(text)</code></a>"
    }
}

/// What was ruled out, what could not be seen, what looking cost, and how to make the report again.
struct ClosingSections {
    private let report: Report

    init(_ report: Report) { self.report = report }

    func html() -> HTML {
        guard let primary = report.primary else { return again() }
        return refuted(primary.assessment) + unobserved(primary) + again()
    }

    private func refuted(_ assessment: Assessment) -> HTML {
        let rows = assessment.refuted.prefix(80).map { "<tr><th scope=\"row\"><code>\($0.cause.rawValue)</code></th><td>\(HTML.rich($0.because))</td></tr>" as HTML }
        let table: HTML = rows.isEmpty ? "<p class=\"none\">No cause was ruled out.</p>"
            : "<table class=\"plain\"><thead><tr><th scope=\"col\">Cause</th><th scope=\"col\">Ruled out because</th></tr></thead><tbody>\(rows.joined())</tbody></table>"
        let rest = assessment.bystanders.prefix(60).map { "<li>\(HTML.rich($0))</li>" as HTML }
        let bystanders: HTML = rest.isEmpty ? "" : "<h3>At rest, and not concerned</h3><ul>\(rest.joined())</ul>"
        return "<section id=\"refuted\"><h2>Ruled out</h2>\(table)\(bystanders)</section>"
    }

    private func unobserved(_ primary: RunSection) -> HTML {
        var blind = primary.assessment.capture.unobserved
        for item in primary.run.header.unobserved + primary.run.snapshots.flatMap(\.unobserved) {
            let text = "\(item.what): \(item.why)"
            if blind.count < 400, !blind.contains(text) { blind.append(text) }
        }
        let items = blind.prefix(100).map { "<li>\(HTML.rich($0))</li>" as HTML }
        let list: HTML = items.isEmpty ? "<p class=\"none\">Everything that was looked for could be seen.</p>" : "<ul>\(items.joined())</ul>"
        let more: HTML = blind.count > 100 ? "<p class=\"omitted\">\(Units.count(blind.count - 100)) more in <code>verdict.json</code>.</p>" : ""
        return "<section id=\"unobserved\"><h2>Not observed</h2>\(list)\(more)<h3>What looking cost</h3>\(cost(primary))</section>"
    }

    private func cost(_ primary: RunSection) -> HTML {
        let rows = primary.run.snapshots.prefix(20).map { snapshot -> HTML in
            let cost = snapshot.cost
            return """
                <tr><th scope="row">snapshot \(snapshot.ordinal)</th><td>\(Units.milliseconds(cost.stopped_ms))</td><td>\(Units.milliseconds(cost.longestThreadPause_ms))</td><td>\(Units.milliseconds(cost.wall_ms))</td>\
                <td>\(Units.count(cost.threads))</td><td>\(Units.count(cost.threadsReadWithoutStopping))</td><td>\(Units.count(cost.frames))</td></tr>
                """
        }
        let capture = primary.assessment.capture
        let sum: HTML = capture.stopped_ms == 0 ? "<p>Nothing was stopped.</p>" : "<p>Stopped for \(Units.milliseconds(capture.stopped_ms)) of real time in all, no thread for longer than \(Units.milliseconds(capture.longest_thread_pause_ms)).</p>"
        guard !rows.isEmpty else { return sum }
        return """
            \(sum)<div class="scroll"><table class="plain figures"><thead><tr><th scope="col"></th><th scope="col">stopped, real</th><th scope="col">longest pause</th><th scope="col">whole capture</th><th scope="col">threads</th><th scope="col">read unstopped</th><th scope="col">frames</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
            """
    }

    private func again() -> HTML {
        var html: HTML = "<section id=\"again\"><h2>Make it again</h2>"
        if let command = report.reproduceCommand { html += "<pre><code>\(command)</code></pre>" }
        if !report.variantResults.isEmpty, report.scenario != nil {
            let rows = report.variantResults.prefix(40).map { result -> HTML in
                let status: String = switch result.status {
                case .met: "as expected"
                case .notMet: "not as expected"
                case .skipped(let capability): "skipped: \(capability)"
                case .error(let message): message
                }
                return "<tr><th scope=\"row\">\(result.variant)</th><td>\(status)</td><td>\(result.found)</td><td>\(result.duration_s.map(Units.duration) ?? "")</td></tr>"
            }
            html += "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th scope=\"col\">Variant</th><th scope=\"col\"></th><th scope=\"col\">Found</th><th scope=\"col\">Real time</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>"
        }
        if let directory = report.directory { html += "<p>The evidence lies in <code>\(directory)</code>; <code>hangscope diagnose</code> on it gives the same findings.</p>" }
        html += host()
        return html + "</section>"
    }

    private func host() -> HTML {
        guard let host = report.primary.map({ $0.run.header.host }), !host.kernel.isEmpty else { return "" }
        return "<p class=\"lead\">Recorded on \(host.name), Linux \(host.kernel), \(host.architecture), \(Units.count(host.processors, "processor")).</p>"
    }
}
