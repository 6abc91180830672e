internal import Evidence
internal import Monitoring
internal import Scenario

/// A probe of the plan at work: reads, and records what the reading means.
struct ProbeReader: Sendable {
    private let plan: ProbePlan
    private let probe: any Probe

    /// nil for log probes, which see the subject's lines as they come.
    init?(_ plan: ProbePlan, references: References, client: HTTPReader, base: String?) {
        self.plan = plan
        switch plan.source {
        case .http(let path, let pointer):
            probe = HTTPProbe(name: plan.name, path: references.expand(path), pointer: pointer, client: client, base: base)
        case .file(let path): probe = FileProbe(name: plan.name, path: references.expand(path))
        case .sqlite(let database, let query):
            probe = SQLiteProbe(name: plan.name, path: references.expand(database), query: query)
        case .log: return nil
        }
    }

    /// Reads at its interval until cancelled; not more often than ten times a second of real time.
    func run(clock: ScenarioClock, recorder: RunRecorder) async {
        let runner = ProbeRunner(probe, interval: .milliseconds(100))
        var last: ProbeReading?
        while !Task.isCancelled {
            let reading = await runner.readOnce()
            if Task.isCancelled { return }
            await record(reading, changed: last.map { $0 != reading } ?? false, clock: clock, recorder: recorder)
            last = reading
            try? await Task.sleep(for: max(clock.real(plan.every_s), .milliseconds(100)))
        }
    }

    private func record(_ reading: ProbeReading, changed: Bool, clock: ScenarioClock, recorder: RunRecorder) async {
        let now = clock.now()
        switch reading {
        case .rows(let rows):
            await recorder.record(StoreRecord(at: now, name: plan.name, rows: rows))
            if plan.meaning != .store { await note(.array(rows.map { .object($0) }), changed, now, recorder) }
        case .failed(let reason):
            if plan.meaning == .store {
                await recorder.record(StoreRecord(at: now, name: plan.name, rows: [], error: reason))
            } else {
                await recorder.note(Event(at: now, kind: .probe, name: plan.name, attributes: ["error": .string(reason)]))
            }
        case .value(let value): await note(value, changed, now, recorder)
        }
    }

    private func note(_ value: JSONValue, _ changed: Bool, _ now: Moment, _ recorder: RunRecorder) async {
        var attributes: [String: JSONValue] = ["value": value]
        for (name, member) in value.object ?? [:] {
            if member.object == nil && member.array == nil { attributes[name] = member }
        }
        let kind: Event.Kind =
            switch plan.meaning {
            case .work where changed: .work
            case .progress where changed: .progress
            case .status where changed: .status
            default: .probe
            }
        if kind == .progress, let number = value.number { attributes["progress"] = .double(number) }
        if kind == .status { attributes["status"] = .string(value.text) }
        await recorder.note(Event(at: now, kind: kind, name: plan.name, attributes: attributes))
    }
}

/// What a GET answers, or the part of it that a pointer names.
struct HTTPProbe: Probe {
    let name: String
    let path: String
    let pointer: String?
    let client: HTTPReader
    let base: String?

    func read() async -> ProbeReading {
        let answer = await client.get(path, base: base, within: .seconds(1))
        if let error = answer.error { return .failed(error) }
        guard let body = answer.body else { return .value(.object(["http_status": .int(Int64(answer.status ?? 0))])) }
        if let pointer {
            return WorkloadDriver.value(body, pointer).map { .value(.string($0)) } ?? .failed("nothing at \(pointer)")
        }
        var members = body.object ?? ["body": body]
        members["http_status"] = .int(Int64(answer.status ?? 0))
        return .value(.object(members))
    }
}
