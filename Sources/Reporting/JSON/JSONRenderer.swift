import Diagnosis
import FoundationEssentials
import Evidence

/// verdict.json: the assessment's contract, schema 1.0, with the report's own members beside it.
public struct JSONRenderer: Renderer {
    public init() {}

    public func files(for report: RedactedReport) throws -> [RenderedFile] {
        var data = try EvidenceCoding.encoder().encode(VerdictDocument(report.report))
        data.append(UInt8(ascii: "\n"))
        return [RenderedFile(name: ReportFiles.json, contents: data)]
    }
}

extension Assessment {
    /// Lists of blind spots can be as long as a process has threads; 2 000 are kept, and the rest is counted.
    fileprivate var bounded: Assessment {
        let limit = 2000
        guard capture.unobserved.count > limit else { return self }
        var bounded = self
        bounded.capture.unobserved = capture.unobserved.prefix(limit) + ["\(capture.unobserved.count - limit) more that were not observed"]
        return bounded
    }
}

/// What verdict.json holds: the primary run's assessment at the top level, so that
/// `.verdict` and `.findings[0].cause` are found where `attach` puts them too.
struct VerdictDocument: Encodable {
    private let report: Report

    init(_ report: Report) { self.report = report }

    private enum Key: String, CodingKey {
        case scenario, variant, runs, skipped, comparison, truth, generatedAt_s, tool, reproduce, directory
    }

    private struct Variant: Encodable {
        var variant: String
        var duration_s: Double?
        var timeScale: Double
        var expectation: ExpectationResult?
        var assessment: Assessment
    }

    private struct Tool: Encodable {
        var name = "hangscope"
        var version: String
    }

    func encode(to encoder: any Encoder) throws {
        let nothing = Assessment(verdict: .unknown, headline: "No run was recorded.", subject: .init(pid: 0, executable: ""))
        try (report.primary?.assessment.bounded ?? nothing).encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(report.scenario, forKey: .scenario)
        try container.encodeIfPresent(report.primary?.variant, forKey: .variant)
        let variants = report.runs.map {
            Variant(variant: $0.variant, duration_s: $0.duration_s, timeScale: $0.timeScale, expectation: $0.expectation, assessment: $0.assessment.bounded)
        }
        try container.encode(variants, forKey: .runs)
        try container.encode(report.skipped, forKey: .skipped)
        try container.encodeIfPresent(report.comparison, forKey: .comparison)
        try container.encode(report.truth, forKey: .truth)
        try container.encode(report.generatedAt_s, forKey: .generatedAt_s)
        try container.encode(Tool(version: report.toolVersion), forKey: .tool)
        try container.encodeIfPresent(report.reproduceCommand, forKey: .reproduce)
        try container.encodeIfPresent(report.directory, forKey: .directory)
    }
}
