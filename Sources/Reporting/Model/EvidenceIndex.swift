import Diagnosis
import Evidence

/// Every piece of evidence that is cited, numbered in the order in which it is read: E1, E2 ...
struct EvidenceIndex: Sendable {
    struct Item: Sendable, Hashable {
        var number: Int
        var variant: String
        var ref: String
        /// What it shows, in the words of whoever cited it; empty where only the place was cited.
        var texts: [String]
        /// The recorded row in words.
        var row: String?

        var file: String { ref.firstIndex(of: "#").map { String(ref[..<$0]) } ?? ref }
    }

    static let limit = 300
    private(set) var items: [Item] = []
    private(set) var omitted = 0
    private var places: [String: Int] = [:]

    init(_ report: Report) {
        guard let primary = report.primary else { return }
        for finding in primary.assessment.findings {
            for link in finding.chain { for path in link.evidence.prefix(20) { add(path.description, nil, primary) } }
            for cited in finding.evidence.prefix(100) { add(cited.ref, cited.text, primary) }
        }
        for difference in report.comparison?.differences ?? [] {
            if let path = difference.workingEvidence, let baseline = report.baseline { add(path.description, nil, baseline) }
            if let path = difference.hangingEvidence { add(path.description, nil, primary) }
        }
    }

    /// Number of a citation; nil when it is not in the index.
    func number(_ ref: String, in variant: String?) -> Int? {
        variant.flatMap { places["\($0)/\(ref)"] }
    }

    func number(_ path: EvidencePath?, in variant: String?) -> Int? { path.flatMap { number($0.description, in: variant) } }

    private mutating func add(_ ref: String, _ text: String?, _ section: RunSection) {
        let place = "\(section.variant)/\(ref)"
        if let number = places[place] {
            if let text, items[number - 1].texts.count < 4, !items[number - 1].texts.contains(text) { items[number - 1].texts.append(text) }
            return
        }
        guard items.count < Self.limit else {
            omitted += 1
            return
        }
        places[place] = items.count + 1
        items.append(Item(
            number: items.count + 1, variant: section.variant, ref: Escaping.clipped(ref, to: 200), texts: text.map { [$0] } ?? [],
            row: Self.row(ref, section.run).map { Escaping.clipped($0, to: 500) }))
    }

    /// The row a reference points at, in words; nil where there is none.
    private static func row(_ ref: String, _ run: Run) -> String? {
        let parts = ref.split(separator: "#", maxSplits: 1)
        let file = parts.first.map(String.init) ?? ref
        let index = parts.count == 2 ? Int(parts[1].drop { $0 == "/" }.prefix { $0 != "/" }) : nil
        switch file {
        case RunFile.events: return element(run.events, index).map(event)
        case RunFile.samples: return element(run.samples, index).map { "\(Units.count($0.threads.count, "thread")), CPU \(Units.fixed($0.cpu.total_s, 2)) s so far" }
        case RunFile.store: return element(run.store, index).map(store)
        case RunFile.header: return run.header.alarms.first.map { "alarm \($0.rule.rawValue): \($0.detail)" }
        default: break
        }
        let components = file.split(separator: "/")
        guard components.count >= 3, components[0] == RunFile.snapshots, let ordinal = Int(components[1]),
            let snapshot = run.snapshots.first(where: { $0.ordinal == ordinal }), let table = SnapshotFile(rawValue: String(components[2]))
        else { return nil }
        return row(table, index, snapshot)
    }

    private static func row(_ table: SnapshotFile, _ index: Int?, _ snapshot: Snapshot) -> String? {
        switch table {
        case .threads: element(snapshot.threads.elements, index).map { "thread \($0.pid)/\($0.tid) \($0.name), \(WaitWording.thread($0))\(top($0.shownStack))" }
        case .tasks: element(snapshot.tasks.elements, index).map { "task \($0.id)\($0.name.map { " \($0)" } ?? ""), \(WaitWording.task($0))\(top($0.backtrace))" }
        case .sockets: element(snapshot.sockets.elements, index).map { "\($0.local) – \($0.remote?.description ?? ""): \(WaitWording.socket($0))" }
        case .locks: element(snapshot.locks.elements, index).map { "\(WaitWording.lockSubject($0)): \(WaitWording.lock($0))" }
        case .processes: element(snapshot.processes.elements, index).map { SideBySide.Entry($0, isSubject: false).text }
        case .descriptors: element(snapshot.descriptors.elements, index).map { "pid \($0.pid), descriptor \($0.fd): \($0.kind.rawValue) \($0.target)" }
        case .pipes: element(snapshot.pipes.elements, index).map { SideBySide.Entry($0).text }
        case .actors: element(snapshot.actors.elements, index).map { "actor \($0.typeName ?? "") \($0.state.rawValue), \(Units.count($0.queue.count, "task")) queued" }
        case .modules: element(snapshot.modules.elements, index).map(\.path)
        case .environment: element(snapshot.environment.elements, index).map { "\($0.name), \($0.valueLength) bytes" }
        case .header: "snapshot \(snapshot.ordinal), \(Wording.snapshotReason(snapshot.reason))"
        }
    }

    private static func element<Row>(_ rows: [Row], _ index: Int?) -> Row? {
        index.flatMap { rows.indices.contains($0) ? rows[$0] : nil }
    }

    private static func top(_ stack: Observed<[Frame]>) -> String {
        guard let frame = StackGroup.place(stack.elements) else { return "" }
        return ", at \(WaitWording.frame(frame))\(WaitWording.place(frame).map { " (\($0))" } ?? "")"
    }

    private static func event(_ event: Event) -> String {
        let at = event.at.scenario_s.map { "\(Units.duration($0)) scenario time, " } ?? ""
        let attributes = event.attributes.sorted { $0.key < $1.key }.prefix(6).map { "\($0.key)=\(Escaping.clipped($0.value.text, to: 80))" }
        return "\(at)\(event.kind.rawValue) event \(event.key)" + (attributes.isEmpty ? "" : ": \(attributes.joined(separator: ", "))")
    }

    private static func store(_ record: StoreRecord) -> String {
        if let error = record.error { return "\(record.name): \(error)" }
        let rows = record.rows.prefix(3).map { JSONValue.object($0).text }
        return "\(record.name), \(Units.count(record.rows.count, "row")): \(rows.joined(separator: " "))"
    }
}
