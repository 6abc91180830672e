internal import CLinux
internal import Evidence
internal import FoundationEssentials
internal import Glibc

/// The supervisor's own side: the body of `hangscope supervise`.
package struct SupervisorService {
    private var running: [Int32: Void] = [:]
    private let socket = SupervisorWire.socket

    /// Serves until the socket closes or `finish` comes, kills every descendant, and returns.
    package static func run() {
        // Ctrl-C and a closing terminal are the harness's business; what it does about them reaches us by the socket.
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU] { signal(number, SIG_IGN) }
        setsid()
        _ = hs_become_subreaper()
        let children = OwnedDescriptor(hs_event_descriptor())
        hs_count_signal(SIGCHLD, children.number)
        var service = SupervisorService()
        service.serve(children: children)
        service.endEverything()
    }

    private mutating func serve(children: OwnedDescriptor) {
        var room = [UInt8](repeating: 0, count: SupervisorWire.maximumMessage)
        while true {
            var watched = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: children.number, events: Int16(POLLIN), revents: 0)]
            if poll(&watched, 2, -1) < 0 && errno != EINTR { return }
            if watched[1].revents != 0 {
                _ = children.takeCount()
                reap()
            }
            if watched[0].revents != 0 && !receive(&room) { return }
        }
    }

    /// False at the end of the conversation.
    private mutating func receive(_ room: inout [UInt8]) -> Bool {
        var descriptors = [Int32](repeating: -1, count: SupervisorWire.maximumDescriptors)
        var count = Int32(descriptors.count)
        let length = hs_receive_message(socket, &room, room.count, &descriptors, &count)
        defer { descriptors.prefix(Int(count)).forEach { close($0) } }
        if length == -Int(EINTR) || length == -Int(EAGAIN) { return true }
        guard length > 0, let request = try? JSONDecoder().decode(SupervisorRequest.self, from: Data(room[..<length]))
        else { return false }
        switch request {
        case .finish:
            return false
        case .signal(let pid, let number, let toGroup):
            send(number, to: pid, group: toGroup)
        case .spawn(let id, let program):
            start(id, program, Array(descriptors.prefix(Int(count))))
        }
        return true
    }

    private mutating func start(_ id: Int, _ program: PreparedSpawn.Program, _ sources: [Int32]) {
        guard sources.count == program.targets.count else {
            return reply(.failed(id: id, failure: SpawnFailure(step: Int32(HS_SPAWN_DESCRIPTORS.rawValue), number: EMFILE)))
        }
        switch program.start(sources: sources) {
        case .success(let pid):
            running[pid] = ()
            reply(.started(id: id, pid: pid, startTicks: ProcessIdentity(of: pid)?.startTicks ?? 0))
        case .failure(let failure):
            reply(.failed(id: id, failure: failure))
        }
    }

    /// A pid in `running` is not reaped yet, so it is still that child; members of a group whose
    /// leader is gone are looked for among our own descendants only.
    private func send(_ number: Int32, to pid: Int32, group: Bool) {
        if running[pid] != nil {
            if !group || kill(-pid, number) != 0 { kill(pid, number) }
        } else if group {
            let tree = ProcessTree.current()
            for member in tree.descendants(of: getpid()) where tree.processes[member.pid]?.processGroup == pid {
                kill(member.pid, number)
            }
        }
    }

    private mutating func reap() {
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return }
            // Others are orphans that became ours as a subreaper.
            if running.removeValue(forKey: pid) != nil {
                reply(.exited(pid: pid, status: ExitStatus(waitStatus: status)))
            }
        }
    }

    private func reply(_ reply: SupervisorReply) {
        guard let bytes = try? [UInt8](JSONEncoder().encode(reply)) else { return }
        _ = hs_send_message(socket, bytes, bytes.count, nil, 0)
    }

    /// Kills until no child is left: what a killed process leaves behind becomes ours and is next.
    private mutating func endEverything() {
        while true {
            for process in ProcessTree.current().descendants(of: getpid()) { kill(process.pid, SIGKILL) }
            var status: Int32 = 0
            var pid: Int32
            repeat {
                pid = waitpid(-1, &status, WNOHANG)
                if pid > 0, running.removeValue(forKey: pid) != nil {
                    reply(.exited(pid: pid, status: ExitStatus(waitStatus: status)))
                }
            } while pid > 0
            if pid < 0 && errno == ECHILD { return }
            usleep(2_000)  // a killed process needs a moment to become a zombie
        }
    }
}
