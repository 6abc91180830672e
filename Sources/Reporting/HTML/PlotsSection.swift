import Diagnosis

/// Small plots over time, both runs in each, all on the timeline's axis.
struct PlotsSection {
    private let sections: [RunSection]
    private let report: Report
    private let points = 200

    init(_ report: Report) {
        self.report = report
        sections = [report.baseline, report.primary].compactMap(\.self)
    }

    func html() -> HTML {
        var plots: [(title: String, unit: String, lines: [(section: RunSection, points: [SampleSeries.Point])])] = []
        for section in sections {
            let both = SampleSeries.progressAndWork(of: section, points: points)
            for series in [both.work, both.progress] + SampleSeries.all(of: section, points: points) where !series.points.isEmpty {
                if let known = plots.firstIndex(where: { $0.title == series.title }) {
                    plots[known].lines.append((section, series.points))
                } else {
                    plots.append((series.title, series.unit, [(section, series.points)]))
                }
            }
        }
        let end = plots.flatMap(\.lines).compactMap(\.points.last?.at).max() ?? 0
        guard !plots.isEmpty, end > 0 else { return "" }
        // What is always 0 says nothing.
        plots.removeAll { $0.lines.allSatisfy { $0.points.allSatisfy { $0.value == 0 } } }
        let figures = plots.prefix(14).map { plot($0.title, $0.unit, $0.lines, end: end) }
        let scale = report.primary?.timeScale ?? 1
        let axis: HTML = scale == 1 ? "Time since each run’s start" : "Scenario time since each run’s start"
        let key: HTML = sections.map { "<span class=\"sign line-\(role($0))\"></span> \($0.variant)" as HTML }.joined(" ")
        return "<section id=\"plots\"><h2>Samples</h2><p class=\"key\">\(axis), 0 to \(Units.duration(end)). \(key)</p><div class=\"plots\">\(figures.joined())</div></section>"
    }

    private func role(_ section: RunSection) -> HTML { section.variant == report.primary?.variant ? "hanging" : "working" }

    private func plot(_ title: String, _ unit: String, _ lines: [(section: RunSection, points: [SampleSeries.Point])], end: Double) -> HTML {
        let top = max(lines.flatMap(\.points).map(\.value).max() ?? 0, 1e-9)
        let paths = lines.map { line -> HTML in
            var path = ""
            for (index, point) in line.points.enumerated() {
                path += (index == 0 ? "M" : "L") + "\(Units.fixed(point.at / end * 1000, 1)) \(Units.fixed(100 - min(max(point.value / top, 0), 1) * 100, 1))"
            }
            return "<path class=\"line \(role(line.section))\" d=\"\(path)\"/>"
        }
        let last = lines.compactMap { line -> String? in line.points.last.map { "\(line.section.variant) ends at \(Units.plain($0.value))" } }
        let summary = "\(title)\(unit.isEmpty ? "" : ", \(unit)"): \(last.joined(separator: ", ")), highest \(Units.plain(top))"
        return """
            <figure class="plot"><figcaption>\(title) <small>\(unit)</small></figcaption>\
            <svg role="img" aria-label="\(summary)" width="100%" height="84"><line class="rule" x1="0" x2="100%" y1="80" y2="80"/><line class="rule faint" x1="0" x2="100%" y1="10" y2="10"/>\
            <svg x="0" y="10" width="100%" height="70" viewBox="0 0 1000 100" preserveAspectRatio="none" overflow="visible">\(paths.joined())</svg>\
            <text class="note" x="100%" y="8" text-anchor="end">\(Units.plain(top))</text></svg></figure>
            """
    }
}
