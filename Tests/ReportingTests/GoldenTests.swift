import Foundation
import Reporting
import Testing

/// Whole outputs as they were last agreed on. `HANGSCOPE_RECORD=1 swift test --filter GoldenTests` writes them anew.
@Suite struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")

    private func check(_ name: String, _ text: String) throws {
        let file = Self.folder.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["HANGSCOPE_RECORD"] == "1" {
            try Data(text.utf8).write(to: file)
            return
        }
        let golden = try String(decoding: Data(contentsOf: file), as: UTF8.self)
        let differing = zip(golden.split(separator: "\n", omittingEmptySubsequences: false), text.split(separator: "\n", omittingEmptySubsequences: false)).first { $0 != $1 }
        #expect(golden == text, "\(name): was \(differing?.0 ?? "of another length"), is \(differing?.1 ?? ""); HANGSCOPE_RECORD=1 records it anew")
    }

    @Test func attach() throws { try check("attach.txt", TextRenderer(style: TextStyle(width: 100)).text(SampleReport.attached)) }
    @Test func verbose() throws { try check("verbose.txt", TextRenderer(style: .verbose(width: 100)).text(SampleReport.twoRuns)) }
    @Test func summary() throws { try check("summary.txt", TextRenderer(style: TextStyle(width: 80)).summary(SampleReport.twoRuns)) }
    @Test func unknown() throws { try check("unknown.txt", TextRenderer(style: TextStyle(width: 80)).text(SampleReport.unknown)) }

    @Test(arguments: [ReportFiles.html, ReportFiles.markdown, ReportFiles.junit])
    func files(name: String) throws {
        let file = try #require(ReportFiles.all(for: SampleReport.twoRuns).first { $0.name == name })
        try check(name, file.text)
    }
}
