internal import Diagnosis
internal import Evidence
internal import Reporting
internal import Scenario

/// Whether a judged run came to what its scenario expects.
struct ExpectationCheck {
    let expectation: Expectation
    /// A working run was recorded to hold it against: a hang's root must then be contrasted.
    let isCompared: Bool

    func result(_ assessment: Assessment, run: Run) -> ExpectationResult {
        var problems: [String] = []
        let verdict = assessment.verdict.rawValue
        if verdict != expectation.outcome { problems.append("expected outcome \(expectation.outcome), found \(verdict)") }
        let root = assessment.root
        if let wanted = expectation.root, root?.cause.rawValue != wanted {
            problems.append("expected root \(wanted), found \(root?.cause.rawValue ?? "none")")
        }
        if isCompared, expectation.outcome == Verdict.hang.rawValue, expectation.root != nil, let root, root.confidence < .contrasted {
            problems.append("root \(root.cause.rawValue) is only \(root.confidence.rawValue): the working run does not differ there")
        }
        let found = Set(assessment.findings.map(\.cause.rawValue))
        for wanted in expectation.contributing where !found.contains(wanted) {
            problems.append("expected \(wanted) to contribute, not found")
        }
        let unwanted = expectation.without == ["*"] ? found.sorted() : expectation.without.filter(found.contains)
        for cause in unwanted { problems.append("found \(cause), which must not be there") }
        if let limit_s = expectation.within_s { checkDuration(run, limit_s, &problems) }
        return ExpectationResult(isMet: problems.isEmpty, expected: words, found: Self.words(assessment), problems: problems)
    }

    private func checkDuration(_ run: Run, _ limit_s: Double, _ problems: inout [String]) {
        guard let end = run.header.endedAt else {
            problems.append("expected an end within \(Int(limit_s)) s, and the run has none")
            return
        }
        let lasted_s = (end.monotonic_s - run.header.startedAt.monotonic_s) * run.header.timeScale
        if lasted_s > limit_s { problems.append("expected an end within \(Int(limit_s)) s of scenario time, took \(Int(lasted_s)) s") }
    }

    private var words: String {
        var words = [expectation.outcome]
        if let root = expectation.root { words.append("root \(root)") }
        if !expectation.contributing.isEmpty { words.append("contributing " + expectation.contributing.joined(separator: " ")) }
        if !expectation.without.isEmpty { words.append("without " + expectation.without.joined(separator: " ")) }
        return words.joined(separator: ", ")
    }

    private static func words(_ assessment: Assessment) -> String {
        var words = [assessment.verdict.rawValue]
        if let root = assessment.root { words.append("root \(root.cause.rawValue) (\(root.confidence.rawValue))") }
        let others = assessment.findings.filter { $0.role == .contributing }.map(\.cause.rawValue)
        if !others.isEmpty { words.append("contributing " + others.joined(separator: " ")) }
        return words.joined(separator: ", ")
    }
}
