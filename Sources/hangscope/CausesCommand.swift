internal import Archive
internal import ArgumentParser
internal import Diagnosis
internal import Evidence
internal import Foundation
internal import Scenario

struct CausesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "causes", abstract: "List the causes a hang can have, or explain one.",
        discussion: "The names are stable: they stand in scenario files, JSON, reports and CI.")

    @Argument(help: "The cause to explain, such as peer-stalled; all are listed when not given.") var name: String?
    @Option(help: "text or json.") var format = OutputFormat.text
    @Option(help: ArgumentHelp("Write a Markdown page for each cause into this folder.", valueName: "folder")) var write: String?

    private struct Page: Encodable {
        var cause: Cause
        var title, meaning, supports, refutes, remedy: String
        var scenario: String?

        init(_ cause: Cause) {
            let page = Catalogue.page(for: cause)
            self.cause = cause
            title = page.title
            meaning = page.meaning
            supports = page.supports
            refutes = page.refutes
            remedy = page.remedy
            scenario = page.scenario
        }
    }

    func run() throws {
        if let write {
            for page in Catalogue.markdownPages() { try ReportDirectory(path: write).write(Data(page.text.utf8), as: page.name) }
            return
        }
        guard let name else { return try list() }
        guard let cause = Cause(rawValue: name) else {
            let hint = suggestion(for: name, among: Cause.allCases.map(\.rawValue), what: "cause")
            throw ValidationError("There is no cause \"\(name)\". \(hint ?? "")")
        }
        let page = Page(cause)
        if format == .json { return try printJSON(page) }
        print("\(cause.rawValue): \(page.title)\n")
        print(wrapped(page.meaning))
        for (heading, text) in [("What shows it", page.supports), ("What rules it out", page.refutes), ("What to do", page.remedy)] {
            print("\n\(heading)\n\(wrapped(text))")
        }
        if let scenario = page.scenario { print("\nSee it happen\n    hangscope reproduce scenarios/\(scenario).yaml") }
    }

    private func list() throws {
        let pages = Cause.allCases.map(Page.init)
        if format == .json { return try printJSON(pages) }
        let width = pages.map(\.cause.rawValue.count).max() ?? 0
        for page in pages {
            print("\(page.cause.rawValue.padding(toLength: width, withPad: " ", startingAt: 0))  \(page.title)")
        }
    }

    private func printJSON(_ value: some Encodable) throws {
        print(String(decoding: try EvidenceCoding.encoder().encode(value), as: UTF8.self))
    }

    /// Lines of at most 96 columns, indented: what a usual terminal shows without breaking.
    private func wrapped(_ text: String) -> String {
        var lines: [String] = []
        var line = "   "
        for word in text.split(whereSeparator: \.isWhitespace) {
            if line.count + 1 + word.count > 96 {
                lines.append(line)
                line = "   "
            }
            line += " " + word
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
