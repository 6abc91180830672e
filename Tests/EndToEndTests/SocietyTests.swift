import Diagnosis
import Evidence
import Foundation
import Processes
import Testing

/// Threads of C++ that wait beside one that ticks, each in a program of its own: `Tests/Programs/standing-alone`.
@Suite(.serialized) struct SocietyTests {
    private static let kinds: [(kind: String, verdict: Verdict, cause: Cause?)] = [
        ("dish_burnt", .hang, .conditionNeverSignalled), ("boats_lost", .hang, .poolExhausted), ("stones_broken", .unknown, nil),
        ("kitchen_at_rest", .idle, nil), ("waiter_at_rest", .idle, nil), ("boats_used_up", .idle, nil),
    ]

    @Test(arguments: [["-O1", "-fno-inline", "-g"], ["-O2"]])
    func whoWaitsForItsOwnKindIsToldFromWhoIsAtRest(_ options: [String]) async throws {
        let program = try Program()
        for (kind, verdict, cause) in Self.kinds {
            let path = try await Self.build(kind, options, in: program)
            let assessment = try #require(try await Standing.judge([kind], program: path)[kind])
            #expect(assessment.verdict == verdict && assessment.findings.filter { $0.role == .root }.map(\.cause) == [cause].compactMap(\.self), "\(kind): \(assessment.headline)")
        }
    }

    private static func build(_ kind: String, _ options: [String], in program: Program) async throws -> String {
        let path = program.folder.appending(path: kind).path
        let source = "\(Program.repository.path)/Tests/Programs/standing-alone/society.cpp"
        let build = try await HelperProcess.run("/usr/bin/cc", options + ["-DKIND=\(kind)", "-o", path, source, "-lpthread", "-lstdc++"], deadline: .seconds(90))
        try #require(build.status == .exited(0), "\(build.errorText)")
        return path
    }
}
