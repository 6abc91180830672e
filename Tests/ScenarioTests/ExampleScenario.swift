import Scenario

/// The example of the design, with what it names.
enum ExampleScenario {
    static let text = """
        schema: 1
        name: sixty-percent-hang
        title: Coverage job freezes between 60 % and 85 % while the LLM stalls
        case: A1 A2 A3
        tags: [quick]
        subject:
          job-system:
            config: { analysis.timeout: 300s, llm.fallback: none }
            defects: [endless-progress, timeout-without-cancellation, swallowed-errors]
        services:
          llm: { model-server: { provider: openai } }
        workload:
          - post: /generate-async
            body: { script: "three chunks", pages: 3 }
            save: job
          - await: { get: "/jobs/${job.id}/status", until: { status: COMPLETED }, within: 320s }
        faults:
          - id: llm-stall
            when: { event: llm.first-token }
            stall: { service: llm, after-tokens: 12 }
        watchdog:
          - no-work: { of: job, for: 60s }
          - deadline: 320s
        time: { scale: 60 }
        expect:
          working: { outcome: completed }
          hanging: { outcome: hang, root: peer-stalled, contributing: [progress-simulated, cancellation-ignored] }
          fixed:   { outcome: failed, within: 320s }
        """

    static let vocabulary = Vocabulary(
        faults: [
            .init(
                name: "stall", doc: "The answer stops.",
                options: [
                    .init(name: "service", kind: .service(kinds: ["model-server", "proxy"]), isRequired: true),
                    .init(name: "after-tokens", kind: .integer),
                ]),
            .init(
                name: "vanish", options: [.init(name: "service", kind: .service(kinds: ["proxy"]), isRequired: true)],
                requires: ["tcp-repair"]),
            .init(name: "lock-database", options: [.init(name: "mode", kind: .choice(["shared", "reserved", "exclusive"]))]),
        ],
        config: [
            .init(name: "analysis.timeout", kind: .duration), .init(name: "llm.fallback", kind: .text),
            .init(name: "llm.read-timeout", kind: .duration, allowsNone: true), .init(name: "sweeper.enabled", kind: .boolean),
        ],
        defects: [
            .init(name: "endless-progress"), .init(name: "timeout-without-cancellation"), .init(name: "swallowed-errors"),
        ],
        events: [.init(name: "llm.first-token"), .init(name: "chunk.started")])

    static func read(_ text: String = text, vocabulary: Vocabulary = vocabulary, folder: String = ".") throws(ScenarioProblems) -> Plan {
        try ScenarioLoader(vocabulary: vocabulary).read(Array(text.utf8), file: "s.yaml", folder: folder)
    }

    /// The problems of a text; empty when it is good.
    static func problems(_ text: String, vocabulary: Vocabulary = vocabulary, folder: String = ".") -> [ScenarioProblem] {
        do {
            _ = try read(text, vocabulary: vocabulary, folder: folder)
            return []
        } catch {
            return error.problems
        }
    }

    /// The example with one text in the place of another.
    static func replacing(_ old: String, _ new: String) -> String { text.replacing(old, with: new) }
}
