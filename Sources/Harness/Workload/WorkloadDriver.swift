internal import Evidence
internal import Monitoring
internal import Processes
internal import Scenario

/// Drives the subject as its client would, step by step, and records every answer.
struct WorkloadDriver: Sendable {
    let steps: [WorkloadStep]
    let client: HTTPReader
    let base: String?
    let references: References
    let clock: ScenarioClock
    let recorder: RunRecorder
    let subject: ChildProcess
    let report: @Sendable (String) -> Void

    /// Real time one request may take at most: a hung server must not hold up the recording for ever.
    private static let requestLimit_s = 10.0

    /// Runs to the end of the steps, or to the first that fails or outlasts its limit.
    func run() async -> WorkloadRecord {
        for (index, step) in steps.enumerated() {
            let words = describe(step)
            report(words)
            if let end = await run(step, words) { return end }
            if Task.isCancelled {
                return WorkloadRecord(end: .unfinished, step: words, detail: "the observation ended before step \(index + 1) did")
            }
        }
        return WorkloadRecord(end: .completed)
    }

    private func describe(_ step: WorkloadStep) -> String {
        switch step {
        case .request(let method, let path, _, _, _): "\(method) \(references.expand(path))"
        case .await(let path, let until, _, _, let within):
            "await \(references.expand(path)): "
                + until.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                + " within \(Int(within)) s"
        case .pause(let seconds): "pause \(Int(seconds)) s"
        case .exit(let within): "exit within \(Int(within)) s"
        }
    }

    private func run(_ step: WorkloadStep, _ words: String) async -> WorkloadRecord? {
        switch step {
        case .request(let method, let path, let body, let save, let expected):
            return await request(method, path, body, save, expected, words)
        case .await(let path, let until, let failure, let every, let within):
            return await poll(path, until, failure, every, within, words)
        case .pause(let seconds):
            try? await clock.sleep(seconds)
            return nil
        case .exit(let within):
            if let status = await subject.wait(for: clock.real(within)) {
                return status.isSuccess ? nil : WorkloadRecord(end: .failed, step: words, detail: "it ended with \(status)")
            }
            return WorkloadRecord(end: .unfinished, step: words, detail: "it still runs")
        }
    }

    private func request(
        _ method: String, _ path: String, _ body: String?, _ save: String?, _ expected: Int?, _ words: String
    ) async -> WorkloadRecord? {
        let path = references.expand(path)
        await record("request", ["method": .string(method), "path": .string(path)], nil)
        let answer = await client.send(
            method, path, base: base, body: body.map { references.expand($0) }, within: .seconds(Self.requestLimit_s))
        await record("response", attributes(answer, path: path), answer.body)
        if let save, let body = answer.body { references.save(save, body) }
        if let error = answer.error { return WorkloadRecord(end: .failed, step: words, detail: error) }
        let status = answer.status ?? 0
        if expected.map({ $0 == status }) ?? (200..<400).contains(status) { return nil }
        return WorkloadRecord(end: .failed, step: words, detail: "HTTP status \(status)", lastAnswer: answer.body)
    }

    private func poll(
        _ path: String, _ until: [String: String], _ failure: [String: [String]], _ every_s: Double, _ within_s: Double,
        _ words: String
    ) async -> WorkloadRecord? {
        let path = references.expand(path)
        let ends_s = clock.scenario_s + within_s
        var last: HTTPReader.Answer?
        while !Task.isCancelled {
            let now = clock.scenario_s
            if now >= ends_s { break }
            let limit = min(clock.real(ends_s - now) + .milliseconds(100), .seconds(Self.requestLimit_s))
            let answer = await client.get(path, base: base, within: limit)
            if Task.isCancelled { break }
            await record("poll", attributes(answer, path: path), answer.body)
            if let body = answer.body {
                report("\(words) (\(Self.summary(body)))")
                if until.allSatisfy({ Self.value(body, $0.key) == $0.value }) { return nil }
                for (pointer, words) in failure where words.contains(Self.value(body, pointer) ?? "") {
                    return WorkloadRecord(
                        end: .failed, step: describeAwait(path, until), detail: "\(pointer) became \(Self.value(body, pointer) ?? "")",
                        lastAnswer: body)
                }
            }
            last = answer
            if subject.exitStatus != nil && answer.error != nil {
                return WorkloadRecord(end: .failed, step: words, detail: "the subject has ended: \(subject.exitStatus!)")
            }
            try? await clock.sleep(every_s)
        }
        return WorkloadRecord(
            end: .unfinished, step: describeAwait(path, until), detail: last?.error ?? "still waiting after the limit or at the end of the observation",
            lastAnswer: last?.body)
    }

    private func describeAwait(_ path: String, _ until: [String: String]) -> String {
        "await \(path): " + until.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private func attributes(_ answer: HTTPReader.Answer, path: String) -> [String: JSONValue] {
        var attributes: [String: JSONValue] = ["path": .string(path)]
        if let status = answer.status { attributes["http_status"] = .int(Int64(status)) }
        if let error = answer.error { attributes["error"] = .string(String(error.prefix(300))) }
        for (name, value) in answer.body?.object ?? [:] {
            switch value {
            case .object, .array: break
            case .string(let text): attributes[name] = .string(String(text.prefix(300)))
            default: attributes[name] = value
            }
        }
        return attributes
    }

    private func record(_ name: String, _ attributes: [String: JSONValue], _ body: JSONValue?) async {
        let job = body?.object?["id"]?.text
        await recorder.note(Event(at: clock.now(), kind: .client, name: name, job: job, attributes: attributes))
    }

    /// The value behind "status", "result.state" or "/result/state".
    static func value(_ body: JSONValue, _ pointer: String) -> String? {
        var value = body
        for part in pointer.split(whereSeparator: { $0 == "." || $0 == "/" }) {
            if let member = value.object?[String(part)] {
                value = member
            } else if let items = value.array, let index = Int(part), items.indices.contains(index) {
                value = items[index]
            } else {
                return nil
            }
        }
        return value.text
    }

    private static func summary(_ body: JSONValue) -> String {
        ["status", "progress"].compactMap { body.object?[$0]?.text }.joined(separator: " ")
    }
}
