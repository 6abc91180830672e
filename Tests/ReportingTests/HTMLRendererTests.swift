import Diagnosis
import Evidence
import Foundation
import Reporting
import Testing

@Suite struct HTMLRendererTests {
    private func page(_ report: Report) throws -> String { try #require(HTMLRenderer().render(report).first).text }

    @Test func firstScreenAnswers() throws {
        let page = try page(SampleReport.twoRuns)
        let first = page[..<(try #require(page.range(of: "<main>")).lowerBound)]
        for wanted in ["verdict hang", "peer-stalled", "contrasted", "LLMClient.complete", "class=\"blocker\"", "read timeout", "here the runs part", "no work for 2 min 35 s", "annotation, not evidence", "scenario time"] {
            #expect(first.contains(wanted), "first screen lacks \(wanted)")
        }
    }

    @Test func everyLinkWithinThePageHasItsAnchor() throws {
        for report in [SampleReport.twoRuns, SampleReport.attached, SampleReport.unknown] {
            let page = try page(report)
            for part in page.split(separator: "href=\"#").dropFirst() {
                let anchor = part.prefix { $0 != "\"" }
                #expect(page.contains("id=\"\(anchor)\""), "no anchor \(anchor)")
            }
        }
    }

    @Test func onlyOurScriptAndStyleMayRun() throws {
        let page = try page(SampleReport.twoRuns)
        #expect(page.contains("default-src 'none'; style-src '\(ContentHash.source(Style.text))'; script-src '\(ContentHash.source(Script.text))'"))
        #expect(!page.contains(" style=") && !page.contains(" onclick="))
    }

    /// FIPS 180-4 examples and lengths around the padding's edge.
    @Test func contentHash() {
        #expect(ContentHash.source("abc") == "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
        #expect(ContentHash.source("") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        #expect(ContentHash.source(String(repeating: "a", count: 119)) == "sha256-MeulHDE6XAgiat8Y1KNZz9/Y0ugWsT9K+VL36mWE3Ps=")
    }

    @Test func aLiveProcessNeedsNoScenario() throws {
        let page = try page(SampleReport.attached)
        #expect(page.contains("Process 812"))
        #expect(!page.contains("id=\"timeline\"") && !page.contains("in scenario time"))
    }

    @Test func unknownIsNeverShownAsHealthy() throws {
        let page = try page(SampleReport.unknown)
        #expect(page.contains("not a clean bill of health") && page.contains("ptrace is not permitted") && !page.contains("verdict completed"))
    }

    @Test func hundredThreadsAtOnePlaceAreOneGroup() {
        let threads = (0..<100).map { tid in
            ThreadRecord(pid: 1, tid: tid, name: "worker", state: "S", stack: .complete([Frame(programCounter: UInt64(tid), function: "wait", file: "a.c", line: 3)]))
        }
        let groups = StackGroups.threads(threads)
        #expect(groups.count == 1)
        #expect(groups.first?.count == 100)
        #expect(groups.first?.members.count == StackGroups.shownMembers)
    }

    @Test func thinningKeepsEndsAndPeaks() {
        let points = (0..<10_000).map { SampleSeries.Point(at: Double($0), value: $0 == 4_321 ? 99 : 1) }
        let thinned = SampleSeries.thinned(points, to: 100)
        #expect(thinned.count <= 100)
        #expect(thinned.first == points.first && thinned.last == points.last)
        #expect(thinned.contains { $0.value == 99 })
    }

    @Test func timelinePutsBothRunsOnOneAxis() throws {
        let timeline = try #require(Timeline(SampleReport.twoRuns))
        #expect(timeline.lanes.map(\.name) == ["working", "hanging"])
        #expect(abs(timeline.end - 196) < 0.001)
        let hanging = timeline.lanes[1]
        #expect(hanging.bars.filter(\.isOpen).map(\.name) == ["job", "analysis", "chunk 2", "llm.complete"])
        #expect(hanging.markers.map(\.kind) == [.fault, .alarm, .snapshot, .snapshot, .fault])
        let parting = try #require(hanging.parting)
        #expect(abs(parting - 41.19) < 0.1)
        #expect(timeline.lanes[0].parting != nil)
    }
}
