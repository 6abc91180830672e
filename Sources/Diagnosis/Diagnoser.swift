package import Evidence
import WaitGraph

/// From evidence to an assessment. Pure and total: whatever it is given, it answers, and
/// where the evidence does not tell it says `unknown` and what to look at next.
package enum Diagnoser {
    /// Judges a run, against one that works where there is one.
    package static func assess(run: Run, baseline: Run?, options: DiagnosisOptions = DiagnosisOptions()) -> Assessment {
        if run.events.isEmpty, run.header.alarms.isEmpty, run.header.workload == nil {
            return assess(snapshots: relevant(run), samples: run.samples, options: options)
        }
        let evidence = DiagnosisCase(run: run, baseline: baseline, snapshots: relevant(run), samples: run.samples, options: options.scaled(for: run))
        let baselineCauses = baseline.map { working in
            let other = DiagnosisCase(run: working, baseline: nil, snapshots: relevant(working), samples: working.samples, options: options.scaled(for: working))
            return Set(consult(other).candidates.map(\.cause))
        }
        return assess(evidence, baselineCauses: baselineCauses)
    }

    /// Judges a process from one or more looks at it.
    package static func assess(snapshots: [Snapshot], samples: [Sample] = [], options: DiagnosisOptions = DiagnosisOptions()) -> Assessment {
        assess(DiagnosisCase(run: nil, baseline: nil, snapshots: snapshots, samples: samples, options: options), baselineCauses: nil)
    }

    /// Snapshots of one process only: a run's may hold requested ones of others.
    private static func relevant(_ run: Run) -> [Snapshot] {
        guard let subject = run.header.subject else { return run.snapshots }
        let own = run.snapshots.filter { $0.subject == subject }
        return own.isEmpty ? run.snapshots : own
    }

    private static func consult(_ evidence: DiagnosisCase) -> (candidates: [Candidate], refuted: [Refutation], unknown: [String]) {
        var candidates: [Candidate] = []
        var refuted: [Refutation] = []
        var unknown: [String] = []
        for rule in RuleBook.all {
            switch rule.evaluate(evidence, evidence.graph) {
            case .supported(let found): candidates += found
            case .refuted(let cause, let because): refuted.append(Refutation(cause: cause, because: because))
            case .unknown(let reason): if let reason { unknown.append(reason) }
            }
        }
        refuted.removeAll { refutation in candidates.contains { $0.cause == refutation.cause } }
        return (candidates, refuted, unknown)
    }

    private static func assess(_ evidence: DiagnosisCase, baselineCauses: Set<Cause>?) -> Assessment {
        let (candidates, refuted, unknown) = consult(evidence)
        let hasRoot = candidates.contains { $0.role == .root }
        let judged = evidence.timeline.flatMap { evidence.run == nil ? nil : Verdicts.ofRun(evidence, $0, hasRoot: hasRoot) }
            ?? Verdicts.ofProcess(evidence, hasRoot: hasRoot)
        let findings = Ranking(evidence: evidence, verdict: judged.verdict, baselineCauses: baselineCauses).findings(candidates)
        let root = findings.first { $0.role == .root }
        return Assessment(
            verdict: judged.verdict, headline: Headline.text(judged.verdict, judged.because, root, findings), subject: subject(evidence),
            findings: findings, refuted: refuted, bystanders: Bystanders.summary(evidence.units.bystanders),
            nextSteps: NextSteps.text(evidence, judged.verdict, root, unknown), capture: capture(evidence))
    }

    private static func subject(_ evidence: DiagnosisCase) -> Assessment.Subject {
        let pid = evidence.subjectPID
        let process = evidence.index.process(pid)
        return Assessment.Subject(pid: pid, executable: process?.executable ?? process?.name ?? evidence.run?.header.subjectName ?? "")
    }

    private static func capture(_ evidence: DiagnosisCase) -> Assessment.Capture {
        var unobserved: [String] = []
        for snapshot in evidence.snapshots {
            unobserved += snapshot.unobserved.map { "\($0.what): \($0.why)" }
        }
        if let last = evidence.snapshots.last {
            for (what, reason) in Gaps.of(last) { unobserved.append("\(what): \(reason)") }
        }
        unobserved += evidence.run?.header.unobserved.map { "\($0.what): \($0.why)" } ?? []
        var seen: Set<String> = []
        return Assessment.Capture(
            stopped_ms: evidence.snapshots.map(\.cost.stopped_ms).reduce(0, +),
            longest_thread_pause_ms: evidence.snapshots.map(\.cost.longestThreadPause_ms).max() ?? 0,
            threads: evidence.snapshots.last?.threads.elements.count ?? 0, frames: evidence.snapshots.last?.cost.frames ?? 0,
            unobserved: unobserved.filter { seen.insert($0).inserted })
    }
}

extension DiagnosisOptions {
    /// In a scenario with scaled time, "hung" is a matter of scenario seconds, and of no more than its own watchdog
    /// waits for. And what held the work up must have stood for about as long as the work did.
    func scaled(for run: Run) -> DiagnosisOptions {
        let scale = run.header.timeScale.isFinite ? max(1, run.header.timeScale) : 1
        let patience_s = run.header.patience_s.map { $0 > 0 ? $0 : hungAfter_s } ?? hungAfter_s
        var threshold_s = max(0.05, min(hungAfter_s, patience_s) / scale)
        if let last = run.snapshots.map(\.takenAt.monotonic_s).max(),
            let work = run.events.last(where: { $0.kind == .work && $0.at.monotonic_s <= last })?.at.monotonic_s, (last - work).isFinite
        {
            threshold_s = max(threshold_s, 0.5 * (last - work))
        }
        return DiagnosisOptions(hungAfter_s: threshold_s)
    }
}
