import Evidence
import Foundation
import Processes
import Testing

/// `attach` has only the process to look at, and comes to the root that the run's whole record shows.
@Suite(.serialized) struct LiveAttachTests {
    @Test(arguments: ["sixty-percent-hang", "silent-llm", "dropped-socket", "locked-database"])
    func `attach to the hanging subject names the scenario's root`(_ scenario: String) async throws {
        let program = try Program()
        // Slower than shipped: the job system's own timeouts and sweeper must not end the hang while a busy machine looks.
        // And silent from the first request on: a later one can leave in the clock tick in which the answer before it ends,
        // and then only the run's events tell that an answer is owed.
        let path = try program.shipped(scenario) {
            [("when: { at: 15s }", "when: { at: 0s }"), ("scale: 60", "scale: 20"), ("deadline: 320s", "deadline: 100s"), ("analysis.timeout: 300s", "analysis.timeout: 2h, job.deadline: 3h")]
                .reduce($0) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        }
        let child = try await program.start(["reproduce", path, "--variant", "hanging", "--hold", "-o", "reports"], stdin: .pipe)
        let told = await eventually { Self.heldSubject(program) != nil }
        let pid = try #require(Self.heldSubject(program), "held: \(told)")
        let attached = try await program.run(["attach", "\(pid)", "--hung-after", "1s", "--format", "json"])
        try await child.pipes.input?.write(line: "")
        #expect(await child.wait(for: .seconds(60)) != nil)
        let live = try EvidenceCoding.decode(JSONValue.self, from: Data(attached.output), name: "attach")
        let recorded = try program.json("reports/\(scenario)/latest/verdict.json")
        #expect(attached.status == .exited(1), "\(attached.errorText)")
        #expect(Self.root(live) == Self.root(recorded), "\(attached.outputText)")
        #expect(Self.root(live) != nil)
        #expect(program.marked() == [])
    }

    private static func root(_ verdict: JSONValue) -> JSONValue? {
        verdict.object?["findings"]?.array?.first { $0.object?["role"] == "root" }?.object?["cause"]
    }

    private static func heldSubject(_ program: Program) -> Int32? {
        let text = (try? String(contentsOf: program.folder.appending(path: "err.txt"), encoding: .utf8)) ?? ""
        return text.firstMatch(of: #/holding pid (\d+)/#).flatMap { Int32($0.1) }
    }
}
