package import Evidence
import WaitGraph

extension Diagnoser {
    /// Lays two runs side by side: where they part, and what differs there.
    package static func compare(working: Run, hanging: Run) -> Comparison {
        let point = Comparer.parting(working: working, hanging: hanging)
        var differences = Comparer.events(working, hanging, point)
        if let left = Comparer.snapshot(of: working), let right = Comparer.snapshot(of: hanging) {
            let pair = SnapshotPair(working: SnapshotIndex(left), hanging: SnapshotIndex(right))
            differences += pair.sockets() + pair.locks() + pair.threads() + pair.tasks() + pair.descriptors() + pair.processes() + pair.environment() + pair.modules()
        }
        differences += Comparer.samples(working, hanging) + Comparer.store(working, hanging)
        let ordered = differences.enumerated().sorted { ($0.element.isSignificant ? 0 : 1, $0.offset) < ($1.element.isSignificant ? 0 : 1, $1.offset) }
        return Comparison(lastCommonPoint: point.common, firstMissing: point.missing, differences: ordered.map(\.element))
    }
}

enum Comparer {
    struct Parting {
        var common: EventKey?
        var missing: EventKey?
        var commonRow: (working: Int, hanging: Int)?
        var missingRow: Int?
    }

    /// The snapshot to lay beside: at the same point, else the last one.
    static func snapshot(of run: Run) -> Snapshot? {
        let own = run.snapshots.filter { run.header.subject == nil || $0.subject == run.header.subject }
        return own.first { $0.reason == .samePoint } ?? own.last { $0.reason == .alarm || $0.reason == .confirmation } ?? own.last
    }

    /// The last point of the work that both reached, and the first work event only the working run has.
    static func parting(working: Run, hanging: Run) -> Parting {
        var rows: [EventKey: Int] = [:]
        for (row, event) in hanging.events.enumerated() where event.kind == .work && rows[event.key] == nil { rows[event.key] = row }
        var parting = Parting()
        // From the end of the hanging run: its last work event that the working one has too.
        var inWorking: [EventKey: Int] = [:]
        for (row, event) in working.events.enumerated() where event.kind == .work && inWorking[event.key] == nil { inWorking[event.key] = row }
        for (row, event) in hanging.events.enumerated().reversed() where event.kind == .work {
            guard let same = inWorking[event.key] else { continue }
            parting.common = event.key
            parting.commonRow = (same, row)
            break
        }
        let from = parting.commonRow.map { $0.working + 1 } ?? 0
        if let row = working.events.indices.dropFirst(from).first(where: { working.events[$0].kind == .work && rows[working.events[$0].key] == nil }) {
            parting.missing = working.events[row].key
            parting.missingRow = row
        }
        return parting
    }

    static func events(_ working: Run, _ hanging: Run, _ point: Parting) -> [Comparison.Difference] {
        var found: [Comparison.Difference] = []
        if let missing = point.missing, let row = point.missingRow {
            found.append(.init(
                area: .events, subject: "first event that never came", working: "\(missing) at \(time(working.events[row].at))", hanging: nil,
                isSignificant: true, workingEvidence: .event(row), hangingEvidence: point.commonRow.map { .event($0.hanging) }))
        }
        let left = counts(working)
        let right = counts(hanging)
        for name in Set(left.keys).union(right.keys).sorted() where left[name] != right[name] {
            found.append(.init(
                area: .events, subject: "`\(name)`", working: left[name].map(times), hanging: right[name].map(times)))
        }
        return found
    }

    private static func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }

    private static func counts(_ run: Run) -> [String: Int] {
        var counts: [String: Int] = [:]
        for event in run.events where [.work, .timer, .spanEnd, .status, .progress].contains(event.kind) { counts[event.name, default: 0] += 1 }
        return counts
    }

    static func time(_ moment: Moment) -> String {
        moment.scenario_s.map { NodeText.seconds($0) } ?? NodeText.seconds(moment.monotonic_s)
    }

    static func samples(_ working: Run, _ hanging: Run) -> [Comparison.Difference] {
        func largest(_ run: Run, _ value: (Sample) -> Double?) -> (Double, Int)? {
            run.samples.enumerated().compactMap { row, sample in value(sample).map { ($0, row) } }.max { $0.0 < $1.0 }
        }
        let readings: [(String, String, (Sample) -> Double?)] = [
            ("most threads", "", { Double($0.threads.count) }), ("most descriptors", "", { $0.descriptorCount.map(Double.init) }),
            ("CPU time used", " s", { $0.cpu.total_s }), ("most memory resident", " MiB", { $0.resident_bytes.map { Double($0) / 1_048_576 } }),
        ]
        return readings.compactMap { name, unit, value in
            guard let left = largest(working, value), let right = largest(hanging, value) else { return nil }
            guard abs(left.0 - right.0) > 0.2 * max(left.0, right.0, 0.1) else { return nil }
            func text(_ number: Double) -> String { "\((number * 10).rounded() / 10)\(unit)" }
            return .init(
                area: .samples, subject: name, working: text(left.0), hanging: text(right.0), workingEvidence: .sample(left.1), hangingEvidence: .sample(right.1))
        }
    }

    static func store(_ working: Run, _ hanging: Run) -> [Comparison.Difference] {
        var found: [Comparison.Difference] = []
        for name in Set(working.store.map(\.name)).union(hanging.store.map(\.name)).sorted() {
            guard let left = working.store.lastIndex(where: { $0.name == name }), let right = hanging.store.lastIndex(where: { $0.name == name }) else { continue }
            let a = working.store[left]
            let b = hanging.store[right]
            if a.error != b.error {
                found.append(.init(
                    area: .store, subject: "reading `\(name)`", working: a.error ?? "worked", hanging: b.error ?? "worked", isSignificant: b.error != nil,
                    workingEvidence: .store(left), hangingEvidence: .store(right)))
            }
            for (row, pair) in zip(a.rows, b.rows).enumerated().prefix(20) {
                for column in ["status", "progress", "error", "model"] where pair.0[column] != pair.1[column] {
                    found.append(.init(
                        area: .store, subject: "`\(name)` row \(row + 1), \(column)", working: pair.0[column]?.text, hanging: pair.1[column]?.text,
                        isSignificant: column == "status", workingEvidence: .store(left), hangingEvidence: .store(right)))
                }
            }
            if a.rows.count != b.rows.count {
                found.append(.init(
                    area: .store, subject: "rows of `\(name)`", working: "\(a.rows.count)", hanging: "\(b.rows.count)", workingEvidence: .store(left), hangingEvidence: .store(right)))
            }
        }
        return found
    }
}
