import Diagnosis
import Evidence

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
        StackGroups.tasks(snapshot?.tasks.elements ?? []).map { group in
            let place = group.frames.first.map { " at \(WaitWording.frame($0))\(WaitWording.place($0).map { " (\($0))" } ?? "")" } ?? ""
            return "\(group.members.joined(separator: ", "))\(group.omittedMembers)\(place): \(group.waits.joined(separator: "; "))"
        }
    }

    private func threads(_ snapshot: Snapshot?, _ out: inout TextLines) {
        let groups = StackGroups.threads(snapshot?.threads.elements ?? [])
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
