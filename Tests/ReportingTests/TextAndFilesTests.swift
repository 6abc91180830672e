import Diagnosis
import Evidence
import Foundation
import Reporting
import Testing

@Suite struct TextAndFilesTests {
    @Test func textSaysTheVerdictFirst() {
        let text = TextRenderer(style: TextStyle(width: 100)).text(SampleReport.twoRuns)
        #expect(text.hasPrefix("Hang: Job 1 waits for the rest of an answer"))
        let order = ["Hang:", "What waits for what", "What to change", "Also found", "Not observed"].map { text.range(of: $0)?.lowerBound }
        #expect(order.allSatisfy { $0 != nil } && order.compactMap(\.self) == order.compactMap(\.self).sorted())
    }

    @Test func theVerdictIsNotSaidTwice() {
        var report = SampleReport.attached
        let summary = "job 1 waits for an answer"
        report.runs[0].assessment.findings[0].summary = summary
        report.runs[0].assessment.headline = "It hangs (peer-stalled): \(summary)"
        #expect(TextRenderer().text(report).hasPrefix("Hang: Job 1 waits for an answer\n"))
        report.runs[0].assessment.findings = []
        report.runs[0].assessment.verdict = .completed
        report.runs[0].assessment.headline = "It completed: job 1 ended after 98 s"
        #expect(TextRenderer().text(report).hasPrefix("Completed: Job 1 ended after 98 s\n"))
    }

    @Test(arguments: [40, 80, 160])
    func linesKeepToTheWidth(width: Int) {
        let text = TextRenderer(style: .verbose(width: width)).text(HostileReport.report(String(repeating: "word ", count: 300) + String(repeating: "x", count: 500)))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= width + 4 })
    }

    @Test func colourIsAnOption() {
        #expect(!TextRenderer(style: TextStyle()).text(SampleReport.twoRuns).contains("\u{1B}"))
        #expect(TextRenderer(style: TextStyle(isColoured: true)).text(SampleReport.twoRuns).contains("\u{1B}[1;31mHang"))
    }

    @Test func regressHasALineForEveryVariant() {
        let renderer = TextRenderer(style: TextStyle())
        let results = [
            VariantResult(scenario: "a", variant: "hanging", status: .met, found: "hang: peer-stalled (contrasted)", duration_s: 3.2),
            VariantResult(scenario: "a", variant: "fixed", status: .notMet, problems: ["expected failed, found hang", "root missing"], duration_s: 4),
            VariantResult(scenario: "b", variant: "hanging", status: .skipped("tcp-repair")),
            VariantResult(scenario: "c", variant: "working", status: .error("port\nin use")),
        ]
        #expect(results.map { renderer.regressLine($0, nameWidth: 9) } == [
            "ok      a hanging  hang: peer-stalled (contrasted)  3.2 s",
            "FAILED  a fixed    expected failed, found hang (and 1 more)  4.0 s",
            "skipped b hanging  missing: tcp-repair",
            "ERROR   c working  port\\nin use",
        ])
        #expect(renderer.regressTotal(results) == "1 as expected, 1 not, 1 could not run, 1 skipped")
    }

    @Test func jsonKeepsTheContract() throws {
        let file = try #require(JSONRenderer().render(SampleReport.twoRuns).first)
        let document = try #require(JSONDecoder().decode(JSONValue.self, from: file.contents).object)
        #expect(file.name == "verdict.json")
        #expect(document["schemaVersion"] == "1.0" && document["verdict"] == "hang")
        #expect(document["subject"]?.object?["pid"] == 812)
        let root = try #require(document["findings"]?.array?.first?.object)
        #expect(root["cause"] == "peer-stalled" && root["role"] == "root" && root["confidence"] == "contrasted")
        #expect(root["chain"]?.array?.first?.object?["since_s"]?.number == 1.013)
        #expect(document["capture"]?.object?["stopped_ms"]?.number == 3.8)
        #expect(document["runs"]?.array?.count == 2 && document["comparison"] != nil)
        // What diagnose prints can be read back as what it was made from.
        #expect(try JSONDecoder().decode(Assessment.self, from: file.contents) == SampleAssessment.hanging)
    }

    @Test func junitCountsWhatItShows() throws {
        var report = SampleReport.twoRuns
        report.runs[0].expectation = ExpectationResult(isMet: false, expected: "hang", found: "completed", problems: ["expected <hang>, found completed"])
        report.skipped = [SkippedVariant(variant: "fixed", capability: "tcp-repair")]
        let xml = try #require(JUnitRenderer().render(report).first).text
        #expect(xml.contains("<testsuites name=\"hangscope\" tests=\"3\" failures=\"1\" errors=\"0\""))
        #expect(xml.contains("skipped=\"1\"") && xml.contains("<skipped message=\"missing: tcp-repair\"/>"))
        #expect(xml.contains("<failure message=\"expected &lt;hang&gt;, found completed\" type=\"expectation\">"))
    }

    @Test func traceShowsBothRunsAsProcesses() throws {
        let file = try #require(TraceRenderer().render(SampleReport.twoRuns).first)
        let document = try JSONDecoder().decode(JSONValue.self, from: file.contents)
        let events = try #require(document.object?["traceEvents"]?.array).compactMap(\.object)
        #expect(events.filter { $0["name"] == "process_name" }.compactMap { $0["args"]?.object?["name"]?.string } == ["hanging: hang", "working: completed"])
        let begun = events.count { $0["ph"] == "b" && $0["pid"] == 1 }
        let ended = events.count { $0["ph"] == "e" && $0["pid"] == 1 }
        #expect(begun - ended == 4, "four spans never ended")
        #expect(events.contains { $0["name"] == "alarm: no-work" })
        let token = try #require(events.first { $0["name"] == "llm.first-token" })
        #expect(abs((token["ts"]?.number ?? 0) - 11e6) < 1, "microseconds of scenario time")
    }
}
