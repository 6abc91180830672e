import Scenario
import Testing

@Suite struct PlanReadingTests {
    @Test func readsTheExample() throws {
        let plan = try ExampleScenario.read()
        #expect(plan.name == "sixty-percent-hang")
        #expect(plan.fieldCase == "A1 A2 A3")
        #expect(plan.tags == ["quick"])
        #expect(plan.timeScale == 60)
        #expect(plan.variants.map(\.name) == ["hanging", "working", "fixed"])
        let hanging = try #require(plan.variant("hanging"))
        #expect(
            hanging.subject
                == .jobSystem(
                    config: ["analysis.timeout": "300s", "llm.fallback": "none"],
                    defects: ["endless-progress", "timeout-without-cancellation", "swallowed-errors"]))
        #expect(hanging.services == [ServicePlan(name: "llm", kind: .modelServer(options: ["provider": "openai"]))])
        #expect(
            hanging.faults == [
                FaultPlan(
                    id: "llm-stall", when: .event(name: "llm.first-token", ordinal: 1), kind: "stall",
                    options: ["service": "llm", "after-tokens": "12"])
            ])
        #expect(hanging.watchdog == [.noWork(of: "job", for_s: 60), .deadline(seconds: 320)])
        #expect(hanging.expectation.root == "peer-stalled")
        #expect(
            hanging.workload == [
                .request(
                    method: "POST", path: "/generate-async", body: #"{"pages":3,"script":"three chunks"}"#, save: "job", expectStatus: nil),
                .await(
                    path: "/jobs/${job.id}/status", until: ["status": "COMPLETED"],
                    failure: ["status": ["FAILED", "ERROR", "TIMEOUT", "CANCELLED"]], every_s: 2, within_s: 320),
            ])
    }

    @Test func variantsDropWhatTheyAreWithout() throws {
        let plan = try ExampleScenario.read()
        let working = try #require(plan.variant("working"))
        #expect(working.faults.isEmpty)
        #expect(working.subject == .jobSystem(config: ["analysis.timeout": "300s", "llm.fallback": "none"], defects: []))
        let fixed = try #require(plan.variant("fixed"))
        #expect(fixed.faults.count == 1)
        #expect(fixed.subject == working.subject)
        #expect(fixed.expectation.within_s == 320)
    }

    @Test func variantsOverrideAnyPart() throws {
        let plan = try ExampleScenario.read(
            ExampleScenario.text + """

                variants:
                  fixed:
                    subject: { job-system: { config: { analysis.timeout: 60s } } }
                    faults: []
                  half:
                    subject: { job-system: { defects: [swallowed-errors] } }
                """.replacing("\nvariants", with: "\n  half: { outcome: slow }\nvariants"))
        let fixed = try #require(plan.variant("fixed"))
        // Maps are merged, lists replaced.
        #expect(fixed.subject == .jobSystem(config: ["analysis.timeout": "60s", "llm.fallback": "none"], defects: []))
        #expect(fixed.faults.isEmpty)
        #expect(plan.variants.map(\.name) == ["hanging", "working", "fixed", "half"])
        let half = try #require(plan.variant("half"))
        #expect(half.subject == .jobSystem(config: ["analysis.timeout": "300s", "llm.fallback": "none"], defects: ["swallowed-errors"]))
        #expect(half.faults.count == 1)
    }

    @Test func anotherKindOfSubjectReplacesTheFirst() throws {
        let plan = try ExampleScenario.read(
            """
            schema: 1
            name: own
            title: A command of the user's
            subject:
              command: [./service, --port, "${port.http}"]
              environment: { LLM: "${llm.url}", EMPTY: }
              ready: { log: "listening on \\\\d+", within: 5s }
            services: { llm: { model-server: } }
            variants:
              fixed: { subject: { command: [./service, --fixed] } }
            expect:
              hanging: { outcome: hang }
              fixed: { outcome: completed }
            """)
        guard case .command(let command)? = plan.variant("hanging")?.subject, case .command(let fixed)? = plan.variant("fixed")?.subject else {
            Issue.record("not a command")
            return
        }
        #expect(command.arguments == ["./service", "--port", "${port.http}"])
        #expect(command.environment == ["LLM": "${llm.url}", "EMPTY": ""])
        #expect(command.ready == ReadyPlan(logPattern: "listening on \\d+", within_s: 5))
        #expect(fixed.arguments == ["./service", "--fixed"])
        #expect(fixed.environment == command.environment)
        #expect(plan.variants.map(\.name) == ["hanging", "fixed"])
    }

    @Test func capabilitiesFollowFromFaults() throws {
        let plan = try ExampleScenario.read(
            ExampleScenario.text
                .replacing("llm: { model-server: { provider: openai } }", with: "llm: { model-server: }\n  wire: { proxy: { upstream: llm } }")
                .replacing("stall: { service: llm, after-tokens: 12 }", with: "vanish: { service: wire }") + "\nrequires: [ptrace]")
        #expect(plan.variant("hanging")?.requires == ["ptrace", "tcp-repair"])
        #expect(plan.variant("working")?.requires == ["ptrace"])
    }

    @Test(arguments: [
        ("500ms", 0.5), ("20s", 20), ("5m", 300), ("1.5h", 5400), ("1.5s", 1.5), ("0s", 0),
    ])
    func readsDurations(_ text: String, _ seconds: Double) throws {
        #expect(try DurationText.seconds(text) == seconds)
    }

    @Test(arguments: ["", "5", "1h30m", "1e3", "s", "5x", "5 s", "-5s", "1e9h", "inf", "nan", "5s!", "999999999999999999999h", "5 m", "½s", "٥s"])
    func refusesOtherDurations(_ text: String) {
        #expect(throws: DurationText.Refusal.self) { try DurationText.seconds(text) }
    }
}
