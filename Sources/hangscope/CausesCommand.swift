internal import ArgumentParser
internal import Evidence
internal import Foundation
internal import Scenario

struct CausesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "causes", abstract: "List the causes a hang can have, or explain one.",
        discussion: "The names are stable: they stand in scenario files, JSON, reports and CI.")

    @Argument(help: "The cause to explain, such as peer-stalled; all are listed when not given.") var name: String?
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        guard let name else { return try list() }
        guard let cause = Cause(rawValue: name) else {
            let hint = suggestion(for: name, among: Cause.allCases.map(\.rawValue), what: "cause")
            throw ValidationError("There is no cause \"\(name)\". \(hint ?? "")")
        }
        print(cause.rawValue)
    }

    private func list() throws {
        if format == .json {
            print(String(decoding: try EvidenceCoding.encoder().encode(Cause.allCases), as: UTF8.self))
        } else {
            for cause in Cause.allCases { print(cause.rawValue) }
        }
    }
}
