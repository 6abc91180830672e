internal import Evidence
internal import CLinux
internal import Glibc
internal import Synchronization

/// Starts processes as children of this one.
///
/// A thread of its own forks each one and waits for it. The child dies with that thread
/// (PR_SET_PDEATHSIG), so with this process, whatever ends it; its own children do not:
/// for a subject use `ProcessSupervisor`.
package struct DirectSpawner: ProcessSpawner {
    /// False for the supervisor only, which must outlive this process to clean up after it.
    var endWithParent = true
    var newSession = false

    package init() {}

    init(endWithParent: Bool, newSession: Bool) {
        self.endWithParent = endWithParent
        self.newSession = newSession
    }

    package func spawn(_ request: SpawnRequest) async throws -> ChildProcess {
        var prepared = try PreparedSpawn(request, endWithParent: endWithParent)
        prepared.program.newSession = newSession
        let program = prepared.program
        let sources = prepared.sources
        let warden = Warden()
        let exit = Latch<ExitStatus>()
        let identity: ProcessIdentity = try await withCheckedThrowingContinuation { continuation in
            DetachedThread.run {
                switch program.start(sources: sources) {
                case .failure(let failure):
                    continuation.resume(throwing: failure.error(for: program))
                case .success(let pid):
                    warden.take(pid)
                    continuation.resume(
                        returning: ProcessIdentity(of: pid) ?? ProcessIdentity(pid: pid, startTicks: 0))
                    exit.set(warden.waitAndReap(pid))
                }
            }
        }
        prepared.owned.forEach { $0.close() }
        return ChildProcess(identity: identity, pipes: prepared.pipes, exit: exit) { number, toGroup in
            warden.signal(number, toGroup: toGroup && program.newProcessGroup)
        }
    }
}

/// Keeps a child's pid usable: it is reaped and signalled under one lock.
private final class Warden: Sendable {
    private let pid = Mutex<Int32?>(nil)

    func take(_ pid: Int32) { self.pid.withLock { $0 = pid } }

    func signal(_ number: Int32, toGroup: Bool) {
        pid.withLock { pid in
            guard let pid else { return }
            if !toGroup || kill(-pid, number) != 0 { kill(pid, number) }
        }
    }

    func waitAndReap(_ child: Int32) -> ExitStatus {
        // Seen first, reaped under the lock: while the pid is in `pid` it cannot be anybody else's.
        awaitEnd(of: child)
        return pid.withLock { pid in
            pid = nil
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 {
                if errno != EINTR { return .signalled(SIGKILL) }
            }
            return ExitStatus(waitStatus: status)
        }
    }

    /// waitid(2) shows the stops of a child that another thread of ours traces too, asked for or not
    /// (wait_task_stopped in the kernel's exit.c); a pidfd becomes readable at the end only.
    private func awaitEnd(of child: Int32) {
        var information = siginfo_t()
        let descriptor = hs_pidfd_open(child)
        defer { if descriptor >= 0 { close(descriptor) } }
        while true {
            let result = waitid(P_PID, UInt32(child), &information, WEXITED | WNOWAIT)
            if result != 0 && errno != EINTR { return }
            let ends = [CLD_EXITED, CLD_KILLED, CLD_DUMPED].map { Int32($0) }
            if result == 0 && ends.contains(information.si_code) { return }
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Without a pidfd (Linux before 5.3) it is looked for every now and then while it is stopped.
            poll(&watched, 1, descriptor >= 0 ? -1 : 20)
        }
    }
}

extension ExitStatus {
    init(waitStatus: Int32) {
        var code: Int32 = 0
        self = hs_wait_exited(waitStatus, &code) != 0 ? .exited(code) : .signalled(code)
    }
}
