import Diagnosis
import FoundationEssentials
import Evidence

/// trace.json in Chrome's trace event format (JSON object form), which Perfetto and chrome://tracing open:
/// every run is a process, all on one axis of scenario time from each run's start.
public struct TraceRenderer: Renderer {
    /// Trace events written at most; what is beyond is counted in `otherData`.
    private let limit: Int

    public init(limit: Int = 50_000) { self.limit = limit }

    public func files(for report: RedactedReport) throws -> [RenderedFile] {
        let report = report.report
        var builder = TraceBuilder(limit: limit)
        for (index, section) in report.runs.prefix(16).enumerated() {
            builder.add(section, process: index + 1)
            for record in report.truth.prefix(200) where record.variant == nil || record.variant == section.variant {
                builder.add(record, in: section, process: index + 1)
            }
        }
        let document = TraceDocument(
            traceEvents: builder.events, displayTimeUnit: "ms",
            otherData: [
                "tool": "hangscope \(report.toolVersion)", "scenario": report.scenario?.name ?? "",
                "time": "microseconds of scenario time since each run's start", "timeScale": Units.plain(report.primary?.timeScale ?? 1),
                "omittedEvents": String(builder.omitted),
            ])
        return [RenderedFile(name: ReportFiles.trace, contents: try EvidenceCoding.encoder(pretty: false).encode(document))]
    }
}

struct TraceDocument: Encodable {
    var traceEvents: [TraceEvent]
    var displayTimeUnit: String
    var otherData: [String: String]
}

/// One event; members are named as the format names them.
struct TraceEvent: Encodable {
    enum Phase: String, Encodable {
        case begin = "b", end = "e", instant = "i", counter = "C", metadata = "M"
    }
    var name: String
    var cat: String?
    var ph: Phase
    /// Microseconds.
    var ts: Double
    var pid: Int
    var tid: Int
    /// Pairs begin and end.
    var id: String?
    /// Scope of an instant: t thread, p process.
    var s: String?
    var args: [String: JSONValue]?
}
