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
        /// nil for rows of the store.
        var sense: Event.Sense?
        var interval: Duration
    }

    private let hub: RunHub
    private var entries: [Entry] = []
    private var logs: [(probe: LogProbe, sense: Event.Sense?)] = []

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
                logs.append((try LogProbe(name: plan.name, pattern: pattern), plan.sense))
                continue
            case .file(let path): probe = FileProbe(name: plan.name, path: references.fill(path))
            case .sqlite(let database, let query):
                probe = SQLiteProbe(name: plan.name, path: references.fill(database), query: query)
            }
            entries.append(Entry(probe: probe, sense: plan.sense, interval: hub.clock.real(plan.every_s)))
        }
    }

    /// The job system's own tables, every 2 s of scenario time.
    mutating func addJobStore(_ database: String) {
        for (name, query) in [("jobs", "SELECT * FROM jobs ORDER BY id"), ("reports", "SELECT * FROM reports ORDER BY job_id")] {
            let probe = SQLiteProbe(name: name, path: database, query: query)
            entries.append(Entry(probe: probe, sense: nil, interval: hub.clock.real(2)))
        }
    }

    /// A line of the subject's output.
    func see(_ line: String) {
        for (probe, sense) in logs {
            if let (value, job) = probe.see(line) { tell(probe.name, sense, value, job: job) }
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
            if entry.sense == nil {
                hub.recorder.record(StoreRecord(at: at, name: name, rows: rows))
                hub.set(gauges: Self.gauges(name, rows))
            } else if reading != before {
                tell(name, entry.sense, rows.first?.values.first ?? .null)
            }
        case .failed(let reason):
            if entry.sense == nil {
                hub.recorder.record(StoreRecord(at: at, name: name, rows: [], error: reason))
            } else if reading != before {
                hub.tell(Event(at: at, kind: .probe, name: name, attributes: ["error": .string(reason)]))
            }
        case .value(let value):
            // What a health check says counts at each time that it is asked.
            if reading != before || entry.sense?.means == .health { tell(name, entry.sense, value) }
        }
    }

    private func tell(_ name: String, _ sense: Event.Sense?, _ value: JSONValue, job: String? = nil) {
        let sense = sense ?? Event.Sense(.probe)
        var attributes: [String: JSONValue]
        switch sense.kind {
        case .progress: attributes = ["progress": value]
        case .status: attributes = ["status": value]
        default: attributes = value.object ?? ["value": value]
        }
        if sense.means == .error, attributes["error.message"] == nil { attributes["error.message"] = value }
        var event = Event(at: hub.clock.now(), kind: sense.kind, name: name, job: job, attributes: attributes)
        event.means = sense.means
        hub.tell(event)
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
