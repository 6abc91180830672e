internal import Evidence
internal import Monitoring
internal import Processes
internal import Scenario
internal import Synchronization

/// The client that drives the subject, step by step; what it sees is recorded as client events.
final class WorkloadDriver: Sendable {
    /// Real time one request may take at most. A hung subject must not stop the polling.
    static let requestLimit = Duration.seconds(5)
    /// Members of an answer that are recorded with a poll.
    static let maximumMembers = 16

    private struct State {
        var step: String?
        var lastAnswer: JSONValue?
    }

    private let steps: [WorkloadStep]
    private let subject: any Subject
    private let child: ChildProcess
    private let references: References
    private let clock: ScenarioClock
    private let http: HTTPDriver
    private let emit: @Sendable (Event) -> Void
    private let state = Mutex(State())

    init(
        steps: [WorkloadStep], subject: any Subject, child: ChildProcess, references: References, clock: ScenarioClock, http: HTTPDriver,
        emit: @escaping @Sendable (Event) -> Void
    ) {
        self.steps = steps
        self.subject = subject
        self.child = child
        self.references = references
        self.clock = clock
        self.http = http
        self.emit = emit
    }

    /// What it waits for now, in words.
    var waitsFor: String? { state.withLock { $0.step } }

    /// How it stands when it has to be given up.
    var unfinished: WorkloadRecord {
        state.withLock { WorkloadRecord(end: .unfinished, step: $0.step, detail: "it still waited when the observation ended", lastAnswer: $0.lastAnswer) }
    }

    /// Runs all steps; nil when it was cancelled.
    func run() async -> WorkloadRecord? {
        for step in steps {
            let text = describe(step)
            state.withLock { ($0.step, $0.lastAnswer) = (text, nil) }
            if let end = await run(step, text) { return end }
            if Task.isCancelled { return nil }
        }
        return WorkloadRecord(end: .completed)
    }

    /// nil when the step succeeded.
    private func run(_ step: WorkloadStep, _ text: String) async -> WorkloadRecord? {
        switch step {
        case .request(let method, let path, let body, let save, let expected):
            return await request(method, path, body, save, expected, text)
        case .await(let path, let until, let failure, let every, let within):
            return await poll(references.fill(path), until, failure, every_s: every, within_s: within, text)
        case .pause(let seconds):
            try? await clock.sleep(seconds)
            return nil
        case .exit(let within):
            guard let status = await child.wait(for: clock.real(within)) else {
                return WorkloadRecord(end: .unfinished, step: text, detail: "it still runs after \(Int(within)) s")
            }
            return status.isSuccess ? nil : WorkloadRecord(end: .failed, step: text, detail: "it ended with \(status)")
        }
    }

    private func request(
        _ method: String, _ path: String, _ body: String?, _ save: String?, _ expected: Int?, _ text: String
    ) async -> WorkloadRecord? {
        let url = url(references.fill(path))
        tell("client.request", ["method": .string(method), "path": .string(references.fill(path))])
        switch await http.send(method, url, body: body.map(references.fill), limit: max(Self.requestLimit, clock.real(30))) {
        case .answer(let status, let answer):
            tell("client.response", ["path": .string(references.fill(path))].merging(members(status, answer)) { first, _ in first }, job: save == nil ? nil : jobID(answer))
            state.withLock { $0.lastAnswer = answer }
            if let save { references.save(answer, as: save) }
            let isExpected = expected.map { $0 == status } ?? (200..<300).contains(status)
            // A health check that says "degraded" by 503 answers the question: only who asks for a status fails by it.
            if isExpected || (method == "GET" && expected == nil) { return nil }
            return WorkloadRecord(end: .failed, step: text, detail: "the answer had status \(status)", lastAnswer: answer)
        case .timedOut:
            tell("client.error", ["path": .string(path), "error": "no answer in time"])
            return WorkloadRecord(end: .unfinished, step: text, detail: "no answer came")
        case .failed(let reason):
            tell("client.error", ["path": .string(path), "error": .string(reason)])
            return Task.isCancelled ? nil : WorkloadRecord(end: .failed, step: text, detail: reason)
        }
    }

    private func poll(
        _ path: String, _ until: [String: String], _ failure: [String: [String]], every_s: Double, within_s: Double, _ text: String
    ) async -> WorkloadRecord? {
        let end_s = clock.scenario_s + within_s
        while !Task.isCancelled {
            switch await http.send("GET", url(path), body: nil, limit: Self.requestLimit) {
            case .answer(let status, let answer):
                state.withLock { $0.lastAnswer = answer }
                tell("client.poll", ["path": .string(path)].merging(members(status, answer)) { first, _ in first }, job: jobID(answer))
                if until.allSatisfy({ JSONPath.value(at: $0.key, in: answer)?.text == $0.value }) { return nil }
                for (pointer, values) in failure {
                    if let value = JSONPath.value(at: pointer, in: answer)?.text, values.contains(value) {
                        let why = JSONPath.value(at: "error", in: answer).map { $0 == .null ? "" : ": \($0.text.prefix(300))" } ?? ""
                        return WorkloadRecord(end: .failed, step: text, detail: "\(pointer) became \(value)\(why)", lastAnswer: answer)
                    }
                }
            case .timedOut: tell("client.error", ["path": .string(path), "error": "no answer in time"])
            case .failed(let reason):
                if Task.isCancelled { return nil }
                tell("client.error", ["path": .string(path), "error": .string(reason)])
            }
            if clock.scenario_s + every_s > end_s {
                return WorkloadRecord(
                    end: .unfinished, step: text, detail: "not so within \(Int(within_s)) s", lastAnswer: state.withLock { $0.lastAnswer })
            }
            try? await clock.sleep(every_s)
        }
        return nil
    }

    private func url(_ path: String) -> String { path.hasPrefix("http") ? path : (subject.address ?? "http://127.0.0.1") + path }

    private func tell(_ name: String, _ attributes: [String: JSONValue], job: String? = nil) {
        emit(Event(at: clock.now(), kind: .client, name: name, job: job, attributes: attributes))
    }

    /// Flat members of an answer, for the record: status words, numbers, short texts.
    private func members(_ status: Int, _ answer: JSONValue) -> [String: JSONValue] { Self.members(status, answer) }

    static func members(_ status: Int, _ answer: JSONValue) -> [String: JSONValue] {
        var kept: [String: JSONValue] = ["http.status": .int(Int64(status))]
        for (name, value) in (answer.object ?? [:]).sorted(by: { $0.key < $1.key }).prefix(maximumMembers) {
            switch value {
            case .object, .array: kept[String(name.prefix(100))] = .string(String(value.text.prefix(500)))
            case .string(let text): kept[String(name.prefix(100))] = .string(String(text.prefix(500)))
            default: kept[String(name.prefix(100))] = value
            }
        }
        return kept
    }

    private func jobID(_ answer: JSONValue) -> String? { answer.object?["id"].map { String($0.text.prefix(100)) } }

    private func describe(_ step: WorkloadStep) -> String {
        switch step {
        case .request(let method, let path, _, _, _): "\(method) \(references.fill(path))"
        case .await(let path, let until, _, _, _):
            "await \(references.fill(path)): " + until.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        case .pause(let seconds): "pause of \(Int(seconds)) s"
        case .exit: "the subject's exit"
        }
    }
}
