import Processes
import Testing

@Suite struct StreamTests {
    @Test func `lines are cut at the limit and told so`() {
        var splitter = LineSplitter(maximumLine: 4)
        let first = splitter.append(Array("ab\nabcdefg\nx".utf8)[...])
        #expect(first.map(\.text) == ["ab", "abcd"])
        #expect(first.map(\.wasCut) == [false, true])
        #expect(splitter.append(Array("y".utf8)[...]).isEmpty)
        #expect(splitter.finish()?.text == "xy")
        #expect(splitter.finish() == nil)
    }

    @Test func `a cancelled waiter is let go, the others keep waiting`() async {
        let latch = Latch<Int>()
        let first = Task { await latch.wait() }
        let second = Task { await latch.wait() }
        first.cancel()
        #expect(await first.value == nil)
        #expect(await latch.wait(for: .milliseconds(10)) == nil)
        #expect(latch.set(3))
        #expect(!latch.set(4))
        #expect(await second.value == 3)
    }

    @Test func `names with parentheses and spaces do not mislead the reader of stat`() {
        let line = "812 (a) S (b) R 7 812 812 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 4711 0 0"
        let stat = ProcessStat(parsing: Array(line.utf8))
        #expect(stat?.name == "a) S (b")
        #expect(stat?.state == "R")
        #expect(stat?.parentPID == 7)
        #expect(stat?.startTicks == 4711)
        for length in 0..<line.utf8.count { _ = ProcessStat(parsing: Array(line.utf8.prefix(length))) }
    }

    /// Read sources of libdispatch, used here before, ended the program with SIGSEGV once in about a thousand helpers.
    @Test func `many short helpers at once`() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    for turn in 0..<25 {
                        let result = try await HelperProcess.run("/bin/echo", ["\(number) \(turn)"], deadline: .seconds(30))
                        guard result.outputText == "\(number) \(turn)\n", result.status.isSuccess else { return false }
                    }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func `a cancelled reader closes its end though nothing comes`() async throws {
        let (read, write) = try OwnedDescriptor.pipe()
        let reader = PipeReader(read) { _ in }
        reader.cancel()
        #expect(await reader.ended.wait(for: .seconds(10)) != nil)
        let writer = PipeWriter(write)
        await #expect(throws: ProcessError.self) { try await writer.write(line: "x") }
    }

    @Test func `writing to a process that is gone throws`() async throws {
        let (read, write) = try OwnedDescriptor.pipe()
        read.close()
        let writer = PipeWriter(write)
        await #expect(throws: ProcessError.self) { try await writer.write(line: "x") }
    }
}
