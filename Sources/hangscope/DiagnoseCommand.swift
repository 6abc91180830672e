internal import Archive
internal import ArgumentParser
internal import Diagnosis
internal import Evidence
internal import Foundation
internal import Reporting
internal import WaitGraph

/// Diagnoses recorded evidence, offline: the same answer as when it was recorded.
struct DiagnoseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose",
        abstract: "Diagnose recorded evidence: runs, snapshots, whole reports.",
        discussion: """
            A report's directory holds its variants (hanging/, working/, fixed/): each is judged, held against \
            the working one. What was injected (truth/) is never read. Several recordings, of several processes or machines, are joined \
            by the addresses of their connections: each is judged with what the others saw at the other end. \
            Exit code 1: a hang was found; 2: unknown.
            """)

    @Argument(help: ArgumentHelp("A run's, snapshot's or report's directory.", valueName: "dir"))
    var directories: [String]

    @Option(help: "text or json.")
    var format = OutputFormat.text

    @Option(name: .customLong("hung-after"), help: "Seconds after which a wait that should end counts as a hang.")
    var hungAfter = 5.0

    @OptionGroup var details: DetailOptions

    func validate() throws {
        guard !directories.isEmpty else { throw ValidationError("say which directory to diagnose") }
        guard hungAfter > 0, hungAfter < 1e6 else { throw ValidationError("--hung-after must be a positive number of seconds") }
    }

    func run() throws {
        var worst: Int32 = 0
        let recorded = try directories.filter { !ReportDirectory.isReport($0) }.map { (directory: $0, run: try read($0)) }
        for directory in directories {
            let report = try assess(directory, recorded)
            try Judgement.show(report, format: format, sections: details.sections, verbose: details.verbose)
            let code = Judgement.exitCode(report.primary?.assessment.verdict ?? .unknown)
            worst = worst == 1 || code == 1 ? 1 : max(worst, code)
        }
        if worst != 0 { throw ExitCode(worst) }
    }

    private func assess(_ directory: String, _ recorded: [MachineJoin.Recorded]) throws -> Report {
        let options = DiagnosisOptions(hungAfter_s: hungAfter)
        let folder = ReportDirectory(path: directory)
        let variants = folder.variants()
        guard !variants.isEmpty else {
            let others = recorded.filter { $0.directory != directory }
            let run = MachineJoin.join(try recorded.first { $0.directory == directory }?.run ?? read(directory), with: others)
            let section = RunSection(variant: "run", run: run, assessment: Diagnoser.assess(run: run, baseline: nil, options: options))
            return report([section], directory)
        }
        var runs: [(name: String, run: Run)] = []
        for name in variants { runs.append((name, try read(folder.variant(name)))) }
        let working = runs.first { $0.name == "working" }?.run
        let sections = runs.map { name, run in
            RunSection(variant: name, run: run, assessment: Diagnoser.assess(run: run, baseline: name == "working" ? nil : working, options: options))
        }
        var report = report(sections, directory)
        if let working, let hanging = runs.first(where: { $0.name == "hanging" })?.run {
            report.comparison = Diagnoser.compare(working: working, hanging: hanging)
        }
        return report
    }

    private func read(_ directory: String) throws -> Run {
        do {
            return try RunReader.read(directory)
        } catch {
            complain("hangscope diagnose: \(error)")
            throw ExitCode(64)
        }
    }

    private func report(_ sections: [RunSection], _ directory: String) -> Report {
        Report(
            runs: sections, generatedAt_s: Judgement.now_s, toolVersion: toolVersion, reproduceCommand: "hangscope diagnose \(directory)",
            directory: directory)
    }
}
