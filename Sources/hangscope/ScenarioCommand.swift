internal import ArgumentParser
internal import Evidence
internal import Foundation
internal import Scenario

struct ScenarioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenario", abstract: "Write, check and list scenario files.",
        subcommands: [NewScenarioCommand.self, LintCommand.self, SchemaCommand.self, ListScenariosCommand.self])
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// The scenario files that paths name: files as they are, folders with all below.
enum ScenarioPaths {
    /// More would be no folder of scenarios.
    private static let limit = 10_000

    static func files(_ paths: [String]) throws -> [String] {
        try (paths.isEmpty ? ["scenarios"] : paths).flatMap { path -> [String] in
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                throw ValidationError("There is no \(path). Give a scenario file, or a folder of them.")
            }
            guard isDirectory.boolValue else { return [path] }
            var names: [String] = []
            let below = FileManager.default.enumerator(atPath: path)
            while names.count < limit, let name = below?.nextObject() as? String {
                if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { names.append(name) }
            }
            return names.sorted().map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
        }
    }
}

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Check scenario files; every mistake with its file, line, column and a hint.",
        discussion: "Exits 64 when there is a mistake.")

    @Argument(help: "Scenario files, or folders of them; scenarios when not given.") var paths: [String] = []
    @Option(help: "text, or json: the mistakes, and nothing else on standard output.") var format = OutputFormat.text

    func run() async throws {
        let loader = ScenarioLoader(vocabulary: await VocabularySource.current().announced())
        let files = try ScenarioPaths.files(paths)
        var problems: [ScenarioProblem] = []
        for file in files {
            do {
                _ = try loader.load(path: file)
            } catch {
                problems += error.problems
            }
        }
        if format == .json {
            print(String(decoding: try EvidenceCoding.encoder().encode(problems), as: UTF8.self))
        } else {
            for problem in problems { print(problem) }
            let bad = Set(problems.map(\.file)).count
            complain(bad == 0 ? "\(files.count) scenario\(files.count == 1 ? "" : "s"), no mistakes" : "\(bad) of \(files.count) scenarios have mistakes")
        }
        if !problems.isEmpty { throw ExitCode(64) }
    }
}

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of scenario files, for editors.",
        discussion: """
            With the YAML language server, put this in a file's first line:
            # yaml-language-server: $schema=scenario.schema.json
            """)

    func run() async throws {
        let schema = ScenarioSchema(vocabulary: await VocabularySource.current().announced())
        print(String(decoding: try EvidenceCoding.encoder().encode(schema.document), as: UTF8.self))
    }
}

struct ListScenariosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List scenarios with their variants and what they expect.")

    @Argument(help: "Scenario files, or folders of them; scenarios when not given.") var paths: [String] = []
    @Option(help: "text or json.") var format = OutputFormat.text
    @Option(help: "Only those with this tag.") var tag: String?

    private struct Row: Encodable {
        struct Expected: Encodable { var variant, outcome: String; var root: String? }
        var name, title, file: String
        var `case`: String?
        var tags, requires: [String]
        var expect: [Expected]
    }

    func run() async throws {
        let loader = ScenarioLoader(vocabulary: await VocabularySource.current().announced())
        var rows: [Row] = []
        var problems: [ScenarioProblem] = []
        for file in try ScenarioPaths.files(paths) {
            do {
                let plan = try loader.load(path: file)
                if let tag, !plan.tags.contains(tag) { continue }
                rows.append(
                    Row(
                        name: plan.name, title: plan.title, file: file, case: plan.fieldCase, tags: plan.tags,
                        requires: Set(plan.variants.flatMap(\.requires)).sorted(),
                        expect: plan.variants.map { .init(variant: $0.name, outcome: $0.expectation.outcome, root: $0.expectation.root) }))
            } catch {
                problems += error.problems
            }
        }
        if format == .json {
            print(String(decoding: try EvidenceCoding.encoder().encode(rows), as: UTF8.self))
        } else {
            for row in rows { show(row) }
        }
        for problem in problems { complain(problem.description) }
        if !problems.isEmpty { throw ExitCode(64) }
    }

    private func show(_ row: Row) {
        let marks = [row.case.map { "case \($0)" }, row.tags.isEmpty ? nil : row.tags.joined(separator: ", "),
            row.requires.isEmpty ? nil : "needs \(row.requires.joined(separator: ", "))"].compactMap { $0 }
        print(row.name + (marks.isEmpty ? "" : "  (\(marks.joined(separator: "; ")))"))
        print("    \(row.title)")
        print("    " + row.expect.map { "\($0.variant): \($0.outcome)" + ($0.root.map { ", \($0)" } ?? "") }.joined(separator: "; "))
    }
}

struct NewScenarioCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a scenario to start from, with every part explained.",
        discussion: "For your own program, give it after --: hangscope scenario new slow-import -- ./import --from data.csv")

    @Argument(help: "Its name: lower-case letters, digits, hyphens.") var name: String
    @Option(name: .shortAndLong, help: "Where to write it; scenarios/NAME.yaml or NAME.yaml when not given.") var output: String?
    @Argument(parsing: .postTerminator, help: "The command to observe; the reference job system when not given.") var command: [String] = []

    func run() throws {
        guard !name.isEmpty, name.utf8.count <= 64, name.allSatisfy({ ($0.isASCII && ($0.isLowercase || $0.isNumber)) || $0 == "-" || $0 == "_" }), !name.hasPrefix("-")
        else { throw ValidationError("\"\(name)\" is not a good name: use lower-case letters, digits and hyphens.") }
        let path = output ?? (FileManager.default.fileExists(atPath: "scenarios") ? "scenarios/\(name).yaml" : "\(name).yaml")
        let text = ScenarioTemplate(name: name, command: command).text
        do {
            // Never over a file that somebody wrote.
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
        } catch CocoaError.fileWriteFileExists {
            throw ValidationError("\(path) exists already. Give another name, or --output.")
        } catch {
            complain("\(path) cannot be written: \(error.localizedDescription). Give --output with a folder you may write.")
            throw ExitCode(70)
        }
        print("\(path) is written. Check it with `hangscope scenario lint \(path)`, run it with `hangscope reproduce \(path)`.")
    }
}
