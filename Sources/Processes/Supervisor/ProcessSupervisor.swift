internal import CLinux
package import Evidence
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A process that starts everything for us and lets nothing survive us.
///
/// It is a subreaper with a session of its own. When its socket to this process closes, for
/// whatever reason (SIGKILL included), it kills all its descendants, daemonized ones too, and exits.
package final class ProcessSupervisor: ProcessSpawner {
    private struct State {
        var nextID = 0
        var starting: [Int: CheckedContinuation<(ProcessIdentity, Latch<ExitStatus>), any Error>] = [:]
        var programs: [Int: PreparedSpawn.Program] = [:]
        var running: [Int32: Latch<ExitStatus>] = [:]
        var isGone = false
    }
    /// The supervisor itself.
    package let process: ChildProcess
    private let socket: OwnedDescriptor
    private let state = Mutex(State())
    private let gone = Latch<Void>()

    /// Starts `executable supervise`, which must call `SupervisorService.run()`.
    package static func start(
        executable: String, arguments: [String] = ["supervise"]
    ) async throws -> ProcessSupervisor {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw ProcessError.descriptors(errno)
        }
        let ours = OwnedDescriptor(ends[0])
        let theirs = OwnedDescriptor(ends[1])
        let process = try await DirectSpawner(endWithParent: false, newSession: true).spawn(
            SpawnRequest(
                executable: executable, arguments: arguments, workingDirectory: "/",
                inherited: [SupervisorWire.socket: theirs.number]))
        theirs.close()
        let supervisor = ProcessSupervisor(process: process, socket: ours)
        supervisor.listen()
        return supervisor
    }

    private init(process: ChildProcess, socket: OwnedDescriptor) {
        self.process = process
        self.socket = socket
    }

    package func spawn(_ request: SpawnRequest) async throws -> ChildProcess {
        let prepared = try PreparedSpawn(request, endWithParent: true)
        let (identity, exit) = try await start(prepared)
        prepared.owned.forEach { $0.close() }
        return ChildProcess(identity: identity, pipes: prepared.pipes, exit: exit) { [weak self] number, toGroup in
            self?.signal(identity.pid, number, toGroup: toGroup && prepared.program.newProcessGroup)
        }
    }

    /// Ends whatever still runs, grandchildren and daemons included, and the supervisor with it.
    ///
    /// Runs to its end also when the calling task is cancelled. Idempotent.
    package func finish() async {
        _ = try? send(.finish, [])
        await Task.detached { [gone, process] in
            _ = await gone.wait()
            _ = await process.wait()
        }.value
    }

    /// What runs under the supervisor now.
    package func descendants() -> [ProcessIdentity] {
        ProcessTree.current().descendants(of: process.pid)
    }

    private func start(_ prepared: PreparedSpawn) async throws -> (ProcessIdentity, Latch<ExitStatus>) {
        try await withCheckedThrowingContinuation { continuation in
            let id: Int? = state.withLock { state in
                guard !state.isGone else { return nil }
                state.nextID += 1
                state.starting[state.nextID] = continuation
                state.programs[state.nextID] = prepared.program
                return state.nextID
            }
            guard let id else { return continuation.resume(throwing: ProcessError.supervisorGone) }
            do {
                try send(.spawn(id: id, program: prepared.program), prepared.sources)
            } catch {
                let waiting = state.withLock { $0.starting.removeValue(forKey: id) }
                waiting?.resume(throwing: error)
            }
        }
    }

    private func signal(_ pid: Int32, _ number: Int32, toGroup: Bool) {
        _ = try? send(.signal(pid: pid, number: number, toGroup: toGroup), [])
    }

    private func send(_ request: SupervisorRequest, _ descriptors: [Int32]) throws {
        let bytes = try [UInt8](JSONEncoder().encode(request))
        guard bytes.count <= SupervisorWire.maximumMessage else {
            throw ProcessError(
                code: "request-too-large", message: "arguments and environment of \(bytes.count) bytes are too many",
                remedy: "Keep them under \(SupervisorWire.maximumMessage) bytes together.")
        }
        // The socket stays open until listening ends, after which isGone is set.
        let number: Int32 = state.withLock { state in
            state.isGone ? EPIPE : hs_send_message(socket.number, bytes, bytes.count, descriptors, Int32(descriptors.count))
        }
        if number == EPIPE || number == ECONNRESET || number == ENOTCONN { throw ProcessError.supervisorGone }
        if number != 0 { throw ProcessError.descriptors(number) }
    }

    private func listen() {
        // It ends with the socket; nobody cancels it.
        _ = ReadableWatch(socket) { [self] in
            var buffer = [UInt8](repeating: 0, count: SupervisorWire.maximumMessage)
            var none: Int32 = 0
            let length = hs_receive_message(socket.number, &buffer, buffer.count, nil, &none)
            if length > 0, let reply = try? JSONDecoder().decode(SupervisorReply.self, from: Data(buffer[..<length])) { handle(reply) }
            return length > 0 || length == -Int(EAGAIN) || length == -Int(EINTR)
        } onEnd: { [self] in
            end()
        }
    }

    private func handle(_ reply: SupervisorReply) {
        switch reply {
        case .started(let id, let pid, let startTicks):
            let exit = Latch<ExitStatus>()
            let waiting = state.withLock { state in
                state.running[pid] = exit
                state.programs[id] = nil
                return state.starting.removeValue(forKey: id)
            }
            waiting?.resume(returning: (ProcessIdentity(pid: pid, startTicks: startTicks), exit))
        case .failed(let id, let failure):
            let (waiting, program) = state.withLock { state in
                (state.starting.removeValue(forKey: id), state.programs.removeValue(forKey: id))
            }
            if let waiting, let program { waiting.resume(throwing: failure.error(for: program)) }
        case .exited(let pid, let status):
            state.withLock { $0.running.removeValue(forKey: pid) }?.set(status)
        }
    }

    /// The supervisor is gone; by PR_SET_PDEATHSIG so is everything it started.
    private func end() {
        let (starting, running) = state.withLock { state in
            state.isGone = true
            defer { (state.starting, state.running) = ([:], [:]) }
            return (state.starting.values, state.running.values)
        }
        socket.close()
        starting.forEach { $0.resume(throwing: ProcessError.supervisorGone) }
        running.forEach { $0.set(.signalled(SIGKILL)) }
        gone.set(())
    }
}

extension ProcessError {
    static let supervisorGone = ProcessError(
        code: "supervisor-gone", message: "the process that starts and ends the others is gone",
        remedy: "It was killed from outside; run again.")
}
