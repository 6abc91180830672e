import Archive
import Diagnosis
import Evidence
import Foundation
import Testing

/// The library of recorded hangs, replayed without any process.
@Suite struct HangFixtureTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/hangs")
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !$0.contains(".") }.sorted()

    private struct Expected: Codable, Equatable {
        var verdict: Verdict
        var causes: [Cause]
        var fingerprints: [String?]
    }

    static func assess(_ path: String) throws -> Assessment {
        Diagnoser.assess(run: try RunReader.read(path), baseline: nil, options: DiagnosisOptions(hungAfter_s: 2))
    }

    @Test func theLibraryIsThere() { #expect(Self.names.count >= 25) }

    @Test(arguments: names) func itReplays(_ name: String) throws {
        let path = Self.folder.appendingPathComponent(name).path
        let expected = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: "\(path)/expected.json")))
        let assessment = try Self.assess(path)
        let roots = assessment.findings.filter { $0.role == .root }
        let found = Expected(verdict: assessment.verdict, causes: roots.map(\.cause), fingerprints: roots.map(\.fingerprint))
        #expect(found == expected, "\(assessment.headline)")
        #expect(FileManager.default.fileExists(atPath: "\(path)/README.md"))
    }

    /// No root without an edge of evidence for every step of its chain: each cites a row that is there.
    @Test(arguments: names) func everyStepRestsOnEvidence(_ name: String) throws {
        let path = Self.folder.appendingPathComponent(name).path
        for finding in try Self.assess(path).findings where finding.role == .root {
            #expect(!finding.chain.isEmpty)
            for link in finding.chain {
                #expect(!link.evidence.isEmpty, "\(finding.cause): \(link.label)")
                for evidence in link.evidence { #expect(Self.resolves(evidence.description, in: path), "\(link.label): \(evidence)") }
            }
            for cited in finding.evidence { #expect(Self.resolves(cited.ref, in: path), "\(cited.ref)") }
        }
    }

    /// What to change is told in the terms of the object that is waited for, in its language.
    @Test(arguments: [
        ("python-queue-full", "`put(item, timeout=)`"), ("python-queue-join", "`task_done()`"), ("python-async-future", "`asyncio.timeout`"),
        ("java-latch", "Count down in `finally`"), ("java-future-dropped", "`completeExceptionally`"), ("java-socket-silent", "setReadTimeout"), ("condition", "under the mutex"),
    ])
    func theRemedyFits(_ name: String, _ words: String) throws {
        let root = try #require(try Self.assess(Self.folder.appendingPathComponent(name).path).findings.first { $0.role == .root })
        #expect(root.remedy.contains(words), "\(root.remedy)")
    }

    /// Whether a reference such as "snapshots/2/threads.json#/3" names a row of a file that is there.
    private static func resolves(_ reference: String, in path: String) -> Bool {
        let parts = reference.split(separator: "#", maxSplits: 1).map(String.init)
        guard let data = FileManager.default.contents(atPath: "\(path)/\(parts[0])") else { return false }
        guard parts.count > 1 else { return true }
        guard let row = Int(parts[1].dropFirst()) else { return false }
        if parts[0].hasSuffix(".jsonl") { return row < data.split(separator: UInt8(ascii: "\n")).count }
        return ((try? JSONSerialization.jsonObject(with: data)) as? [Any]).map { row < $0.count } ?? false
    }
}
