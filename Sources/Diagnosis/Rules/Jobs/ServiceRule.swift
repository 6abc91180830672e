import Evidence
import WaitGraph

/// A part of the system that would take up the work, or finish it, is switched off: the run says
/// so itself, or what did it in the working run is missing here and the environment differs.
struct ServiceRule: DiagnosisRule {
    let causes: [Cause] = [.serviceDisabled]

    /// A switch has a short value: "disabled" is the longest of the usual ones.
    private static let longestSwitch = 8

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        guard let timeline = evidence.timeline, let run = evidence.run else { return .unknown(nil) }
        guard let left = leftLying(run, timeline) else { return .unknown(nil) }
        let differing = differingSwitches(evidence)
        let variables = differing.isEmpty ? "" : "; the environment differs from the working run's in \(differing.map { "`\($0.name)`" }.joined(separator: ", "))"
        if let said = timeline.marks.first(where: { Self.saysDisabled($0.event) }) {
            return .supported([
                candidate(
                    "`\(said.event.name)`: a part of the system is switched off, and \(left.text)\(variables)", .event(said.index), said.event.message ?? "switched off", left,
                    differing, timeline)
            ])
        }
        guard !differing.isEmpty, let missing = missing(run, timeline, evidence) else {
            return .refuted(.serviceDisabled, because: "nothing says that a part is switched off, and none that the working run has is missing")
        }
        return .supported([candidate("\(left.text): `\(missing.name)`, which the working run has, never ran here\(variables)", missing.path, missing.fact, left, differing, timeline)])
    }

    static func saysDisabled(_ event: Event) -> Bool { event.means == .disabled || event.attributes["enabled"]?.bool == false }

    private func candidate(
        _ summary: String, _ path: EvidencePath, _ fact: String, _ left: (text: String, id: String, since_s: Double, path: EvidencePath), _ differing: [(name: String, cited: CitedEvidence)], _ timeline: WorkTimeline
    ) -> Candidate {
        var candidate = Candidate(
            .serviceDisabled, .root, summary: summary, cited: [CitedEvidence(path, fact), CitedEvidence(left.path, left.text)] + differing.map(\.cited),
            since_s: (timeline.end_s - left.since_s) / timeline.timeScale)
        candidate.lead = [
            ChainLink(kind: .job, label: "job \(left.id)", detail: left.text, since_s: (timeline.end_s - left.since_s) / timeline.timeScale, evidence: [left.path]),
            ChainLink(kind: .process, label: "the part that would go on with it", detail: "is switched off", evidence: [path]),
        ]
        candidate.isPersistent = true
        candidate.rank = 3
        return candidate
    }

    /// Work that nobody takes up, or that is done in all its parts and not as a whole.
    private func leftLying(_ run: Run, _ timeline: WorkTimeline) -> (text: String, id: String, since_s: Double, path: EvidencePath)? {
        let limit_s = timeline.end_s - timeline.patience_s / 2
        for whole in WholeJob.unfinished(run, timeline) where whole.isDoneButOpen {
            guard let last = whole.lastPart, last.time_s < limit_s else { continue }
            return ("all \(whole.parts) parts of job \(whole.id) have ended and nobody finishes it", whole.id, last.time_s, last.path)
        }
        for job in timeline.unfinished where job.start == nil && job.spanCount == 0 {
            guard let taken = job.lastWork, taken.time_s < limit_s else { continue }
            return ("job \(job.id) was taken in and nobody has begun it", job.id, taken.time_s, .event(taken.index))
        }
        for row in StoreTimeline(run).rows where row.isUntouched && row.end == nil && row.parent == nil && row.first_s < limit_s {
            guard !timeline.jobs.contains(where: { $0.id == row.id && $0.start != nil }) else { continue }
            return ("job \(row.id) lies in the store as \(row.status ?? "it came") and nobody has begun it", row.id, row.first_s, .store(row.first))
        }
        return nil
    }

    /// Short variables that have another value in the working run, or are in one of them only.
    private func differingSwitches(_ evidence: DiagnosisCase) -> [(name: String, cited: CitedEvidence)] {
        guard let here = evidence.run?.header.environment, let theirs = evidence.baseline?.header.environment else { return [] }
        func short(_ entries: [EnvironmentEntry]) -> [String: String] {
            Dictionary(entries.filter { $0.valueLength <= Self.longestSwitch }.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first })
        }
        let own = short(here), other = short(theirs)
        return Set(own.keys).union(other.keys).sorted().filter { own[$0] != other[$0] }
            .map { ($0, CitedEvidence(EvidencePath(file: RunFile.header), "`\($0)` differs from the working run's")) }
    }

    /// What the process as a whole did again and again in the working run, and never here; or a thread that only that one has.
    private func missing(_ run: Run, _ timeline: WorkTimeline, _ evidence: DiagnosisCase) -> (name: String, path: EvidencePath, fact: String)? {
        guard let baseline = evidence.baseline else { return nil }
        let here = Set(run.events.map(\.name))
        var counts: [String: Int] = [:]
        for event in baseline.events where event.job == nil && [.log, .timer, .work].contains(event.kind) { counts[event.name, default: 0] += 1 }
        if let name = counts.filter({ $0.value >= 2 && !here.contains($0.key) }).keys.min() {
            return (name, EvidencePath(file: RunFile.events), "no `\(name)` in this run; \(counts[name] ?? 0) in the working one")
        }
        func names(_ snapshot: Snapshot?) -> Set<String> {
            Set(snapshot?.threads.elements.filter { $0.pid == snapshot?.subject.pid }.map { $0.managedName ?? $0.name } ?? [])
        }
        let own = names(evidence.snapshots.last)
        guard !own.isEmpty, let name = names(baseline.snapshots.last).subtracting(own).min() else { return nil }
        return (name, evidence.index.path(.threads), "no thread `\(name)` here")
    }
}
