/// A scenario to start from, with each part explained.
package struct ScenarioTemplate: Sendable {
    var name: String
    /// The user's own program; the reference job system where it is empty.
    var command: [String]

    package init(name: String, command: [String] = []) {
        self.name = name
        self.command = command
    }

    package var text: String { heading + (command.isEmpty ? jobSystem : ownCommand) }

    private var heading: String {
        """
        # What happened, and what this shows. See docs/scenarios.md.
        schema: 1
        name: \(name)
        title: Say in one line what is seen

        """
    }

    private var jobSystem: String {
        #"""
        subject:
          job-system:
            config: { analysis.timeout: 300s }         # keys: `jobd --describe`
            defects: [timeout-without-cancellation]    # only in the hanging variant
        services:
          llm: { model-server: { provider: openai, tokens-per-second: 2, tokens: 60 } }
        workload:
          - post: /generate-async
            body: { script: "One chunk.\n\nAnother chunk." }   # "@path" sends a file's text
            save: job
          - await: { get: "/jobs/${job.id}/status", until: { status: COMPLETED }, within: 320s }
        faults:                                        # not in the working variant
          - id: llm-stall
            when: { event: llm.first-token }           # or { at: 20s }, { progress: 70 }, start
            stall: { service: llm, after-tokens: 12 }  # kinds: `hangscope fault list`
        watchdog:
          - no-work: { of: job, for: 60s }             # work, not displayed progress
          - deadline: 320s
        time: { scale: 60 }                            # 60 scenario seconds in one real second
        expect:
          working: { outcome: completed }
          hanging: { outcome: hang, root: peer-stalled }   # causes: `hangscope causes`
          fixed: { outcome: failed, within: 320s }

        """#
    }

    private var ownCommand: String {
        let list = command.map { "\"\(Self.escaped($0))\"" }.joined(separator: ", ")
        return """
            subject:
              command: [\(list)]
              # environment: { LLM_URL: "${llm.url}" }       # addresses of services and proxies
              # ready: { log: "listening", within: 10s }     # or get: URL, port: NUMBER, file: PATH
            # services:
            #   llm: { model-server: { provider: openai } }
            # faults:                                        # not in the working variant
            #   - id: llm-stall
            #     when: { at: 2s }
            #     stall: { service: llm }
            probes:
              # What shows that it works; without one, only its end and its deadline are known.
              - { name: lines, log: "done \\\\d+", means: work }
            workload:
              - exit: { within: 30s }
            watchdog:
              - no-work: 10s
              - deadline: 30s
            # What is otherwise in a variant, such as the fix:
            # variants:
            #   working: { subject: { command: [\(list), "--small"] } }
            expect:
              hanging: { outcome: hang }                     # add root: once the report names it

            """
    }

    /// For a double-quoted YAML text (YAML 1.2, section 7.3.1).
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case let control where control.value < 0x20 || control.value == 0x7F:
                result += "\\x" + (control.value < 16 ? "0" : "") + String(control.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
