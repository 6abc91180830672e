import Scenario
import Testing

@Suite struct ProblemTests {
    /// Replaces a part of the example by a wrong one, and says where and what must be told.
    struct Mistake: Sendable, CustomTestStringConvertible {
        var old: String
        var new: String
        var line: Int
        var column: Int
        var message: String
        var hint: String
        var testDescription: String { new }
    }

    @Test(arguments: [
        Mistake(old: "schema: 1", new: "schema: 2", line: 1, column: 9, message: "schema 2 is not known", hint: "reads schema 1"),
        Mistake(old: "tags:", new: "tagz:", line: 5, column: 1, message: "unknown key `tagz`", hint: "Did you mean `tags`?"),
        Mistake(old: "peer-stalled", new: "peer-staled", line: 27, column: 35, message: "unknown cause `peer-staled`", hint: "Did you mean `peer-stalled`?"),
        Mistake(old: "endless-progress,", new: "endless-progres,", line: 9, column: 15, message: "unknown defect `endless-progres`", hint: "Did you mean `endless-progress`?"),
        Mistake(old: "analysis.timeout: 300s", new: "analysis.timout: 300s", line: 8, column: 15, message: "unknown configuration key `analysis.timout`", hint: "Did you mean `analysis.timeout`?"),
        Mistake(old: "analysis.timeout: 300s", new: "analysis.timeout: 300", line: 8, column: 33, message: "has no unit", hint: "`300s`"),
        Mistake(old: "within: 320s }\nfaults", new: "within: 320 }\nfaults", line: 16, column: 83, message: "the duration `320` has no unit", hint: "Did you mean `320s`"),
        Mistake(old: "${job.id}", new: "${jbo.id}", line: 16, column: 19, message: "`${jbo.id}` refers to nothing", hint: "Did you mean `job`?"),
        Mistake(old: "stall: {", new: "stal: {", line: 20, column: 5, message: "unknown key `stal` in a fault", hint: "Did you mean `stall`?"),
        Mistake(old: "service: llm,", new: "service: lmm,", line: 20, column: 23, message: "unknown service `lmm`", hint: "Did you mean `llm`?"),
        Mistake(old: "after-tokens: 12", new: "after-tokens: few", line: 20, column: 42, message: "must be a whole number", hint: ""),
        Mistake(old: "outcome: hang,", new: "outcome: hung,", line: 27, column: 23, message: "unknown outcome `hung`", hint: "Did you mean `hang`?"),
        Mistake(old: "llm.first-token", new: "llm.frist-token", line: 19, column: 20, message: "unknown event `llm.frist-token`", hint: "Did you mean `llm.first-token`?"),
        Mistake(old: "scale: 60", new: "scale: 0", line: 24, column: 16, message: "must be a number from", hint: ""),
        Mistake(old: "  - deadline", new: "  - deadlien", line: 23, column: 5, message: "unknown key `deadlien`", hint: "Did you mean `deadline`?"),
        Mistake(old: "/generate-async", new: "generate-async", line: 13, column: 11, message: "must begin with `/`", hint: "Did you mean `/generate-async`?"),
        Mistake(old: "name: sixty-percent-hang", new: "name: ../../etc", line: 2, column: 7, message: "not a good scenario name", hint: "lower-case letters"),
        Mistake(old: "\"three chunks\"", new: "\"@/etc/passwd\"", line: 14, column: 21, message: "is not relative", hint: "relative"),
        Mistake(old: "\"three chunks\"", new: "\"@../../../../../../../../../../etc/passwd\"", line: 14, column: 21, message: "leads out of the scenario's folder", hint: "Copy the file"),
        Mistake(old: "working: { outcome: completed }", new: "working: { outcome: completed, root: half-open }", line: 26, column: 40, message: "has no root cause", hint: "contributing"),
        Mistake(old: "provider: openai", new: "provider: &p openai", line: 11, column: 36, message: "an anchor", hint: "quotes"),
        Mistake(old: "provider: openai", new: "provider: *p", line: 11, column: 36, message: "an alias", hint: "quotes"),
        Mistake(old: "provider: openai", new: "provider: !!str openai", line: 11, column: 36, message: "tags", hint: "Write the value"),
        Mistake(old: "case: A1 A2 A3", new: "name: again", line: 4, column: 1, message: "a second time", hint: "line 2"),
        Mistake(old: "tags: [quick]", new: "tags: [quick", line: 6, column: 8, message: "flow", hint: ""),
    ])
    func pointsAtTheMistake(_ mistake: Mistake) throws {
        let text = ExampleScenario.replacing(mistake.old, mistake.new)
        try #require(text != ExampleScenario.text)
        let problems = ExampleScenario.problems(text)
        let shown = problems.map(\.description).joined(separator: "\n")
        let problem = try #require(problems.first { $0.message.contains(mistake.message) }, "\(shown)")
        #expect(problem.position == Position(line: mistake.line, column: mistake.column), "\(shown)")
        #expect((problem.hint ?? "").contains(mistake.hint), "\(shown)")
        #expect(problems.count == 1, "\(shown)")
    }

    @Test func tellsEverythingAtOnceInOrder() {
        let text = ExampleScenario.text
            .replacing("schema: 1", with: "schema: one").replacing("scale: 60", with: "scale: fast")
            .replacing("until: {", with: "untill: {").replacing("peer-stalled", with: "gremlins")
        let problems = ExampleScenario.problems(text)
        #expect(problems.map(\.position.line) == [1, 16, 16, 24, 27])
        #expect(problems.last?.hint == "`hangscope causes` lists them.")
    }

    @Test func sharedMistakesAreToldOnce() {
        // The workload stands in all three variants.
        #expect(ExampleScenario.problems(ExampleScenario.replacing("save: job", "safe: job")).count == 2)
    }

    @Test func variantWithoutOutcomeIsRefused() {
        let problems = ExampleScenario.problems(ExampleScenario.text + "\nvariants:\n  other: { faults: [] }\n")
        #expect(problems.count == 1)
        #expect(problems.first?.message == "variant `other` states no outcome")
    }

    @Test func proxyFaultNeedsAProxy() {
        let problems = ExampleScenario.problems(ExampleScenario.replacing("stall: { service: llm, after-tokens: 12 }", "vanish: { service: llm }"))
        #expect(problems.map(\.message) == ["service `llm` is a model-server; this needs a proxy"])
    }

    @Test func proxiesMayNotGoInCircles() {
        let problems = ExampleScenario.problems(
            ExampleScenario.replacing("  llm: {", "  a: { proxy: { upstream: b } }\n  b: { proxy: { upstream: a } }\n  llm: {"))
        #expect(problems.count == 2)
        #expect(problems.allSatisfy { $0.message.contains("leads back to itself") })
    }

    @Test func commandsRunInRealTime() {
        let problems = ExampleScenario.problems(
            """
            schema: 1
            name: own
            title: own
            subject: { command: [sleep, "5"] }
            time: { scale: 10 }
            expect: { hanging: { outcome: hang } }
            """)
        #expect(problems.map(\.position) == [Position(line: 5, column: 16)])
    }

    @Test func emptyAndOversizedFilesAreRefused() {
        #expect(ExampleScenario.problems("").first?.message == "the file is empty")
        #expect(ExampleScenario.problems("# only a comment\n").first?.message == "the file is empty")
        #expect(ExampleScenario.problems(String(repeating: "#", count: 300_000)).first?.code == .size)
        #expect(ExampleScenario.problems("a: 1\n---\nb: 2\n").first?.message == "a second document begins here")
        #expect(ExampleScenario.problems("[]").first?.code == .wrongType)
    }

    @Test func depthIsBounded() {
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            let text = "a: " + String(repeating: open, count: 5000) + String(repeating: close, count: 5000)
            #expect(ExampleScenario.problems(text).count == 1)
        }
        #expect(!ExampleScenario.problems(String(repeating: "- ", count: 5000) + "a").isEmpty)
    }

    /// The bomb of nine anchors that would expand to a billion nodes ends at its first anchor.
    @Test func aliasBombEndsAtItsFirstAnchor() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 { bomb += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ","))]\n" }
        bomb += "? *a9\n: 1\n"
        let problems = ExampleScenario.problems(bomb)
        #expect(problems.map(\.position) == [Position(line: 1, column: 5)])
        #expect(problems.first?.code == .alias)
    }

    @Test func ampersandsAndStarsInTextAreText() {
        #expect(ExampleScenario.problems(ExampleScenario.replacing("Coverage job freezes", "Read & write * all & sundry")).isEmpty)
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        let problems = ExampleScenario.problems(ExampleScenario.replacing("tags: [quick]", "\"\\e[31mred\": 1"))
        #expect(problems.count == 1)
        #expect(problems.allSatisfy { !$0.description.unicodeScalars.contains("\u{1b}") })
    }

    @Test func notUTF8IsToldWithItsPlace() throws {
        let bytes = Array("schema: 1\nname: ".utf8) + [0xFF, 0xFE]
        #expect {
            try ScenarioLoader(vocabulary: .permissive).read(bytes, file: "s.yaml", folder: ".")
        } throws: { error in
            (error as? ScenarioProblems)?.problems.first?.position == Position(line: 2, column: 7)
        }
    }

    @Test func missingFileIsToldLikeEverythingElse() {
        #expect {
            try ScenarioLoader(vocabulary: .permissive).load(path: "/nonexistent/s.yaml")
        } throws: { error in
            (error as? ScenarioProblems)?.problems.first?.code == .unreadable
        }
    }
}
