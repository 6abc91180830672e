package import Evidence

/// A validated scenario: what `plan.json` holds and the harness runs.
///
/// All durations are seconds of scenario time; `timeScale` of them pass in one real second.
package struct Plan: Codable, Sendable, Hashable {
    package var schema: Int
    package var name: String
    package var title: String
    /// Field cases it stands for, such as "A1 A2 A3".
    package var fieldCase: String?
    package var tags: [String]
    package var timeScale: Double
    /// Folder of the scenario file: relative paths are resolved under it and stay under it.
    package var folder: String
    /// In the order they run and are shown: hanging, working, fixed and any others.
    package var variants: [Variant]

    package init(
        schema: Int = 1, name: String, title: String, fieldCase: String? = nil, tags: [String] = [],
        timeScale: Double = 1, folder: String, variants: [Variant]
    ) {
        self.schema = schema
        self.name = name
        self.title = title
        self.fieldCase = fieldCase
        self.tags = tags
        self.timeScale = timeScale
        self.folder = folder
        self.variants = variants
    }

    package func variant(_ name: String) -> Variant? { variants.first { $0.name == name } }
}

/// One way to run the scenario, whole: overrides are already applied.
package struct Variant: Codable, Sendable, Hashable {
    package var name: String
    package var subject: SubjectPlan
    package var services: [ServicePlan]
    package var workload: [WorkloadStep]
    package var faults: [FaultPlan]
    package var watchdog: [WatchdogPlan]
    package var probes: [ProbePlan]
    /// The subject's own words for what its events mean.
    package var words: EventWords
    package var expectation: Expectation
    /// Capabilities it cannot do without: "tcp-repair", "network-namespaces", "ptrace".
    package var requires: [String]

    package init(
        name: String, subject: SubjectPlan, services: [ServicePlan] = [], workload: [WorkloadStep] = [],
        faults: [FaultPlan] = [], watchdog: [WatchdogPlan] = [], probes: [ProbePlan] = [], words: EventWords = EventWords(),
        expectation: Expectation, requires: [String] = []
    ) {
        self.name = name
        self.subject = subject
        self.services = services
        self.workload = workload
        self.faults = faults
        self.watchdog = watchdog
        self.probes = probes
        self.words = words
        self.expectation = expectation
        self.requires = requires
    }
}

/// The process to watch.
package enum SubjectPlan: Codable, Sendable, Hashable {
    /// The reference job system; configuration and defects go to it over an inherited descriptor.
    case jobSystem(config: [String: String], defects: [String])
    /// Any command; `${...}` in arguments and environment values is filled in by the harness.
    case command(CommandPlan)
}

package struct CommandPlan: Codable, Sendable, Hashable {
    package var arguments: [String]
    package var environment: [String: String]
    package var workingDirectory: String?
    /// How to know that it is ready; nil means at once.
    package var ready: ReadyPlan?

    package init(arguments: [String], environment: [String: String] = [:], workingDirectory: String? = nil, ready: ReadyPlan? = nil) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.ready = ready
    }
}

/// The sign that a subject is ready; the first that is given counts.
package struct ReadyPlan: Codable, Sendable, Hashable {
    /// Regular expression on a line of its output.
    package var logPattern: String?
    /// Address that answers 2xx to GET.
    package var httpGet: String?
    /// Port that accepts connections.
    package var port: String?
    /// File that exists.
    package var file: String?
    /// Real seconds to wait.
    package var within_s: Double

    package init(logPattern: String? = nil, httpGet: String? = nil, port: String? = nil, file: String? = nil, within_s: Double = 10) {
        self.logPattern = logPattern
        self.httpGet = httpGet
        self.port = port
        self.file = file
        self.within_s = within_s
    }
}

/// A process the harness starts for the subject to talk to.
package struct ServicePlan: Codable, Sendable, Hashable {
    package enum Kind: Codable, Sendable, Hashable {
        /// A model server: `options` as `hangscope fault model-server` documents them (provider, latency, tokens-per-second, tokens ...).
        case modelServer(options: [String: String])
        /// A fault proxy before `upstream` (another service's name, or host:port).
        case proxy(upstream: String)
    }
    package var name: String
    package var kind: Kind

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// One step of the client that drives the subject.
package enum WorkloadStep: Codable, Sendable, Hashable {
    /// Sends a request; the JSON answer is kept under `save`.
    case request(method: String, path: String, body: String?, save: String?, expectStatus: Int?)
    /// Polls until every pointer of `until` has its value; ends as failed when one of `failure` does.
    case await(path: String, until: [String: String], failure: [String: [String]], every_s: Double, within_s: Double)
    /// Lets scenario time pass.
    case pause(seconds: Double)
    /// Waits until the subject exits by itself.
    case exit(within_s: Double)
}

/// A fault and when it is armed.
package struct FaultPlan: Codable, Sendable, Hashable {
    package var id: String
    package var when: Trigger
    /// Healed after so many seconds; nil means at the end of the run.
    package var for_s: Double?
    /// Kind of fault as the vocabulary names it, such as "stall", "lock-database".
    package var kind: String
    /// Its options, such as ["service": "llm", "after-tokens": "12"].
    package var options: [String: String]

    package init(id: String, when: Trigger, for_s: Double? = nil, kind: String, options: [String: String]) {
        self.id = id
        self.when = when
        self.for_s = for_s
        self.kind = kind
        self.options = options
    }

    package enum Trigger: Codable, Sendable, Hashable {
        /// Before the subject starts.
        case start
        case at(seconds: Double)
        /// At the `ordinal`th event of this name.
        case event(name: String, ordinal: Int)
        /// When the displayed progress reaches this many percent.
        case progress(Double)
    }
}

/// A watchdog rule and its threshold, in seconds of scenario time.
package enum WatchdogPlan: Codable, Sendable, Hashable {
    case noWork(of: String?, for_s: Double)
    case noEvent(name: String, for_s: Double)
    case deadline(seconds: Double)
    case busyLoop(for_s: Double)
}

/// Something read again and again from outside.
package struct ProbePlan: Codable, Sendable, Hashable {
    package enum Source: Codable, Sendable, Hashable {
        case http(path: String, pointer: String?)
        case log(pattern: String)
        case file(path: String)
        case sqlite(database: String, query: String)
    }
    package var name: String
    package var source: Source
    /// What a change of the reading is; nil for rows of store.jsonl.
    package var sense: Event.Sense?
    package var every_s: Double

    package init(name: String, source: Source, sense: Event.Sense?, every_s: Double) {
        self.name = name
        self.source = source
        self.sense = sense
        self.every_s = every_s
    }
}

/// What a variant should come to. Names are those of Evidence's `Cause` and Diagnosis' `Verdict`.
package struct Expectation: Codable, Sendable, Hashable {
    package var outcome: String
    package var root: String?
    package var contributing: [String]
    /// Findings that must not appear; ["*"] means none at all.
    package var without: [String]
    package var within_s: Double?

    package init(outcome: String, root: String? = nil, contributing: [String] = [], without: [String] = [], within_s: Double? = nil) {
        self.outcome = outcome
        self.root = root
        self.contributing = contributing
        self.without = without
        self.within_s = within_s
    }
}
