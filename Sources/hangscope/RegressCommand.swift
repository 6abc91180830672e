internal import ArgumentParser
internal import Foundation
internal import Reporting
internal import Scenario

struct RegressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "regress", abstract: "Run all variants of all scenarios; a line each, JUnit, and an exit code for CI.",
        discussion: "Exits 0 when every variant met its expectation or was skipped for a missing capability, 1 otherwise.")

    @Argument(help: "Scenario files, or folders of them.") var paths: [String] = ["scenarios"]
    @Option(name: [.customShort("j"), .long], help: "Scenarios to run at the same time.") var jobs = 2
    @Option(help: "Only scenarios with this tag.") var tag: String?
    @Option(help: "Only part I of N, such as 1/4, for several machines.") var shard: String?
    @Option(name: [.customShort("o"), .long], help: "Folder of the reports.") var output = "reports"
    @Option(help: "File for the results as JUnit XML.") var junit: String?
    @Option(help: "text, or json: the results, and nothing else on standard output.") var format = OutputFormat.text

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs takes 1 to 64") }
        if let shard, Shard(shard) == nil { throw ValidationError("--shard takes I/N, such as 1/4") }
    }

    func run() async throws {
        let plans = try await load()
        guard !plans.isEmpty else { throw ValidationError("no scenario to run: check the paths, --tag and --shard") }
        let renderer = TextRenderer(
            style: TextStyle(isColoured: isatty(1) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil && format == .text))
        let width = plans.flatMap { plan in plan.plan.variants.map { plan.plan.name.count + $0.name.count + 1 } }.max() ?? 0
        let say: @Sendable (VariantResult) -> Void = { [format] result in
            let line = renderer.regressLine(result, nameWidth: width)
            if format == .json { complain(line) } else { print(line); fflush(nil) }
        }
        let results = try await Interruption.during { [jobs, output] in
            await Self.runAll(plans, jobs: jobs, output: output, say: say)
        }
        try write(results)
        let total = renderer.regressTotal(results)
        if format == .json { complain(total) } else { print(total) }
        if results.contains(where: { if case .error = $0.status { true } else { $0.status == .notMet } }) { throw ExitCode(1) }
    }

    private struct Shard {
        var part: Int
        var of: Int

        init?(_ text: String) {
            let numbers = text.split(separator: "/").compactMap { Int($0) }
            guard numbers.count == 2, numbers[1] >= 1, (1...numbers[1]).contains(numbers[0]) else { return nil }
            (part, of) = (numbers[0], numbers[1])
        }
    }

    private struct Loaded: Sendable {
        var path: String
        var plan: Plan
    }

    private func load() async throws -> [Loaded] {
        let loader = ScenarioLoader(vocabulary: await VocabularySource.current().announced())
        var plans: [Loaded] = []
        var isBad = false
        for path in try ScenarioPaths.files(paths) {
            do {
                plans.append(Loaded(path: path, plan: try loader.load(path: path)))
            } catch {
                complain("\(error)")
                isBad = true
            }
        }
        if isBad { throw ExitCode(64) }
        plans = plans.filter { loaded in tag.map { loaded.plan.tags.contains($0) } ?? true }
        guard let shard = shard.flatMap(Shard.init) else { return plans }
        return plans.enumerated().filter { $0.offset % shard.of == shard.part - 1 }.map(\.element)
    }

    private static func runAll(
        _ plans: [Loaded], jobs: Int, output: String, say: @escaping @Sendable (VariantResult) -> Void
    ) async -> [VariantResult] {
        await withTaskGroup(of: [VariantResult].self) { group in
            var waiting = plans[...]
            for loaded in waiting.prefix(jobs) { group.addTask { await run(loaded, output: output) } }
            waiting = waiting.dropFirst(jobs)
            var all: [VariantResult] = []
            while let results = await group.next() {
                results.forEach(say)
                all += results
                if let next = waiting.popFirst(), !Task.isCancelled { group.addTask { await run(next, output: output) } }
            }
            return all
        }
    }

    private static func run(_ loaded: Loaded, output: String) async -> [VariantResult] {
        do {
            let outcome = try await ScenarioRunner(path: loaded.path, plan: loaded.plan, output: output).run()
            return outcome.report.variantResults
                + outcome.failures.map { VariantResult(scenario: loaded.plan.name, variant: $0.variant, status: .error("\($0.error)")) }
        } catch {
            return [VariantResult(scenario: loaded.plan.name, variant: "-", status: .error("\(error)"))]
        }
    }

    private func write(_ results: [VariantResult]) throws {
        let ordered = results.sorted { ($0.scenario, $0.variant) < ($1.scenario, $1.variant) }
        if let junit {
            try Data(JUnitRenderer.document(ordered).utf8).write(to: URL(fileURLWithPath: junit), options: .atomic)
        }
        guard format == .json else { return }
        struct Row: Encodable {
            var scenario, variant, status, expected, found: String
            var problems: [String]
            var duration_s: Double?
            var directory: String?
        }
        let rows = ordered.map { result in
            let status =
                switch result.status {
                case .met: "met"
                case .notMet: "not-met"
                case .skipped(let capability): "skipped: \(capability)"
                case .error(let message): "error: \(message)"
                }
            return Row(
                scenario: result.scenario, variant: result.variant, status: status, expected: result.expected, found: result.found,
                problems: result.problems, duration_s: result.duration_s, directory: result.directory)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(rows), as: UTF8.self))
    }
}
