internal import Evidence
internal import Foundation
internal import Monitoring
internal import Processes

/// The started subject: its process, and its output as events.
final class SubjectProcess: Sendable {
    /// Events that may wait while the recorder is busy; a subject gone wild loses the newest beyond that.
    private static let waitingEvents = 200_000

    let subject: any Subject
    let process: ChildProcess
    let events: AsyncStream<Event>
    private let receiver: EventReceiver

    /// Starts it and returns once it is ready.
    static func start(
        _ subject: any Subject, log: String, spawner: any ProcessSpawner, clock: ScenarioClock, numbering: EventNumbering,
        logProbes: [LogProbe]
    ) async throws -> SubjectProcess {
        let (read, write) = try OwnedDescriptor.pipe()
        let process: ChildProcess
        do {
            process = try await spawner.spawn(try subject.request(output: write))
        } catch let error as ProcessError {
            throw HarnessError(code: "subject-not-started", message: error.message, remedy: error.remedy)
        }
        write.close()
        let ready = Latch<Void>()
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let file = FileHandle(forWritingAtPath: log)
        let (events, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(waitingEvents))
        let receiver = EventReceiver(
            read, decoder: numbering, clock: clock,
            onBytes: { try? file?.write(contentsOf: Data($0)) },
            onEvent: { event, line in
                continuation.yield(event)
                for probe in logProbes {
                    guard let value = probe.see(line) else { continue }
                    let seen = Event(at: event.at, kind: .probe, name: probe.name, attributes: ["value": value])
                    continuation.yield(numbering.numbered(seen))
                }
                if ready.value == nil && subject.isReady(line: line) { ready.set(()) }
            })
        Task {
            _ = await receiver.ended.wait()
            continuation.finish()
            try? file?.close()
        }
        let started = SubjectProcess(subject: subject, process: process, events: events, receiver: receiver)
        try await started.waitUntilReady(ready, log: log)
        return started
    }

    private init(subject: any Subject, process: ChildProcess, events: AsyncStream<Event>, receiver: EventReceiver) {
        self.subject = subject
        self.process = process
        self.events = events
        self.receiver = receiver
    }

    private func waitUntilReady(_ ready: Latch<Void>, log: String) async throws {
        let deadline = ContinuousClock.now + subject.patience
        while ready.value == nil {
            if await subject.isReady() { return }
            if let status = process.exitStatus {
                throw HarnessError(
                    code: "subject-ended", message: "the subject ended before it was ready, with \(status)\(Self.lastLine(of: log))",
                    remedy: "See \(log).")
            }
            try Task.checkCancellation()
            guard ContinuousClock.now < deadline else {
                throw HarnessError(
                    code: "subject-not-ready", message: "the subject was not ready within \(subject.patience)\(Self.lastLine(of: log))",
                    remedy: "See \(log); check `ready:` in the scenario, or give it more time with `within:`.")
            }
            _ = await ready.wait(for: .milliseconds(50))
        }
    }

    private static func lastLine(of log: String) -> String {
        guard let text = try? String(contentsOfFile: log, encoding: .utf8),
            let line = text.split(separator: "\n").last
        else { return "" }
        return "; its last line: \(line.prefix(300))"
    }
}
