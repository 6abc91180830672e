package import Evidence
package import WaitGraph

/// All the evidence that a rule may look at; what was injected is not among it.
package struct DiagnosisCase: Sendable {
    package let run: Run?
    package let baseline: Run?
    package let snapshots: [Snapshot]
    package let samples: [Sample]
    package let options: DiagnosisOptions
    package let graph: WaitGraph
    package let timeline: WorkTimeline?
    /// Where the waits of the subject's units of work end, grouped by the end.
    package let units: UnitSurvey

    package init(run: Run?, baseline: Run?, snapshots: [Snapshot], samples: [Sample], options: DiagnosisOptions) {
        self.run = run
        self.baseline = baseline
        self.snapshots = snapshots.sorted { $0.takenAt < $1.takenAt }
        self.samples = samples
        self.options = options
        graph = WaitGraph(snapshots: self.snapshots, samples: samples, hungAfter_s: options.hungAfter_s)
        timeline = run.map { WorkTimeline($0) }
        units = UnitSurvey(graph, subject: self.snapshots.last?.subject.pid)
    }

    /// Real seconds in words; in a scenario with scaled time, as its time, and said so.
    package func words(_ real_s: Double) -> String {
        timeline.map { $0.words(real_s * $0.timeScale) } ?? NodeText.seconds(real_s)
    }

    package var index: SnapshotIndex { graph.index }
    package var hasSnapshot: Bool { !snapshots.isEmpty }
    package var subjectPID: Int32 { snapshots.last?.subject.pid ?? run?.header.subject?.pid ?? 0 }

    /// The subject and its descendants, as far as they were looked at.
    package var subjectProcesses: [Int32] {
        index.processes.filter { $0.role != .followed }.map(\.identity.pid)
    }
}
