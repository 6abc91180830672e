import Archive
import Evidence
import Foundation
import Glibc
import Testing

@Suite struct RunDirectoryTests {
    @Test func whatIsWrittenIsRead() async throws {
        let folder = try TemporaryFolder()
        try await RecordedRun.write(to: folder.path)
        let run = try RunReader.read(folder.path)
        #expect(run.events == (1...4).map(RecordedRun.event))
        #expect(run.samples == (1...4).map(RecordedRun.sample))
        #expect(run.store == (1...4).map(RecordedRun.row))
        #expect(run.snapshots == [RecordedRun.snapshot(1)])
        #expect(run.header.endedAt == Moment(monotonic_s: 20))
        #expect(run.header.standstill == RecordedRun.event(4).key)
        #expect(run.header.unobserved.isEmpty)
    }

    @Test func readableAtEveryStageOfWriting() async throws {
        let folder = try TemporaryFolder()
        let writer = try RunWriter(directory: folder.path)
        #expect(throws: ArchiveError.self) { try RunReader.read(folder.path) }
        try await writer.append(RecordedRun.event(1))
        var run = try RunReader.read(folder.path)
        #expect(run.events.count == 1)
        #expect(run.header.unobserved.map(\.what) == [RunFile.header])
        try await writer.write(RecordedRun.header())
        _ = try await writer.snapshotDirectory(1)
        run = try RunReader.read(folder.path)
        #expect(run.header.timeScale == 60)
        #expect(run.header.unobserved.map(\.what) == ["snapshots/1"])
        #expect(!folder.files().contains { $0.hasSuffix(".part") })
    }

    /// A crash can cut any file anywhere; the rest must stay readable, and what is gone must be told.
    @Test func anyFileCutAnywhereCostsItselfOnly() async throws {
        let folder = try TemporaryFolder()
        try await RecordedRun.write(to: folder.path)
        let whole = try RunReader.read(folder.path)
        for name in folder.files() {
            let contents = try folder.data(name)
            let cuts = Set([0, 1, contents.count / 4, contents.count / 2, contents.count - 2, contents.count - 1].filter { $0 >= 0 && $0 < contents.count })
            for cut in cuts.sorted() {
                try folder.write(contents.prefix(cut), name)
                let run = try RunReader.read(folder.path)
                if name == RunFile.events {
                    #expect(run.events == Array(whole.events.prefix(run.events.count)))
                } else {
                    #expect(run.events == whole.events)
                }
                if name == RunFile.header, cut < contents.count - 1 {
                    #expect(run.header.unobserved.contains { $0.what == RunFile.header })
                    #expect(run.header.subject == whole.header.subject)
                }
            }
            try FileManager.default.removeItem(atPath: folder.path + "/" + name)
            _ = try RunReader.read(folder.path)
            try folder.write(contents, name)
        }
        #expect(try RunReader.read(folder.path) == whole)
    }

    @Test(arguments: 0..<8)
    func damagedBytesNeverCrash(seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        try await RecordedRun.write(to: folder.path)
        var generator = SystemIndependentGenerator(state: seed)
        let names = folder.files()
        for _ in 0..<40 {
            let name = names.randomElement(using: &generator)!
            let contents = try folder.data(name)
            var damaged = contents
            for _ in 0..<Int.random(in: 1...8, using: &generator) where !damaged.isEmpty {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            try folder.write(damaged, name)
            _ = try? RunReader.read(folder.path)
            try folder.write(contents, name)
        }
    }

    @Test func recordsComeInOrderOfTime() async throws {
        let folder = try TemporaryFolder()
        let writer = try RunWriter(directory: folder.path)
        for ordinal in [3, 1, 2] { try await writer.append(RecordedRun.event(ordinal)) }
        #expect(try RunReader.read(folder.path).events.map(\.ordinal) == [1, 2, 3])
    }

    @Test func whatIsNoFileIsNotRead() async throws {
        let folder = try TemporaryFolder()
        try await RecordedRun.write(to: folder.path)
        // A FIFO would block for ever, a folder is no timeline.
        try FileManager.default.removeItem(atPath: folder.path + "/" + RunFile.samples)
        #expect(mkfifo(folder.path + "/" + RunFile.samples, 0o644) == 0)
        try FileManager.default.removeItem(atPath: folder.path + "/" + RunFile.store)
        try FileManager.default.createDirectory(atPath: folder.path + "/" + RunFile.store, withIntermediateDirectories: false)
        let run = try RunReader.read(folder.path)
        #expect(run.header.unobserved.map(\.what) == [RunFile.samples, RunFile.store])
        #expect(run.events.count == 4)
    }

    @Test func otherMajorVersionIsNotGuessedAt() async throws {
        let folder = try TemporaryFolder()
        try await RecordedRun.write(to: folder.path)
        let text = String(decoding: try folder.data(RunFile.header), as: UTF8.self).replacing("\"1.0\"", with: "\"9.0\"")
        try folder.write(Data(text.utf8), RunFile.header)
        let run = try RunReader.read(folder.path)
        #expect(run.header.unobserved.first?.why.contains("9.0") == true)
    }

    @Test func loneSnapshotIsARunToo() throws {
        let folder = try TemporaryFolder()
        try SnapshotDirectory.write(RecordedRun.snapshot(1), to: folder.path)
        let run = try RunReader.read(folder.path)
        #expect(run.snapshots == [RecordedRun.snapshot(1)])
        #expect(run.header.unobserved.count == 1)
    }

    @Test func missingFolderIsTold() throws {
        let folder = try TemporaryFolder()
        #expect { try RunReader.read(folder.path + "/nothing") } throws: { ($0 as? ArchiveError)?.code == .notFound }
    }

    @Test func fullDiskIsToldAndCostsNothingWritten() async throws {
        // A file system of one page, where the process may mount one; elsewhere there is nothing to fill.
        let folder = try TemporaryFolder()
        guard SmallDisk.mount(at: folder.path) else { return }
        defer { SmallDisk.unmount(folder.path) }
        let writer = try RunWriter(directory: folder.path)
        try await writer.write(RecordedRun.header())
        try await writer.append(RecordedRun.event(1))
        var long = RecordedRun.event(2)
        long.message = String(repeating: "x", count: 300_000)
        await #expect { try await writer.append(long) } throws: { ($0 as? ArchiveError)?.code == .diskFull }
        #expect(await writer.failure?.code == .diskFull)
        // The header cannot be renewed, the old one stays; the half line is taken back.
        try? await writer.write(RecordedRun.header())
        let run = try RunReader.read(folder.path)
        #expect(run.header.timeScale == 60)
        #expect(run.events == [RecordedRun.event(1)])
        #expect(run.header.unobserved.isEmpty)
    }
}

/// A tmpfs of 64 KiB.
enum SmallDisk {
    static func mount(at path: String) -> Bool {
        Glibc.mount("tmpfs", path, "tmpfs", UInt(MS_NODEV), "size=65536") == 0
    }

    static func unmount(_ path: String) { umount2(path, Int32(MNT_DETACH)) }
}

/// SplitMix64: the same damage in every run.
struct SystemIndependentGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
