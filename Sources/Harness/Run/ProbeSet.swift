internal import Evidence
internal import Monitoring
internal import Scenario
internal import Synchronization

/// The probes of a run and what becomes of their readings.
struct ProbeSet: Sendable {
    /// Real time between two readings at least: a fast scenario must not become a load on the subject.
    static let shortestInterval = Duration.milliseconds(50)

    private struct Entry: Sendable {
        var probe: any Probe
        var meaning: ProbePlan.Meaning
        var interval: Duration
    }

    private let hub: RunHub
    private var entries: [Entry] = []
    private var logs: [(probe: LogProbe, meaning: ProbePlan.Meaning)] = []

    init(_ plans: [ProbePlan], references: References, address: @escaping @Sendable () -> String?, http: HTTPDriver, hub: RunHub) throws {
        self.hub = hub
        for plan in plans {
            let probe: any Probe
            switch plan.source {
            case .http(let path, let pointer):
                probe = HTTPProbe(
                    name: plan.name,
                    url: {
                        let path = references.fill(path)
                        return path.hasPrefix("http") ? path : (address() ?? "http://127.0.0.1") + path
                    }, pointer: pointer, http: http)
            case .log(let pattern):
                logs.append((try LogProbe(name: plan.name, pattern: pattern), plan.meaning))
                continue
            case .file(let path): probe = FileProbe(name: plan.name, path: references.fill(path))
            case .sqlite(let database, let query):
                probe = SQLiteProbe(name: plan.name, path: references.fill(database), query: query)
            }
            entries.append(Entry(probe: probe, meaning: plan.meaning, interval: hub.clock.real(plan.every_s)))
        }
    }

    /// The job system's own tables, every 2 s of scenario time.
    mutating func addJobStore(_ database: String) {
        for (name, query) in [("jobs", "SELECT * FROM jobs ORDER BY id"), ("reports", "SELECT * FROM reports ORDER BY job_id")] {
            let probe = SQLiteProbe(name: name, path: database, query: query)
            entries.append(Entry(probe: probe, meaning: .store, interval: hub.clock.real(2)))
        }
    }

    /// A line of the subject's output.
    func see(_ line: String) {
        for (probe, meaning) in logs {
            if let value = probe.see(line) { tell(probe.name, meaning, value) }
        }
    }

    /// Reads until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for entry in entries {
                group.addTask {
                    let last = Mutex<ProbeReading?>(nil)
                    await ProbeRunner(entry.probe, interval: max(entry.interval, Self.shortestInterval)).run { reading in
                        let before = last.withLock { last in
                            defer { last = reading }
                            return last
                        }
                        take(reading, of: entry, before: before)
                    }
                }
            }
        }
    }

    private func take(_ reading: ProbeReading, of entry: Entry, before: ProbeReading?) {
        let name = entry.probe.name
        let at = hub.clock.now()
        switch reading {
        case .rows(let rows):
            if entry.meaning == .store {
                hub.recorder.record(StoreRecord(at: at, name: name, rows: rows))
                hub.set(gauges: Self.gauges(name, rows))
            } else if reading != before {
                tell(name, entry.meaning, rows.first?.values.first ?? .null)
            }
        case .failed(let reason):
            if entry.meaning == .store {
                hub.recorder.record(StoreRecord(at: at, name: name, rows: [], error: reason))
            } else if reading != before {
                hub.tell(Event(at: at, kind: .probe, name: name, attributes: ["error": .string(reason)]))
            }
        case .value(let value):
            if reading != before { tell(name, entry.meaning, value) }
        }
    }

    private func tell(_ name: String, _ meaning: ProbePlan.Meaning, _ value: JSONValue) {
        let (kind, member): (Event.Kind, String) =
            switch meaning {
            case .work: (.work, "value")
            case .progress: (.progress, "progress")
            case .status: (.status, "status")
            case .store: (.probe, "value")
            }
        hub.tell(Event(at: hub.clock.now(), kind: kind, name: name, attributes: [member: value]))
    }

    /// How many rows have each status: "jobs.processing".
    private static func gauges(_ name: String, _ rows: [[String: JSONValue]]) -> [String: Double] {
        var gauges: [String: Double] = [:]
        for row in rows {
            if let status = row["status"]?.string { gauges["\(name).\(status.lowercased().prefix(40))", default: 0] += 1 }
        }
        return gauges
    }
}
