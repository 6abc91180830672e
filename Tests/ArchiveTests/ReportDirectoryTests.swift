import Archive
import Evidence
import Foundation
import Glibc
import Testing

@Suite struct ReportDirectoryTests {
    @Test func namesNeverCollideAndNeverLeave() throws {
        let folder = try TemporaryFolder()
        let first = try ReportDirectory.make(under: folder.path, scenario: "s", time: "2026-11-21T03-00-00Z")
        let second = try ReportDirectory.make(under: folder.path, scenario: "s", time: "2026-11-21T03-00-00Z")
        #expect(first.path != second.path)
        let hostile = try ReportDirectory.make(under: folder.path, scenario: "../../etc", time: "a/b")
        #expect(hostile.path.hasPrefix(folder.path + "/") && !hostile.path.split(separator: "/").contains(".."))
        #expect(throws: ArchiveError.self) { try first.write(Data(), as: "../x") }
        #expect(throws: ArchiveError.self) { try first.write(Data(), as: "/tmp/x") }
    }

    @Test func latestPointsToTheNewest() throws {
        let folder = try TemporaryFolder()
        for second in 0..<3 {
            let report = try ReportDirectory.make(under: folder.path, scenario: "s", time: "2026-11-21T03-00-0\(second)Z")
            try report.write(Data("\(second)".utf8), as: "run.json")
            try report.markLatest()
            #expect(String(decoding: try folder.data("s/latest/run.json"), as: UTF8.self) == "\(second)")
        }
    }

    @Test func variantsAreListedInTheirOrder() async throws {
        let folder = try TemporaryFolder()
        let report = try ReportDirectory.make(under: folder.path, scenario: "s", time: "t")
        for name in ["zeta", "fixed", "working", "hanging"] { try await RecordedRun.write(to: report.variant(name)) }
        try report.write(Data("{}".utf8), as: "truth/faults.json")
        #expect(report.variants() == ["hanging", "working", "fixed", "zeta"])
        #expect(ReportDirectory.isReport(report.path))
        #expect(!ReportDirectory.isReport(report.variant("fixed")))
    }
}

@Suite struct RunIndexTests {
    private func folderWithRuns() async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for time in ["2026-01-01", "2026-01-02"] {
            let report = try ReportDirectory.make(under: folder.path, scenario: "stall", time: time)
            try await RecordedRun.write(to: report.variant("hanging"))
            let verdict = #"{"verdict":"hang","findings":[{"role":"contributing","cause":"busy-loop"},{"role":"root","cause":"peer-stalled"}]}"#
            try report.write(Data(verdict.utf8), as: ReportDirectory.File.verdict)
            try report.markLatest()
        }
        return folder
    }

    @Test func rebuildingFindsWhatRecordingWrote() async throws {
        let folder = try await folderWithRuns()
        let index = RunIndex(root: folder.path)
        for time in ["2026-01-01", "2026-01-02"] {
            #expect(index.record(ReportDirectory(path: "\(folder.path)/stall/\(time)")) == nil)
        }
        let recorded = try index.entries()
        #expect(recorded.map(\.time) == ["2026-01-02", "2026-01-01"])
        #expect(recorded.first?.root == "peer-stalled")
        try FileManager.default.removeItem(atPath: index.path)
        #expect(try index.rebuild() == 2)
        #expect(try index.entries() == recorded)
        #expect(try index.entries(scenario: "other").isEmpty)
    }

    @Test func damagedIndexIsToldAndMadeAnew() async throws {
        let folder = try await folderWithRuns()
        let index = RunIndex(root: folder.path)
        try folder.write(Data(repeating: 0x41, count: 8192), RunIndex.fileName)
        let failure = index.record(ReportDirectory(path: "\(folder.path)/stall/2026-01-01"))
        #expect(failure?.code == .indexDamaged)
        #expect(failure?.remedy.contains("Delete it") == true)
        #expect(try index.rebuild() == 2)
        #expect(try index.entries().count == 2)
    }

    @Test func lockedIndexIsToldAndFailsNothing() async throws {
        let folder = try await folderWithRuns()
        let index = RunIndex(root: folder.path)
        try index.rebuild()
        // What another program's exclusive lock looks like (capture-notes: WRITE from byte 1073741824 for 512),
        // held through an open file description, since POSIX locks do not conflict within a process.
        let descriptor = open(index.path, O_RDWR)
        defer { close(descriptor) }
        var lock = flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 1_073_741_824, l_len: 512, l_pid: 0)
        try #require(fcntl(descriptor, 37 /* F_OFD_SETLK, fcntl(2) */, &lock) == 0)
        let failure = index.record(ReportDirectory(path: "\(folder.path)/stall/2026-01-01"))
        #expect(failure?.code == .indexLocked)
    }
}
