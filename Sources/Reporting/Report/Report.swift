public import Evidence
public import Diagnosis

/// Everything a report is made of: what was planned, the runs as recorded, and what they were judged to be.
///
/// Renderers are pure functions of it. For `attach` it is one run with snapshots only.
public struct Report: Sendable, Hashable {
    /// nil for a live process or a bare snapshot.
    public var scenario: ScenarioSummary?
    public var runs: [RunSection]
    public var skipped: [SkippedVariant]
    /// The working run against the hanging one.
    public var comparison: Comparison?
    /// What was armed and healed, when. It annotates the timeline; no finding rests on it.
    public var truth: [TruthRecord]
    /// Seconds since 1970-01-01T00:00:00Z.
    public var generatedAt_s: Double
    public var toolVersion: String
    /// The command that makes this report again, such as "hangscope reproduce scenarios/x.yaml".
    public var reproduceCommand: String?
    /// Where the evidence lies on disk, for people; links in the report are relative to it.
    public var directory: String?

    public init(
        scenario: ScenarioSummary? = nil, runs: [RunSection], skipped: [SkippedVariant] = [],
        comparison: Comparison? = nil, truth: [TruthRecord] = [], generatedAt_s: Double, toolVersion: String,
        reproduceCommand: String? = nil, directory: String? = nil
    ) {
        self.scenario = scenario
        self.runs = runs
        self.skipped = skipped
        self.comparison = comparison
        self.truth = truth
        self.generatedAt_s = generatedAt_s
        self.toolVersion = toolVersion
        self.reproduceCommand = reproduceCommand
        self.directory = directory
    }

    /// The run the report is about: the one that hangs, else one that disappoints, else the first.
    public var primary: RunSection? {
        runs.first { $0.variant == "hanging" } ?? runs.first { $0.assessment.verdict == .hang }
            ?? runs.first { $0.expectation?.isMet == false } ?? runs.first
    }

    /// The run it is held against: the working one; nil where there is none.
    public var baseline: RunSection? {
        guard let primary else { return nil }
        let others = runs.filter { $0.variant != primary.variant }
        return others.first { $0.variant == "working" } ?? others.first { $0.assessment.verdict == .completed }
    }
}

/// What a scenario's file says of itself.
public struct ScenarioSummary: Codable, Sendable, Hashable {
    public var name: String
    public var title: String
    public var fieldCase: String?
    /// Scenario seconds in one real second.
    public var timeScale: Double
    public var tags: [String]

    public init(name: String, title: String, fieldCase: String? = nil, timeScale: Double = 1, tags: [String] = []) {
        self.name = name
        self.title = title
        self.fieldCase = fieldCase
        self.timeScale = timeScale
        self.tags = tags
    }
}

/// One run with its judgement.
public struct RunSection: Sendable, Hashable {
    /// Variant's name, such as "hanging"; also the folder its evidence lies in.
    public var variant: String
    public var run: Run
    public var assessment: Assessment
    /// nil where nothing was expected (attach, diagnose of a bare snapshot).
    public var expectation: ExpectationResult?

    public init(variant: String, run: Run, assessment: Assessment, expectation: ExpectationResult? = nil) {
        self.variant = variant
        self.run = run
        self.assessment = assessment
        self.expectation = expectation
    }

    /// Real seconds from the run's start to its end; nil where either is unknown.
    public var duration_s: Double? {
        run.header.endedAt.map { $0.monotonic_s - run.header.startedAt.monotonic_s }
    }
}

/// Whether a run came to what its scenario asked for.
public struct ExpectationResult: Codable, Sendable, Hashable {
    public var isMet: Bool
    /// In words, such as "hang, root peer-stalled, contributing progress-simulated".
    public var expected: String
    public var found: String
    /// What is wrong, one sentence each; empty when met.
    public var problems: [String]

    public init(isMet: Bool, expected: String, found: String, problems: [String] = []) {
        self.isMet = isMet
        self.expected = expected
        self.found = found
        self.problems = problems
    }
}

/// A variant that could not run here.
public struct SkippedVariant: Codable, Sendable, Hashable {
    public var variant: String
    /// What is missing, such as "tcp-repair".
    public var capability: String

    public init(variant: String, capability: String) {
        self.variant = variant
        self.capability = capability
    }
}

/// Something that was armed or healed on purpose.
public struct TruthRecord: Codable, Sendable, Hashable {
    public enum Action: String, Codable, Sendable, Hashable { case armed, healed }
    public var at: Moment
    /// Variant it was done in; nil means all.
    public var variant: String?
    /// What it is, such as "stall of service llm after 12 tokens".
    public var what: String
    public var id: String
    public var action: Action

    public init(at: Moment, variant: String? = nil, what: String, id: String, action: Action) {
        self.at = at
        self.variant = variant
        self.what = what
        self.id = id
        self.action = action
    }
}
