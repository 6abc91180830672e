import Foundation
import Processes
import Testing

@Suite(.serialized) struct RegressTests {
    @Test func `as expected: exit 0 and JUnit without failures; another expectation: exit 1`() async throws {
        let program = try Program()
        let good = try program.shipped("wrong-model")
        let result = try await program.run(["regress", good, "--junit", "good.xml", "-o", "reports"])
        #expect(result.status == .exited(0), "\(result.outputText)\(result.errorText)")
        let junit = try String(contentsOf: program.folder.appending(path: "good.xml"), encoding: .utf8)
        #expect(junit.contains("failures=\"0\""))
        #expect(result.outputText.contains("wrong-model hanging"))

        let bad = try program.shipped("wrong-model") { $0.replacingOccurrences(of: "contributing: [wrong-provenance]", with: "contributing: [lock-cycle]") }
        let failed = try await program.run(["regress", bad, "--junit", "bad.xml", "-o", "reports"])
        #expect(failed.status == .exited(1))
        let second = try String(contentsOf: program.folder.appending(path: "bad.xml"), encoding: .utf8)
        #expect(second.contains("<failure"))
        #expect(second.contains("lock-cycle"))
        #expect(program.marked() == [])
    }

    @Test func `several at once do not disturb each other`() async throws {
        let program = try Program()
        _ = try program.shipped("wrong-model")
        _ = try program.shipped("no-tracing")
        let result = try await program.run(["regress", program.folder.path, "-j", "2", "-o", "reports", "--format", "json"])
        #expect(result.status == .exited(0), "\(result.errorText)")
        #expect(program.marked() == [])
    }
}
