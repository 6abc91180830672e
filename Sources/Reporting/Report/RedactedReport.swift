import Diagnosis
import Evidence

/// A report from which secrets have been taken: the only thing renderers are given.
///
/// Environment values never get this far; what they held, where it looks secret, is taken out of every other text too.
public struct RedactedReport: Sendable {
    package let report: Report

    public init(_ report: Report) {
        let redaction = Redaction(known: Self.secrets(in: report))
        var report = report
        report.runs = report.runs.map { redaction.section($0) }
        if let differences = report.comparison?.differences {
            report.comparison?.differences = redaction.map(differences, Self.differenceTexts)
        }
        report.truth = redaction.map(report.truth, [\.what])
        report.reproduceCommand = report.reproduceCommand.map(redaction.text)
        report.directory = report.directory.map(redaction.text)
        if let scenario = report.scenario { report.scenario?.title = redaction.text(scenario.title) }
        self.report = report
    }

    private static var differenceTexts: [WritableKeyPath<Comparison.Difference, String>] { [\.subject, \.working.orEmpty, \.hanging.orEmpty] }

    /// Values of environment variables that are secret by their name or by their look.
    private static func secrets(in report: Report) -> Set<String> {
        var secrets: Set<String> = []
        for entry in report.runs.lazy.flatMap(\.run.snapshots).flatMap(\.environment.elements) {
            guard let value = entry.value else { continue }
            if Redaction.isSecretName(entry.name) || Redaction.looksRandom(value) { secrets.insert(value) }
        }
        return secrets
    }
}

extension Optional<String> {
    /// For key paths through optional texts: nil stays nil.
    fileprivate var orEmpty: String {
        get { self ?? "" }
        set { if self != nil { self = newValue } }
    }
}

extension Redaction {
    fileprivate func map<Value>(_ values: [Value], _ texts: [WritableKeyPath<Value, String>]) -> [Value] {
        values.map { value in
            var value = value
            for path in texts { value[keyPath: path] = text(value[keyPath: path]) }
            return value
        }
    }

    fileprivate func section(_ section: RunSection) -> RunSection {
        var section = section
        section.run = run(section.run)
        section.assessment = assessment(section.assessment)
        if var expectation = section.expectation {
            expectation.found = text(expectation.found)
            expectation.problems = expectation.problems.map(text)
            section.expectation = expectation
        }
        return section
    }

    private func assessment(_ assessment: Assessment) -> Assessment {
        var assessment = assessment
        assessment.headline = text(assessment.headline)
        assessment.findings = map(assessment.findings, [\.summary, \.remedy]).map { finding in
            var finding = finding
            finding.chain = map(finding.chain, [\.label, \.detail])
            finding.evidence = map(finding.evidence, [\.text])
            return finding
        }
        assessment.refuted = map(assessment.refuted, [\.because])
        assessment.bystanders = assessment.bystanders.map(text)
        assessment.nextSteps = assessment.nextSteps.map(text)
        assessment.capture.unobserved = assessment.capture.unobserved.map(text)
        return assessment
    }

    private func run(_ run: Run) -> Run {
        var run = run
        run.header.alarms = map(run.header.alarms, [\.detail])
        run.header.unobserved = map(run.header.unobserved, [\.what, \.why])
        if var workload = run.header.workload {
            workload.step = workload.step.map(text)
            workload.detail = workload.detail.map(text)
            workload.lastAnswer = workload.lastAnswer.map { value($0) }
            run.header.workload = workload
        }
        run.events = run.events.map { event in
            var event = event
            event.message = event.message.map(text)
            event.attributes = members(event.attributes)
            return event
        }
        run.store = run.store.map { record in
            var record = record
            record.rows = record.rows.map(members)
            record.error = record.error.map(text)
            return record
        }
        run.snapshots = run.snapshots.map(snapshot)
        return run
    }

    private func snapshot(_ snapshot: Snapshot) -> Snapshot {
        var snapshot = snapshot
        snapshot.processes = snapshot.processes.map { $0.map { process in
            var process = process
            process.arguments = arguments(process.arguments)
            process.followedBecause = process.followedBecause.map(text)
            return process
        } }
        snapshot.environment = snapshot.environment.map { $0.map { entry in
            var entry = entry
            entry.value = nil
            return entry
        } }
        snapshot.unobserved = map(snapshot.unobserved, [\.what, \.why])
        return snapshot
    }

    private func members(_ members: [String: JSONValue]) -> [String: JSONValue] {
        members.isEmpty ? members : value(.object(members)).object ?? [:]
    }
}
