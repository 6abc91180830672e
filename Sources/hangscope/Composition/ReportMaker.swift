internal import Archive
internal import Diagnosis
internal import Evidence
internal import Foundation
internal import Reporting
internal import Scenario

/// From a directory of recorded runs to a report: reads, judges, compares.
enum ReportMaker {
    /// - Parameters:
    ///   - plan: what was planned, for expectations; nil judges without.
    ///   - command: the command that makes this report again.
    static func report(
        of directory: ReportDirectory, plan: Plan?, skipped: [SkippedVariant] = [], command: String? = nil
    ) -> Report {
        var runs: [(name: String, run: Run)] = []
        for name in directory.variants() {
            if let run = try? RunReader.read(directory.variant(name)) { runs.append((name, run)) }
        }
        let working = runs.first { $0.name == "working" }?.run
        let sections = runs.map { name, run in
            let assessment = Diagnoser.assess(run: run, baseline: name == "working" ? nil : working)
            let expectation = plan?.variant(name).map {
                ExpectationCheck(expectation: $0.expectation, isCompared: working != nil && name != "working")
                    .result(assessment, run: run)
            }
            return RunSection(variant: name, run: run, assessment: assessment, expectation: expectation)
        }
        var comparison: Comparison?
        if let working, let hanging = runs.first(where: { $0.name == "hanging" })?.run {
            comparison = Diagnoser.compare(working: working, hanging: hanging)
        }
        return Report(
            scenario: plan.map {
                ScenarioSummary(name: $0.name, title: $0.title, fieldCase: $0.fieldCase, timeScale: $0.timeScale, tags: $0.tags)
            },
            runs: sections, skipped: skipped, comparison: comparison, truth: truth(of: directory),
            generatedAt_s: Date().timeIntervalSince1970, toolVersion: toolVersion, reproduceCommand: command, directory: directory.path)
    }

    /// Writes every format of the report beside the runs.
    static func write(_ report: Report, to directory: ReportDirectory) throws {
        for file in try ReportFiles.all(for: report) { try directory.write(file.contents, as: file.name) }
    }

    /// What was armed and healed: annotates the timeline, and nothing else.
    private static func truth(of directory: ReportDirectory) -> [TruthRecord] {
        directory.variants().flatMap { name -> [TruthRecord] in
            guard let data = directory.read("\(ReportDirectory.File.truth)/\(name).jsonl") else { return [] }
            return EvidenceCoding.lines(TruthRecord.self, from: data).rows
        }
    }
}
