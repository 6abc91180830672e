import Diagnosis
import Evidence
import WaitGraph

/// The sections that are shown only when asked for.
struct TextSections {
    let style: TextStyle
    /// Rows shown of a table before the rest is only counted.
    private let rows = 200

    func append(_ report: Report, _ section: RunSection, _ out: inout TextLines) {
        let snapshot = section.keySnapshot
        if style.sections.contains(.refuted) { refuted(section.assessment, &out) }
        if style.sections.contains(.tasks) { table("Tasks", snapshot?.tasks.reason, tasks(snapshot), &out) }
        if style.sections.contains(.threads) { threads(snapshot, &out) }
        if style.sections.contains(.sockets) {
            table("Sockets", snapshot?.sockets.reason, (snapshot?.sockets.elements ?? []).map {
                let peer = WaitWording.peer($0.peer).map { ", peer \($0)" } ?? ""
                return "\($0.local) - \($0.remote.map(\.description) ?? "")\(peer): \(WaitWording.socket($0))"
            }, &out)
        }
        if style.sections.contains(.locks) {
            table("File locks", snapshot?.locks.reason, (snapshot?.locks.elements ?? []).map {
                "\(WaitWording.lockSubject($0)): \(WaitWording.lock($0))"
            }, &out)
        }
        if style.sections.contains(.evidence) { evidence(section, &out) }
    }

    private func table(_ title: String, _ reason: String?, _ lines: [String], _ out: inout TextLines) {
        out.heading(title)
        if let reason { out.paragraph(TextLines.safe(reason), lead: "  not complete: ", colour: .yellow) }
        if lines.isEmpty, reason == nil { out.paragraph("none", lead: "  ") }
        for line in lines.prefix(rows) { out.paragraph(TextLines.safe(line), lead: "  - ") }
        if lines.count > rows { out.paragraph("\(Units.count(lines.count - rows)) more, see the recorded evidence", lead: "  ... ") }
    }

    private func tasks(_ snapshot: Snapshot?) -> [String] {
        byProcess(snapshot?.tasks.elements ?? [], snapshot, \.pid).flatMap { process, tasks in
            StackGroups.tasks(tasks).map { group in
                let frame = StackShape(group.frames).own.first ?? group.frames.first
                let place = frame.map { " at \(WaitWording.frame($0))\(WaitWording.place($0).map { " (\($0))" } ?? "")" } ?? ""
                return "\(process)\(group.members.joined(separator: ", "))\(group.omittedMembers)\(place): \(group.waits.joined(separator: "; "))"
            }
        }
    }

    /// The subject's own rows first, then the others' with the name of their process.
    private func byProcess<Row>(_ rows: [Row], _ snapshot: Snapshot?, _ pid: KeyPath<Row, Int32>) -> [(process: String, rows: [Row])] {
        let subject = snapshot?.subject.pid ?? 0
        let names = Dictionary((snapshot?.processes.elements ?? []).map { ($0.identity.pid, $0.name) }, uniquingKeysWith: { first, _ in first })
        return Dictionary(grouping: rows) { $0[keyPath: pid] }
            .sorted { ($0.key != subject ? 1 : 0, $0.key) < ($1.key != subject ? 1 : 0, $1.key) }
            .map { key, rows in (key == subject ? "" : "of pid \(key)\(names[key].map { " (\($0))" } ?? ""): ", rows) }
    }

    private func threads(_ snapshot: Snapshot?, _ out: inout TextLines) {
        let groups = byProcess(snapshot?.threads.elements ?? [], snapshot, \.pid).flatMap { StackGroups.threads($0.rows) }
        out.heading("Threads")
        if let reason = snapshot?.threads.reason { out.paragraph(TextLines.safe(reason), lead: "  not complete: ", colour: .yellow) }
        if groups.isEmpty { out.paragraph("none", lead: "  ") }
        for group in groups.prefix(rows) {
            out.paragraph(TextLines.safe("\(group.members.joined(separator: ", "))\(group.omittedMembers): \(group.waits.joined(separator: "; "))"), lead: "  - ")
            if let reason = group.stackReason { out.paragraph(TextLines.safe(reason), lead: "      stack: ", colour: .yellow) }
            for frame in group.frames.prefix(60) {
                let marks = (frame.isAsync ? " [async]" : "") + (frame.isInlined ? " [inlined]" : "")
                let place = WaitWording.place(frame).map { "  \($0)" } ?? ""
                out.paragraph(TextLines.safe("\(WaitWording.frame(frame))\(marks)\(place)", limit: 300), lead: "      ", colour: .dim)
            }
        }
        if groups.count > rows { out.paragraph("\(Units.count(groups.count - rows)) more groups of threads, see the recorded evidence", lead: "  ... ") }
    }

    private func refuted(_ assessment: Assessment, _ out: inout TextLines) {
        table("Ruled out", nil, assessment.refuted.map { "\($0.cause.rawValue): \($0.because)" }, &out)
        if !assessment.bystanders.isEmpty { table("At rest, and not concerned", nil, assessment.bystanders, &out) }
    }

    private func evidence(_ section: RunSection, _ out: inout TextLines) {
        let cited = section.assessment.findings.flatMap(\.evidence)
        table("Evidence", nil, cited.map { "\($0.ref): \($0.text)" }, &out)
    }
}
