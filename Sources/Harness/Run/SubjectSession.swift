internal import Archive
internal import Evidence
internal import Glibc
internal import Monitoring
internal import ProcessInspection
internal import Processes
internal import Synchronization

/// A started subject with its output flowing in.
struct SubjectSession: Sendable {
    /// Bytes of output kept in subject.log.
    static let maximumLog = 256 << 20

    let subject: any Subject
    let child: ChildProcess
    private let run: RunExecution
    private let receivers: [EventReceiver]

    static func start(_ subject: any Subject, supervisor: ProcessSupervisor, run: RunExecution, probes: ProbeSet) async throws -> SubjectSession {
        let (outRead, outWrite) = try OwnedDescriptor.pipe()
        let (errorRead, errorWrite) = try OwnedDescriptor.pipe()
        let log = try SubjectLog(run.recorder.writer.subjectLog)
        let hub = run.hub
        func receive(_ descriptor: OwnedDescriptor) -> EventReceiver {
            EventReceiver(descriptor, decoder: hub.numbering, clock: run.clock, onBytes: { log.write($0) }) { event, line in
                subject.observe(event, line: line)
                hub.subject(event, line: line)
                probes.see(line)
            }
        }
        let receivers = [receive(outRead), receive(errorRead)]
        let child: ChildProcess
        do {
            child = try await subject.start(supervisor, stdout: outWrite, stderr: errorWrite)
        } catch {
            receivers.forEach { $0.cancel() }
            throw HarnessError(error, doing: "the subject")
        }
        outWrite.close()
        errorWrite.close()
        hub.tell("subject.started", ["pid": .int(Int64(child.pid))])
        await run.change { header in
            header.subject = child.identity
            header.subjectName = ProcessStat(of: child.pid)?.name
        }
        return SubjectSession(subject: subject, child: child, run: run, receivers: receivers)
    }

    private static func environment(of pid: Int32, salt: String) -> [EnvironmentEntry]? {
        guard let target = try? CaptureTarget(pid: pid) else { return nil }
        let entries = EnvironmentCollector(salt: salt, showsValues: false).collect(from: target, deadline: .now + .seconds(1))
        return entries.status == .unavailable ? nil : entries.elements
    }

    /// Returns when it is ready; else throws what went wrong, with its last words.
    func waitUntilReady() async throws {
        enum Outcome: Sendable { case ready, exited(ExitStatus), late, interrupted, failed(HarnessError) }
        let outcome = Latch<Outcome>()
        run.say(.starting, "waiting until the subject is ready: \(subject.readySign)")
        let tasks: [Task<Void, Never>] = [
            Task {
                do {
                    try await subject.ready()
                    _ = outcome.set(.ready)
                } catch is CancellationError {
                } catch { _ = outcome.set(.failed(HarnessError(error, doing: "the subject"))) }
            },
            Task { if let status = await child.wait() { _ = outcome.set(.exited(status)) } },
            Task { if (try? await Task.sleep(for: subject.readyWithin)) != nil { _ = outcome.set(.late) } },
            Task { if await run.request.interruption.wait() != nil { _ = outcome.set(.interrupted) } },
        ]
        defer { tasks.forEach { $0.cancel() } }
        switch await outcome.wait() {
        case .ready:
            run.hub.tell("subject.ready")
            let environment = Self.environment(of: child.pid, salt: run.request.salt)
            await run.change { $0.environment = environment }
        case .exited(let status): throw await ended(status)
        case .late:
            throw HarnessError(
                code: "subject-not-ready", message: "the subject is not ready after \(subject.readyWithin); it waits for \(subject.readySign)",
                remedy: "Look at subject.log; raise ready.within, or correct the sign it is recognised by.")
        case .failed(let error): throw error
        case .interrupted, nil: throw HarnessError.interrupted
        }
    }

    private func ended(_ status: ExitStatus) async -> HarnessError {
        await drain()
        let words = run.hub.lastLines.map { "\n  \($0)" }.joined()
        if words.localizedContains("in use") {
            return HarnessError(
                code: "port-in-use", message: "the subject ended before it was ready, its port being taken:\(words)\n",
                remedy: "Let it listen on port 0 or ${port.http}, or end the program that has the port (ss -ltnp).")
        }
        return HarnessError(
            code: "subject-crashed", message: "the subject ended before it was ready, with \(status)\(words.isEmpty ? "" : "; its last words:")\(words)\n",
            remedy: "Run it by hand with the same arguments; see subject.log.")
    }

    /// Takes in what it has written; whoever else holds its output open is not waited for.
    func drain() async {
        for receiver in receivers {
            _ = await receiver.ended.wait(for: .seconds(1))
            receiver.cancel()
            _ = await receiver.ended.wait(for: .seconds(1))
        }
    }
}

extension String {
    fileprivate func localizedContains(_ text: String) -> Bool { lowercased().contains(text) }
}

/// subject.log: what the subject wrote, as it wrote it, up to a limit.
private final class SubjectLog: Sendable {
    private let file: OwnedDescriptor
    private let written = Mutex(0)

    init(_ path: String) throws {
        file = try OwnedDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_APPEND)
    }

    func write(_ bytes: ArraySlice<UInt8>) {
        written.withLock { written in
            guard written < SubjectSession.maximumLog else { return }
            // A full disk must not stop the subject's output from being read.
            written += max(0, bytes.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) })
        }
    }
}
