internal import Archive
internal import ArgumentParser
internal import Diagnosis
internal import Evidence
internal import Foundation
internal import Reporting

/// Two runs side by side: where they part, and what differs there.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Lay two recorded runs side by side: first the working one, then the other.")

    @Argument(help: ArgumentHelp("Directory of the run that works.", valueName: "run"))
    var working: String
    @Argument(help: ArgumentHelp("Directory of the run to hold against it.", valueName: "run"))
    var other: String

    @Option(help: "text or json.")
    var format = OutputFormat.text

    @Flag(help: "Show every difference, not only the first of each area.")
    var all = false

    private static let perArea = 8

    func run() throws {
        let comparison = Diagnoser.compare(working: try read(working), hanging: try read(other))
        if format == .json {
            FileHandle.standardOutput.write(try EvidenceCoding.encoder().encode(comparison) + Data("\n".utf8))
        } else {
            FileHandle.standardOutput.write(Data(text(comparison).utf8))
        }
    }

    private func read(_ directory: String) throws -> Run {
        do {
            return try RunReader.read(directory)
        } catch {
            complain("hangscope compare: \(error)")
            throw ExitCode(64)
        }
    }

    private func text(_ comparison: Comparison) -> String {
        var lines = [
            "Last point both reached: \(comparison.lastCommonPoint.map { "\($0)" } ?? "none")",
            "First that only the working run reached: \(comparison.firstMissing.map { "\($0)" } ?? "none")",
        ]
        var area: Comparison.Difference.Area?
        for (name, differences) in Dictionary(grouping: comparison.differences, by: \.area).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            if name != area { lines += ["", name.rawValue] }
            area = name
            for difference in all ? differences[...] : differences.prefix(Self.perArea) {
                lines.append("  \(difference.isSignificant ? "* " : "  ")\(clean(difference.subject))")
                lines.append("      working: \(clean(difference.working ?? "-"))")
                lines.append("      other:   \(clean(difference.hanging ?? "-"))")
            }
            if !all, differences.count > Self.perArea { lines.append("    ... \(differences.count - Self.perArea) more (--all)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Captured text without what a terminal would obey.
    private func clean(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(300).map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}
