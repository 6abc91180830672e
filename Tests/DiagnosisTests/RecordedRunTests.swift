import Diagnosis
import Evidence
import Foundation
import Testing

/// Recorded runs of real processes, replayed without any process.
@Suite struct RecordedRunTests {
    @Test func theSixtyPercentHangIsTheStalledPeers() throws {
        let hanging = try Self.run("sixty-percent-hang/hanging")
        let working = try Self.run("sixty-percent-hang/working")
        let assessment = Diagnoser.assess(run: hanging, baseline: working)
        #expect(assessment.verdict == .hang)
        #expect(assessment.root?.cause == .peerStalled)
        #expect(assessment.root?.confidence == .contrasted)
        let contributing = assessment.findings.filter { $0.role == .contributing }.map(\.cause)
        #expect(Set(contributing).isSuperset(of: [.progressSimulated, .cancellationIgnored]))
    }

    @Test func theWorkingRunHasNoFinding() throws {
        let assessment = Diagnoser.assess(run: try Self.run("sixty-percent-hang/working"), baseline: nil)
        #expect(assessment.verdict == .completed)
        #expect(assessment.findings.isEmpty)
    }

    /// A chain is only as good as its evidence: each step points at a row that is there.
    @Test func everyStepOfTheChainCitesARowThatIsThere() throws {
        let run = try Self.run("sixty-percent-hang/hanging")
        let chain = try #require(Diagnoser.assess(run: run, baseline: nil).root?.chain)
        #expect(chain.count >= 3)
        for link in chain {
            #expect(!link.evidence.isEmpty, "\(link.label)")
            for path in link.evidence {
                let rows = try Self.rows(path.file, in: "sixty-percent-hang/hanging")
                #expect(path.index.map { $0 < rows } ?? true, "\(path)")
            }
        }
    }

    @Test func withoutItsSnapshotsNoConnectionIsBlamed() throws {
        var run = try Self.run("sixty-percent-hang/hanging")
        run.snapshots = []
        let assessment = Diagnoser.assess(run: run, baseline: nil)
        #expect(assessment.root == nil)
    }

    // MARK: Reading

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/runs")

    private static func data(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

    static func run(_ name: String) throws -> Run {
        let header = try EvidenceCoding.decode(RunHeader.self, from: data("\(name)/\(RunFile.header)"), name: RunFile.header)
        let snapshots = [1, 2].compactMap { ordinal in
            try? Snapshot(reading: { try? data("\(name)/\(RunFile.snapshots)/\(ordinal)/\($0)") })
        }
        return Run(
            header: header, events: EvidenceCoding.lines(Event.self, from: try data("\(name)/\(RunFile.events)")).rows,
            samples: EvidenceCoding.lines(Sample.self, from: try data("\(name)/\(RunFile.samples)")).rows,
            store: EvidenceCoding.lines(StoreRecord.self, from: try data("\(name)/\(RunFile.store)")).rows, snapshots: snapshots)
    }

    private static func rows(_ file: String, in name: String) throws -> Int {
        let data = try data("\(name)/\(file)")
        if file.hasSuffix(".jsonl") { return data.split(separator: UInt8(ascii: "\n")).count }
        return (try JSONSerialization.jsonObject(with: data) as? [Any])?.count ?? .max
    }
}
