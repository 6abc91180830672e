package import Evidence
internal import FoundationEssentials
internal import Glibc
package import Processes
internal import Synchronization

/// An injector that runs as a process of its own, seen from the harness.
///
/// It is told everything over inherited descriptors: its arguments and environment show that it is an
/// injector, not what it injects. When this side closes or dies, it heals and exits.
package final class InjectorProcess: Sendable {
    /// Real time an injector has to start, and to carry out a command.
    static let patience = Duration.seconds(15)
    /// Real time it has to end by itself before it is made to.
    static let grace = Duration.seconds(3)

    private struct State {
        var nextID = 1
        var waiting: [Int: CheckedContinuation<JSONValue?, any Error>] = [:]
        var isLost = false
        var host = ""
        var port = 0
        var ready: [CheckedContinuation<Void, any Error>] = []
        var isReady = false
        var failure: (any Error)?
    }

    /// The service's name in the scenario.
    package let name: String
    package let kind: InjectorKind
    package let process: ChildProcess
    /// What it does and sees; the newest are kept while nobody reads.
    package let events: AsyncStream<InjectorEvent>
    private let eventWriter: AsyncStream<InjectorEvent>.Continuation
    private let channel: ControlChannel
    private let state = Mutex(State())

    package var identity: ProcessIdentity { process.identity }
    package var host: String { state.withLock { $0.host } }
    /// The port it listens on; 0 for the database locker.
    package var port: Int { state.withLock { $0.port } }
    /// "127.0.0.1:9002".
    package var address: String { "\(host):\(port)" }
    /// "http://127.0.0.1:9002".
    package var baseURL: String { "http://\(address)" }

    private init(name: String, kind: InjectorKind, process: ChildProcess, channel: ControlChannel) {
        self.name = name
        self.kind = kind
        self.process = process
        self.channel = channel
        (events, eventWriter) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(65536))
    }

    /// Starts `executable fault KIND` and returns once it listens.
    ///
    /// - Parameters:
    ///   - settings: `ModelServerSettings`, `FaultProxySettings` or `DatabaseLocker.Settings`.
    ///   - log: file its standard error is appended to; nil throws it away.
    /// - Throws: `ProcessError` when it cannot be started, `FaultError` when it cannot do its work (port in use ...).
    package static func start(
        name: String, kind: InjectorKind, settings: some Encodable & Sendable, executable: String, spawner: any ProcessSpawner,
        log: String? = nil
    ) async throws -> InjectorProcess {
        let (settingsRead, settingsWrite) = try OwnedDescriptor.pipe()
        var ends: [CInt] = [0, 0]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw FaultError(code: "no-descriptors", message: "socketpair: \(ErrorNumber.text(errno))", remedy: "Raise the limit (ulimit -n).")
        }
        let theirs = OwnedDescriptor(ends[1])
        let channel = ControlChannel(descriptor: ends[0])
        do {
            // Shorter than a pipe holds (64 KiB), so that this never waits for a reader.
            let bytes = [UInt8](try JSONEncoder().encode(settings))
            guard bytes.count <= 65536, write(settingsWrite.number, bytes, bytes.count) == bytes.count else {
                throw FaultError(code: "bad-settings", message: "Settings of \(name) are too long", remedy: "Keep them under 64 KiB.")
            }
            settingsWrite.close()
            let process = try await spawner.spawn(
                SpawnRequest(
                    executable: executable, arguments: ["fault", kind.rawValue, "--settings-fd", "3", "--control-fd", "4"],
                    stderr: log.map { .file($0) } ?? .null, inherited: [3: settingsRead.number, 4: theirs.number]))
            settingsRead.close()
            theirs.close()
            let injector = InjectorProcess(name: name, kind: kind, process: process, channel: channel)
            Task { await injector.listen() }
            do { try await injector.waitUntilReady() } catch {
                await injector.end()
                throw error
            }
            return injector
        } catch {
            channel.close()
            throw error
        }
    }

    // MARK: Commands

    package func arm(name: String, fault: String, options: [String: String] = [:]) async throws {
        try await command(.arm, name: name, fault: fault, options: options)
    }

    /// Heals what was armed under that name, or all without one.
    package func heal(name: String? = nil) async throws {
        try await command(.heal, name: name)
    }

    /// Its connections: an array of objects with "connection", "peer" (port) and, for a proxy, bytes.
    package func connections() async throws -> JSONValue {
        try await command(.list) ?? []
    }

    /// A fault at this injector.
    package func fault(id: String, kind: String, options: [String: String] = [:]) -> any Fault {
        SwitchFault(
            id: id, arm: { [self] in try await arm(name: id, fault: kind, options: options) },
            // An injector that is gone took its faults with it.
            heal: { [self] in try? await heal(name: id) })
    }

    /// Has it heal everything and exit; made to when it does not. Idempotent.
    package func end() async {
        if !state.withLock({ $0.isLost }) { _ = try? await command(.shutdown) }
        channel.close()
        if await process.wait(for: Self.grace) == nil { await process.end(grace: .zero) }
        eventWriter.finish()
    }

    @discardableResult
    private func command(
        _ verb: ControlCommand.Verb, name: String? = nil, fault: String? = nil, options: [String: String]? = nil
    ) async throws -> JSONValue? {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        let timer = Task {
            try await Task.sleep(for: Self.patience)
            settle(id, .failure(lost("does not answer")))
        }
        defer { timer.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            let isLost = state.withLock { state in
                if !state.isLost { state.waiting[id] = continuation }
                return state.isLost
            }
            if isLost { return continuation.resume(throwing: lost("is gone")) }
            channel.send(ControlCommand(id: id, do: verb, name: name, fault: fault, options: options))
        }
    }

    private func settle(_ id: Int, _ result: Result<JSONValue?, any Error>) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(with: result)
    }

    private func lost(_ how: String) -> FaultError {
        FaultError(
            code: "injector-lost", message: "Injector \(name) (pid \(process.pid)) \(how)",
            remedy: "See its log; run again. Its faults ended with it.")
    }

    // MARK: What it says

    private func listen() async {
        for await line in channel.lines {
            guard let message = try? JSONDecoder().decode(ControlMessage.self, from: Data(line)) else { continue }
            if let event = message.event {
                heard(InjectorEvent(name: event, monotonic_s: message.at ?? monotonicSeconds(), attributes: message.attributes ?? [:]))
            } else if let id = message.id, message.ok == true {
                settle(id, .success(message.result))
            } else if let id = message.id {
                let error = FaultError(
                    code: message.code ?? "failed", message: message.error ?? "It failed", remedy: message.remedy ?? "See its log.")
                if id == 0 { becomeReady(error) } else { settle(id, .failure(error)) }
            }
        }
        let waiting = state.withLock { state in
            state.isLost = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume(throwing: lost("is gone")) }
        becomeReady(lost("ended before it was ready"))
        eventWriter.finish()
    }

    private func heard(_ event: InjectorEvent) {
        if event.name == "listening" {
            state.withLock { state in
                state.host = event.attributes["host"]?.string ?? ""
                state.port = event.attributes["port"]?.number.flatMap { Int(exactly: $0) } ?? 0
            }
        }
        if event.name == "ready" { becomeReady(nil) }
        eventWriter.yield(event)
    }

    private func becomeReady(_ failure: (any Error)?) {
        let waiting = state.withLock { state in
            if !state.isReady {
                state.isReady = true
                state.failure = failure
            }
            defer { state.ready = [] }
            return state.ready
        }
        for continuation in waiting {
            if let failure { continuation.resume(throwing: failure) } else { continuation.resume() }
        }
    }

    private func waitUntilReady() async throws {
        let timer = Task {
            try await Task.sleep(for: Self.patience)
            becomeReady(lost("is not ready in time"))
        }
        defer { timer.cancel() }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let known = state.withLock { state -> Result<Void, any Error>? in
                if state.isReady { return state.failure.map { .failure($0) } ?? .success(()) }
                state.ready.append(continuation)
                return nil
            }
            if let known { continuation.resume(with: known) }
        }
    }
}
