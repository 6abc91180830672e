import Diagnosis
import Evidence
import Foundation
import Processes
import Testing

/// Loops of interpreted programs: those that get nowhere, and those that compute for as long. Each as its language's own people write it.
///
/// Each is judged where its interpreter is installed, and cancelled, visibly, elsewhere.
@Suite(.serialized) struct LoopTests {
    struct Loop: Sendable, CustomTestStringConvertible {
        var interpreter: String
        var arguments: [String]
        var testDescription: String { "\(interpreter): \(arguments.last ?? "")" }

        init(_ interpreter: String, _ arguments: String...) {
            self.interpreter = interpreter
            self.arguments = arguments
        }

        var path: String? { ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { $0 + interpreter }.first(where: FileManager.default.isExecutableFile) }
    }

    static let endless = [
        Loop("mawk", "BEGIN { while (1); }"), Loop("perl", "-e", "my $done = 0; 1 while !$done"),
        Loop("node", "-e", "const state = {done: false}; setTimeout(() => { state.done = true }, 100); while (!state.done) {}"),
        Loop("node", "-e", #"/^(a+)+$/.test("a".repeat(40) + "b")"#),
        Loop("lua5.4", "-e", "local done = false while not done do end"),
    ]

    static let computing = [
        Loop("mawk", "BEGIN { while (n < 1e15) n++ }"), Loop("perl", "-e", "my $n = 0; $n++ while $n < 1e15"),
        Loop("perl", "-e", "my %count; for (my $n = 0; ; $n++) { $count{$n % 7}++ }"),
        Loop("dash", "-c", "n=0; while [ $n -lt 1000000000 ]; do n=$((n + 1)); done"),
        Loop("node", "-e", "const state = {n: 0}; while (state.n < 1e15) state.n++"),
        Loop("node", "-e", #"for (let n = 0; n < 1e9; n++) /^(a+)b$/.test("a".repeat(40) + n)"#),
        Loop("lua5.4", "-e", "local t = {n = 0} while t.n < 1e15 do t.n = t.n + 1 end"),
    ]

    @Test(arguments: endless) func `a loop that changes nothing is a busy loop`(loop: Loop) async throws {
        guard let path = loop.path else { try Test.cancel("\(loop.interpreter) is not installed") }
        let assessment = try await Self.judge(path, loop.arguments)
        #expect(assessment.verdict == .hang && assessment.root?.cause == .busyLoop, "\(assessment.headline)")
    }

    @Test(arguments: computing) func `a loop that computes is none`(loop: Loop) async throws {
        guard let path = loop.path else { try Test.cancel("\(loop.interpreter) is not installed") }
        let assessment = try await Self.judge(path, loop.arguments)
        #expect(assessment.verdict == .advancing && assessment.findings.isEmpty, "\(assessment.headline)")
    }

    /// A record of no length leads to itself. Whoever counts beside that, in variables that lie around one the reader refers to, changes nothing of it, unless he is to mend the record one day.
    @Test(arguments: [false, true]) func `a circle beside one who counts`(mends: Bool) async throws {
        let program = try Program()
        let (source, path) = ("\(Program.repository.path)/Tests/Programs/circles/records.c", program.folder.appending(path: "records").path)
        let build = try await HelperProcess.run("/usr/bin/cc", ["-O1", "-o", path, source, "-lpthread"] + (mends ? ["-DMENDS"] : []), deadline: .seconds(60))
        try #require(build.status == .exited(0), "\(build.errorText)")
        let assessment = try await Self.judge(path, [])
        #expect(assessment.verdict == (mends ? .advancing : .hang) && assessment.root?.cause == (mends ? nil : .busyLoop), "\(assessment.headline)")
    }

    private static func judge(_ path: String, _ arguments: [String]) async throws -> Assessment {
        let program = try Program()
        let child = try await DirectSpawner().spawn(SpawnRequest(executable: path, arguments: arguments, stdout: .null, allowTracing: true))
        // Past its start, and compiled where the language does that while it runs.
        let isTurning = await eventually {
            let used_ns = (try? String(contentsOfFile: "/proc/\(child.pid)/schedstat", encoding: .utf8))?.split(separator: " ").first.flatMap { Int($0) }
            return used_ns ?? 0 > 500_000_000
        }
        let result = try await program.run(["attach", "\(child.pid)", "--hung-after", "2", "--format", "json"])
        await child.end(grace: .milliseconds(200))
        try #require(isTurning)
        return try EvidenceCoding.decode(Assessment.self, from: Data(result.outputText.utf8), name: path)
    }
}
