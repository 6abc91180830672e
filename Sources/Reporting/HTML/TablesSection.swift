import Diagnosis

/// Sockets, locks, descriptors, environment and modules, a column for each run.
struct TablesSection {
    private let sections: [RunSection]

    init(_ report: Report) { sections = [report.baseline, report.primary].compactMap(\.self) }

    func html() -> HTML {
        guard sections.contains(where: { $0.keySnapshot != nil }) else { return "" }
        let tables = SideBySide.tables(sections).filter { !$0.isEmpty }.map(table)
        return "<section id=\"tables\"><h2>Sockets, locks, descriptors, environment\(sections.count > 1 ? ", side by side" : "")</h2>\(tables.joined())</section>"
    }

    private func table(_ table: SideBySide) -> HTML {
        var html: HTML = "<h3>\(table.title)</h3>"
        for reason in table.reasons { html += "<p class=\"partial\">not complete: \(HTML.rich(reason))</p>" }
        if table.differing.isEmpty && table.equal.isEmpty {
            html += table.reasons.isEmpty ? "<p class=\"none\">None.</p>" : ""
        }
        if !table.differing.isEmpty { html += rows(table.differing, marked: true) }
        if !table.equal.isEmpty {
            // One column has nothing to fold away, unless it is long.
            if sections.count == 1, table.equal.count <= 12 {
                html += rows(table.equal, marked: false)
            } else {
                let summary = sections.count == 1 ? "\(Units.count(table.equal.count, "row"))" : "\(Units.count(table.equal.count)) alike in both runs"
                html += "<details class=\"unchanged\"><summary>\(summary)</summary>\(rows(table.equal, marked: false))</details>"
            }
        }
        if table.omitted > 0 { html += "<p class=\"omitted\">\(Units.count(table.omitted)) more in the recorded evidence.</p>" }
        return html
    }

    private func rows(_ rows: [SideBySide.Row], marked: Bool) -> HTML {
        let head = sections.map { "<th scope=\"col\">\($0.variant)</th>" as HTML }.joined()
        let body = rows.map { row -> HTML in
            let cells = zip(sections, row.cells).map { section, cell -> HTML in
                "<td data-run=\"\(section.variant)\">\(cell.map { "\($0)" as HTML } ?? "<span class=\"absent\">not there</span>")</td>"
            }
            let mark: HTML = marked ? "<span class=\"differs\">\(difference(row))</span>" : ""
            return "<tr><th scope=\"row\">\(row.subject) \(mark)</th>\(cells.joined())</tr>"
        }
        return "<table class=\"compare\"><thead><tr><th scope=\"col\"></th>\(head)</tr></thead><tbody>\(body.joined())</tbody></table>"
    }

    private func difference(_ row: SideBySide.Row) -> String {
        guard row.cells.count == 2 else { return "differs" }
        if row.cells[0] == nil { return "only \(sections[1].variant)" }
        if row.cells[1] == nil { return "only \(sections[0].variant)" }
        return row.cells[0] == row.cells[1] ? "other value" : "differs"
    }
}
