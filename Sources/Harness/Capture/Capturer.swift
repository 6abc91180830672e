internal import Archive
internal import Evidence
internal import FoundationEssentials
internal import Monitoring
internal import Processes

/// Takes snapshots through a process of its own that has been made ready beforehand.
///
/// Protocol of `hangscope snapshot PID --when-told`: it prints `ready`, then answers each
/// JSON line with one of its own.
actor Capturer {
    /// Real time a capture may take, symbols of a large program included.
    static let patience = Duration.seconds(60)

    private struct Order: Encodable {
        var ordinal: Int
        var reason: SnapshotReason
        var scenario_s: Double?
        var directory: String
    }
    private struct Answer: Decodable {
        var done: String?
        var error: String?
        /// Why no thread of the subject has a stack.
        var unseen: String?
    }

    private let process: ChildProcess
    private let input: PipeWriter
    private let output: LineStream
    private var answers: AsyncStream<String>.Iterator
    private let recorder: Recorder
    private var taken = 0
    private var queue: Task<Void, Never>?
    private(set) var problems: [Unobserved] = []

    private init(process: ChildProcess, input: PipeWriter, output: LineStream, recorder: Recorder) {
        self.process = process
        self.input = input
        self.output = output
        answers = output.lines.makeAsyncIterator()
        self.recorder = recorder
    }

    /// - Parameter salt: of the digests of environment values; the same for runs that are compared.
    static func start(
        subject: ProcessIdentity, salt: String, executable: String, spawner: any ProcessSpawner, recorder: Recorder
    ) async throws -> Capturer {
        let process = try await spawner.spawn(
            SpawnRequest(
                executable: executable, arguments: ["snapshot", "\(subject.pid)", "--when-told", "--loops", "--salt", salt], stdin: .pipe,
                stdout: .pipe))
        let capturer = Capturer(
            process: process, input: process.pipes.input!, output: LineStream(process.pipes.output!), recorder: recorder)
        guard await capturer.nextLine() == "ready" else {
            await process.end(grace: .zero)
            throw HarnessError(
                code: "capture-not-ready", message: "the capturing process did not get ready",
                remedy: "Run `hangscope doctor`; it tells whether processes may be traced here.")
        }
        return capturer
    }

    var count: Int { taken }

    /// Takes a snapshot; the next one waits for its end. Tells whether it succeeded.
    @discardableResult
    func capture(_ reason: SnapshotReason, scenario_s: Double?) async -> Bool {
        let before = queue
        let task = Task {
            await before?.value
            await self.take(reason, scenario_s)
        }
        let count = taken
        queue = task
        await task.value
        return taken > count
    }

    private func take(_ reason: SnapshotReason, _ scenario_s: Double?) async {
        let ordinal = taken + 1
        do {
            let order = Order(
                ordinal: ordinal, reason: reason, scenario_s: scenario_s,
                directory: try await recorder.writer.snapshotDirectory(ordinal))
            try await input.write(line: String(decoding: EvidenceCoding.encoder(pretty: false).encode(order), as: UTF8.self))
        } catch {
            problems.append(Unobserved(what: "snapshot \(ordinal)", why: "\(error)"))
            return
        }
        guard let line = await nextLine(), let answer = try? JSONDecoder().decode(Answer.self, from: Data(line.utf8)) else {
            problems.append(Unobserved(what: "snapshot \(ordinal)", why: "the capturing process gave no answer; run `hangscope doctor`"))
            return
        }
        if let reason = answer.unseen {
            let problem = Unobserved(what: "stacks of the subject's threads", why: "\(reason). Run `hangscope doctor`")
            if !problems.contains(problem) { problems.append(problem) }
        }
        if answer.done != nil { taken = ordinal } else { problems.append(Unobserved(what: "snapshot \(ordinal)", why: answer.error ?? "unknown")) }
    }

    /// The next line; nil at the end, or when it does not come. It is killed then: a late line would answer the wrong order.
    private func nextLine() async -> String? {
        let killer = Task { [process] in
            try await Task.sleep(for: Self.patience)
            await process.end(grace: .zero)
        }
        defer { killer.cancel() }
        var iterator = answers
        let line = await iterator.next(isolation: #isolation)
        answers = iterator
        return line
    }

    func end() async {
        await queue?.value
        input.close()
        if await process.wait(for: .seconds(2)) == nil { await process.end(grace: .zero) }
        output.cancel()
    }
}
