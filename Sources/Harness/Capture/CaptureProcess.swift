internal import Evidence
internal import FoundationEssentials
internal import Processes

/// A capture that was started early and waits to be told, so that it begins at once.
///
/// It is a process of its own: when it dies the kernel lets the target go.
final class CaptureProcess: Sendable {
    private struct Order: Encodable {
        var ordinal: Int
        var reason: SnapshotReason
        var scenario_s: Double?
        var directory: String
    }

    private struct Answer: Decodable {
        var done: String?
        var error: String?
    }

    /// Real time for the tables of symbols to be read, and for a capture to be written.
    private static let patience = Duration.seconds(20)
    private let process: ChildProcess
    private let answers: LineStream
    private let inbox = Inbox()

    static func start(target: Int32, hangscope: String, salt: String, spawner: any ProcessSpawner, log: String) async throws -> CaptureProcess {
        var environment = SpawnRequest.currentEnvironment
        environment["HANGSCOPE_SALT"] = salt
        let process = try await spawner.spawn(
            SpawnRequest(
                executable: hangscope, arguments: ["snapshot", String(target), "--when-told"], environment: environment,
                stdin: .pipe, stdout: .pipe, stderr: .file(log)))
        guard let output = process.pipes.output, process.pipes.input != nil else {
            throw HarnessError(code: "no-capture", message: "the capture has no pipes", remedy: "Report this as a defect of Hangscope.")
        }
        let capture = CaptureProcess(process: process, answers: LineStream(output))
        guard await capture.inbox.next(within: patience) == "ready" else {
            await process.end(grace: .zero)
            throw HarnessError(
                code: "no-capture", message: "the capture of process \(target) did not get ready",
                remedy: "See \(log), and `hangscope doctor`: tracing may not be permitted here.")
        }
        return capture
    }

    private init(process: ChildProcess, answers: LineStream) {
        self.process = process
        self.answers = answers
        Task { [inbox] in
            for await line in answers.lines { await inbox.put(line) }
            await inbox.finish()
        }
    }

    /// Captures into `directory`; why not, when it could not.
    func capture(ordinal: Int, reason: SnapshotReason, at moment: Moment, directory: String) async -> String? {
        let order = Order(ordinal: ordinal, reason: reason, scenario_s: moment.scenario_s, directory: directory)
        guard let line = try? JSONEncoder().encode(order), let input = process.pipes.input else { return "no pipe to the capture" }
        do {
            try await input.write(line: String(decoding: line, as: UTF8.self))
        } catch {
            return "\(error)"
        }
        guard let reply = await inbox.next(within: Self.patience) else { return "the capture did not answer in time" }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(reply.utf8)) else { return "the capture said: \(reply.prefix(200))" }
        return answer.done == nil ? answer.error ?? "the capture failed" : nil
    }

    func end() async {
        process.pipes.input?.close()
        if await process.wait(for: .seconds(2)) == nil { await process.end(grace: .zero) }
    }
}

/// Lines in order, waited for one at a time.
private actor Inbox {
    private var lines: [String] = []
    private var isFinished = false
    private var waiter: Latch<Void>?

    func put(_ line: String) {
        lines.append(line)
        waiter?.set(())
    }

    func finish() {
        isFinished = true
        waiter?.set(())
    }

    func next(within limit: Duration) async -> String? {
        let deadline = ContinuousClock.now + limit
        while lines.isEmpty && !isFinished {
            let latch = Latch<Void>()
            waiter = latch
            let rest = ContinuousClock.now.duration(to: deadline)
            if rest <= .zero { return nil }
            _ = await latch.wait(for: rest)
            if Task.isCancelled { return nil }
        }
        return lines.isEmpty ? nil : lines.removeFirst()
    }
}
