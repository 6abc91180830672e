import Diagnosis
import Evidence

/// What came of one variant of one scenario: a line of `regress`, a testcase of JUnit.
public struct VariantResult: Sendable, Hashable {
    public enum Status: Sendable, Hashable {
        case met
        case notMet
        /// A needed capability is missing, such as "tcp-repair".
        case skipped(String)
        /// The run itself could not be made.
        case error(String)
    }
    public var scenario: String
    public var variant: String
    public var status: Status
    public var expected: String
    public var found: String
    public var problems: [String]
    /// Real seconds; nil when it did not run.
    public var duration_s: Double?
    /// The report's directory.
    public var directory: String?

    public init(
        scenario: String, variant: String, status: Status, expected: String = "", found: String = "",
        problems: [String] = [], duration_s: Double? = nil, directory: String? = nil
    ) {
        self.scenario = scenario
        self.variant = variant
        self.status = status
        self.expected = expected
        self.found = found
        self.problems = problems
        self.duration_s = duration_s
        self.directory = directory
    }
}

extension Report {
    /// A line for every variant, those that were skipped last.
    public var variantResults: [VariantResult] {
        let name = scenario?.name ?? runs.first?.assessment.subject.executable ?? "process"
        let ran = runs.map { section in
            VariantResult(
                scenario: name, variant: section.variant, status: section.expectation?.isMet == false ? .notMet : .met,
                expected: section.expectation?.expected ?? "", found: section.expectation?.found ?? section.inShort,
                problems: section.expectation?.problems ?? [], duration_s: section.duration_s, directory: directory)
        }
        return ran + skipped.map {
            VariantResult(scenario: name, variant: $0.variant, status: .skipped($0.capability), directory: directory)
        }
    }
}
