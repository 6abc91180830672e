import Evidence
import Testing
@testable import Diagnosis

/// No rule leans on what a program calls things: the same run with every name changed has the same findings.
@Suite struct ForeignWordsTests {
    /// Names of events, spans and jobs replaced; kinds, meanings and attributes stay.
    private static func renamed(_ run: Run) -> Run {
        var run = run
        var names: [String: String] = [:]
        for index in run.events.indices where run.events[index].kind != .harness && run.events[index].kind != .client {
            let name = run.events[index].name
            names[name] = names[name] ?? "ereignis \(names.count)"
            run.events[index].name = names[name] ?? ""
            run.events[index].message = nil
        }
        if let point = run.header.standstill { run.header.standstill = EventKey(name: names[point.name] ?? "", ordinal: point.ordinal, job: point.job) }
        return run
    }

    @Test(arguments: ["sixty-percent-hang"]) func aRecordedRunKeepsItsFindings(_ name: String) throws {
        let hanging = try RecordedRunTests.run("\(name)/hanging")
        let working = try RecordedRunTests.run("\(name)/working")
        let before = Diagnoser.assess(run: hanging, baseline: working)
        let after = Diagnoser.assess(run: Self.renamed(hanging), baseline: Self.renamed(working))
        #expect(before.root?.cause == .peerStalled)
        #expect(after.verdict == before.verdict)
        #expect(after.findings.map(\.cause) == before.findings.map(\.cause))
        #expect(after.findings.map(\.confidence) == before.findings.map(\.confidence))
        #expect(Diagnoser.assess(run: Self.renamed(working), baseline: nil).findings.isEmpty)
    }

    /// Without any stated meaning the shape still tells: a span that never ends, pieces that came one after the other, and the wire.
    @Test func withoutMeaningsTheShapeTells() throws {
        var run = Self.renamed(JobRunTests.stalled().run)
        for index in run.events.indices { run.events[index].means = nil }
        let assessment = Diagnoser.assess(run: run, baseline: nil)
        #expect(assessment.root?.cause == .peerStalled, "\(assessment.headline)")
        #expect(assessment.findings.map(\.cause).contains(.progressSimulated))
    }

    @Test func everyMeaningHasItsKind() {
        for word in Event.Sense.words { #expect(Event.Sense(word: word) != nil, "\(word)") }
        #expect(Event.Sense(word: "answer") == Event.Sense(.work, .answer))
        #expect(Event.Sense(word: "nonsense") == nil && Event.Sense(word: "harness") == nil)
    }
}
