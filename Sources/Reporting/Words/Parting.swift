import Diagnosis
import Evidence

/// Where two runs part, in words and in time.
enum Parting {
    /// One sentence; nil when the comparison names no point.
    static func sentence(_ report: Report) -> String? {
        guard let comparison = report.comparison else { return nil }
        let working = report.baseline?.variant ?? "working"
        let hanging = report.primary?.variant ?? "hanging"
        var parts: [String] = []
        if let common = comparison.lastCommonPoint {
            let when = time(of: common, in: report.primary).map { ", \(working == hanging ? "" : "the \(hanging) run ")at \($0)" } ?? ""
            parts.append("Both runs reached \(common)\(when).")
        }
        if let missing = comparison.firstMissing {
            let when = time(of: missing, in: report.baseline).map { " at \($0)" } ?? ""
            parts.append("The \(working) run went on to \(missing)\(when); the \(hanging) run never did.")
        }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// Offset of an event from its run's start, in seconds of scenario time.
    static func offset(of key: EventKey?, in section: RunSection?) -> Double? {
        guard let key, let section else { return nil }
        return section.run.events.first { $0.key == key }.flatMap { section.offset($0.at) }
    }

    private static func time(of key: EventKey, in section: RunSection?) -> String? {
        guard let section, let offset = offset(of: key, in: section) else { return nil }
        return "\(Units.duration(offset))\(section.timeScale == 1 ? "" : " of scenario time")"
    }
}
