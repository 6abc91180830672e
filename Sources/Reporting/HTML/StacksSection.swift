import Diagnosis
import Evidence

/// Tasks and threads of the runs, grouped by where they stand.
struct StacksSection {
    private let sections: [RunSection]

    init(_ report: Report) { sections = [report.baseline, report.primary].compactMap(\.self) }

    func html() -> HTML {
        guard sections.contains(where: { $0.keySnapshot != nil }) else { return "" }
        let moments = sections.compactMap { section in
            section.keySnapshot.map { snapshot -> String in
                let at = section.offset(snapshot.takenAt).flatMap { section.run.events.isEmpty ? nil : ", at \(Units.duration($0))" } ?? ""
                return "\(section.variant): snapshot \(snapshot.ordinal) \(Wording.snapshotReason(snapshot.reason))\(at)"
            }
        }
        return """
            <section id="stacks"><h2>Tasks and threads\(sections.count > 1 ? ", side by side" : "")</h2><p class="lead">\(moments.joined(separator: "; ")).</p>
            <p class="controls" hidden><label>Filter <input type="search" data-filter="#stacks" placeholder="function, file, thread"></label> <button type="button" data-open="#stacks">Open all</button> <button type="button" data-close="#stacks">Close all</button></p>
            <h3>Tasks</h3>\(list(sections.map { $0.keySnapshot?.tasks }, StackGroups.tasks, "task"))
            <h3>Threads</h3>\(list(sections.map { $0.keySnapshot?.threads }, StackGroups.threads, "thread"))</section>
            """
    }

    private func list<Row>(_ tables: [Observed<[Row]>?], _ group: ([Row]) -> [StackGroup], _ noun: String) -> HTML {
        var html = HTML.empty
        for (section, table) in zip(sections, tables) {
            if let reason = table?.reason { html += "<p class=\"partial\">\(section.variant): not complete: \(HTML.rich(reason, limit: 300))</p>" }
        }
        let (pairs, omitted) = StackPairs.pairs(tables.map { group($0?.elements ?? []) })
        let differing = pairs.filter(\.differs)
        let same = pairs.filter { !$0.differs }
        html += differing.map { item($0, noun) }.joined()
        if differing.isEmpty || sections.count == 1 {
            html += same.map { item($0, noun) }.joined()
        } else if !same.isEmpty {
            html += "<details class=\"unchanged\"><summary>\(Units.count(same.count, "place")) with the same \(noun)s in both runs</summary>\(same.map { item($0, noun) }.joined())</details>"
        }
        if pairs.isEmpty { html += "<p class=\"none\">None.</p>" }
        if omitted > 0 { html += "<p class=\"omitted\">\(Units.count(omitted)) more places in the recorded evidence.</p>" }
        return html
    }

    private func item(_ pair: StackPair, _ noun: String) -> HTML {
        let group = pair.groups.last.flatMap(\.self) ?? pair.any
        let title: HTML = group.place.map { "<code>\(WaitWording.frame($0))</code> <span class=\"at\">\(WaitWording.place($0) ?? "")</span>" } ?? "no stack"
        let counts = zip(sections, pair.groups).map { section, group -> HTML in
            let role: HTML = section.variant == sections.last?.variant ? "hanging" : "working"
            return "<span class=\"run \(role)\(group == nil ? " nobody" as HTML : "")\">\(sections.count > 1 ? "\(section.variant) " : "")\(Units.count(group?.count ?? 0))</span>"
        }
        let mark: HTML = pair.differs ? "<span class=\"differs\">\(difference(pair))</span>" : ""
        var body = HTML.empty
        for (section, group) in zip(sections, pair.groups) {
            guard let group else { continue }
            let name: HTML = sections.count > 1 ? "<strong>\(section.variant)</strong> " : ""
            body += "<p class=\"members\">\(name)\(group.members.joined(separator: ", "))\(group.omittedMembers)</p><ul class=\"waits\">\(group.waits.map { "<li>\(HTML.rich($0, limit: 300))</li>" as HTML }.joined())</ul>"
            if let reason = group.stackReason { body += "<p class=\"partial\">stack: \(HTML.rich(reason, limit: 300))</p>" }
        }
        return """
            <details class="place\(pair.differs ? " differing" as HTML : "")"><summary><span class="title">\(title)</span> <span class="facts">\(facts(pair))</span> <span class="counts">\(counts.joined(" "))\(mark)</span></summary>\(body)\(stack(group))</details>
            """
    }

    private func difference(_ pair: StackPair) -> String {
        guard pair.groups.count == 2 else { return "differs" }
        if pair.groups[0] == nil { return "only \(sections[1].variant)" }
        if pair.groups[1] == nil { return "only \(sections[0].variant)" }
        return pair.kindDiffers ? "other state" : "count differs"
    }

    /// What they do there; for each run where that is not the same.
    private func facts(_ pair: StackPair) -> HTML {
        guard pair.kindDiffers else { return "\((pair.groups.last.flatMap(\.self) ?? pair.any).waits.first ?? "")" }
        return zip(sections, pair.groups).compactMap { section, group -> HTML? in
            group.map { "<span class=\"fact\"><b>\(section.variant)</b> \($0.waits.first ?? "")</span>" }
        }.joined(" ")
    }

    private func stack(_ group: StackGroup) -> HTML {
        guard !group.frames.isEmpty else { return "" }
        let frames = group.frames.map { frame -> HTML in
            let marks: HTML = (frame.isAsync ? " <em>async</em>" : "") + (frame.isInlined ? " <em>inlined</em>" : "")
            let place: HTML = WaitWording.place(frame).map { " <span class=\"at\">\(Escaping.clipped($0, to: 120))</span>" } ?? ""
            let own: HTML = frame.file == nil ? "" : " class=\"sourced\""
            return "<li\(own)><code>\(Escaping.clipped(WaitWording.frame(frame), to: 200))</code>\(marks)\(place)</li>"
        }
        let more: HTML = group.omittedFrames > 0 ? "<p class=\"omitted\">\(group.omittedFrames) more frames.</p>" : ""
        return "<ol class=\"stack\">\(frames.joined())</ol>\(more)"
    }
}
