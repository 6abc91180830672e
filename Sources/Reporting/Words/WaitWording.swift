import Evidence

/// What threads, tasks, sockets and locks do, in words.
enum WaitWording {
    static func thread(_ thread: ThreadRecord) -> String {
        if let wait = thread.managedWait { return managed(wait) }
        guard let wait = thread.wait else {
            if thread.state == "R" { return "running" }
            if let call = thread.syscall?.name { return "in \(call)" }
            return thread.waitChannel.map { "asleep in kernel function \($0)" } ?? "state \(thread.state)"
        }
        let text = describe(wait)
        guard let timeout = wait.timeout_s else { return text }
        let remaining = wait.remaining_s.map { ", \(Units.duration($0)) of it left" } ?? ""
        return wait.kind == .sleep ? "\(text) for \(Units.duration(timeout))\(remaining)" : "\(text), for at most \(Units.duration(timeout))\(remaining)"
    }

    private static func describe(_ wait: ThreadWait) -> String {
        switch wait.kind {
        case .futex: return futex(wait.futex)
        case .descriptors:
            let interests = wait.descriptors ?? []
            let shown = interests.prefix(4).map { "\($0.operation.rawValue) on descriptor \($0.fd)" }.joined(separator: ", ")
            let text = "waits for " + (shown.isEmpty ? "descriptors" : shown)
            return interests.count > 4 ? "\(text) and \(interests.count - 4) more" : text
        case .fileLock: return "waits for a file lock" + (wait.descriptors?.first.map { " on descriptor \($0.fd)" } ?? "")
        case .child: return wait.pid.map { "waits for child \($0) to exit" } ?? "waits for any child to exit"
        case .sleep: return "asleep"
        case .signal: return "waits for a signal"
        case .ipc: return "waits for a System V or POSIX queue or semaphore"
        case .vforkChild: return "waits for its vfork child to exec or exit"
        case .stopped: return "stopped by a signal"
        case .traced: return "stopped by a tracer"
        case .disk: return "waits for a device or file system" + (wait.detail.map { ": \($0)" } ?? "")
        case .other: return wait.detail.map { "asleep in \($0)" } ?? "asleep"
        }
    }

    private static func managed(_ wait: ManagedWait) -> String {
        let object = wait.typeName + (wait.name.map { " `\($0)`" } ?? "")
        var text = switch wait.kind {
        case .lock, .condition, .event, .semaphore, .future: "waits for \(object)"
        case .barrier: "waits at \(object)" + (wait.count.map { ", \($0) still to come" } ?? "")
        case .queueTake: "waits for an item from \(object)"
        case .queuePut: "waits for room in \(object)"
        case .queueJoin: "waits until \(object) is worked off" + (wait.count.map { ", \($0) unfinished" } ?? "")
        case .threadEnd: "waits for a thread to end"
        case .sleep: "asleep"
        case .read: "waits to read from \(object)" + (wait.count.map { ", \($0) bytes of the message have come" } ?? "")
        case .housekeeping: "at rest"
        }
        if let owner = wait.ownerTID {
            text += wait.kind == .lock ? ", held by thread \(owner)" : ", thread \(owner)"
            if wait.ownerAlive == false { text += " which no longer exists" }
        }
        if let timeout = wait.timeout_s { text += wait.kind == .sleep ? " for \(Units.duration(timeout))" : ", for at most \(Units.duration(timeout))" }
        return wait.rest.map { "\(text): \($0)" } ?? text
    }

    private static func futex(_ futex: FutexWait?) -> String {
        guard let futex else { return "waits on a futex" }
        var text = "waits for a \(futex.object == .unknown ? "futex" : futex.object.rawValue)"
        if futex.object == .join { text = "waits for a thread to end" }
        text += " at 0x\(String(futex.objectAddress, radix: 16))"
        if let owner = futex.ownerTID {
            text += ", held by thread \(futex.ownerPID.map { "\($0)/" } ?? "")\(owner)"
            if futex.ownerAlive == false { text += " which no longer exists" }
        }
        return text
    }

    static func task(_ task: TaskRecord) -> String {
        var text = task.state.rawValue
        if task.isCancelled { text += ", cancelled" }
        if let tid = task.runningOnTID { text += " on thread \(tid)" }
        guard let wait = task.wait else { return text }
        switch wait.kind {
        case .task: text += ", waits for task" + (wait.task.map { " \($0)" } ?? "")
        case .group: text += ", waits for its group" + (wait.pending.map { " (\(Units.count($0, "child")) pending)" } ?? "")
        case .continuation: text += ", waits for a continuation" + (wait.createdBy.map { " made in \($0)" } ?? "")
        case .actor: text += ", waits for actor \(wait.typeName ?? "")" + (wait.task.map { " (busy with task \($0))" } ?? "")
        case .globalPool: text += ", waits for a thread of the cooperative pool"
        case .mainActor: text += ", waits for the main actor"
        case .executor: text += ", waits for executor \(wait.typeName ?? "")"
        case .sleep: text += ", asleep"
        case .stream: text += ", waits for a stream's next element"
        case .eventLoopFuture: text += ", waits for an event-loop future"
        case .unknown: text += ", waits for something not understood"
        }
        return text
    }

    static func socket(_ socket: SocketRecord) -> String {
        var parts = [state(socket.state)]
        if socket.state == .listening {
            parts.append("\(socket.receiveQueue) of \(socket.sendQueue) waiting to be accepted")
        } else {
            parts.append("\(Units.bytes(socket.receiveQueue)) unread, \(Units.bytes(socket.sendQueue)) unacknowledged")
        }
        if let tcp = socket.tcp, socket.state != .listening, socket.state != .synSent {
            parts.append("received \(Units.bytes(tcp.bytesReceived)), last \(Units.duration(tcp.lastDataReceived_ms / 1000)) before")
            parts.append("sent \(Units.bytes(tcp.bytesSent)), last \(Units.duration(tcp.lastDataSent_ms / 1000)) before")
            if tcp.totalRetransmits > 0 { parts.append("\(Units.count(tcp.totalRetransmits, "retransmission"))") }
        }
        if let timer = socket.timer, timer.kind != .unknown { parts.append("\(timer.kind.rawValue) timer") }
        return parts.joined(separator: "; ")
    }

    static func state(_ state: SocketState) -> String {
        switch state {
        case .synSent: "connecting (SYN-SENT)"
        case .synReceived: "being connected (SYN-RECV)"
        case .finWait1: "closing (FIN-WAIT-1)"
        case .finWait2: "closed by us (FIN-WAIT-2)"
        case .timeWait: "TIME-WAIT"
        case .closeWait: "closed by the peer (CLOSE-WAIT)"
        case .lastAck: "LAST-ACK"
        default: state.rawValue
        }
    }

    static func peer(_ peer: SocketPeer?) -> String? {
        switch peer?.kind {
        case .local: peer?.owners.first.map { "\($0.processName) (pid \($0.pid), fd \($0.fd))" } ?? "a process on this machine"
        case .gone: "nobody: the other end is gone"
        case .notAccepted: "not accepted yet" + (peer?.owners.first.map { " by \($0.processName) (pid \($0.pid))" } ?? "")
        case .remote: "another machine"
        case .unknown, nil: nil
        }
    }

    static func lock(_ lock: FileLock) -> String {
        let holders = lock.holders.prefix(4).map { "\($0.processName) (pid \($0.pid))" }.joined(separator: ", ")
        let waiters = lock.waiters.prefix(4).map { "\($0.processName) (pid \($0.pid))" }.joined(separator: ", ")
        return "\(lock.kind.rawValue) \(lock.mode.rawValue) lock, held by \(holders.isEmpty ? "an unknown process" : holders)"
            + (waiters.isEmpty ? "" : "; waited for by \(waiters)")
    }

    static func lockSubject(_ lock: FileLock) -> String {
        if let sqlite = lock.sqlite { return "\(baseName(sqlite.database)), SQLite \(sqlite.name.rawValue) lock" }
        let range = lock.end.map { "\(lock.start)–\($0)" } ?? (lock.start == 0 ? "whole file" : "from \(lock.start)")
        return "\(lock.path.map(baseName) ?? "inode \(lock.inode)"), \(range)"
    }

    static func baseName(_ path: String) -> String {
        path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? path
    }

    static func frame(_ frame: Frame) -> String {
        frame.function ?? "0x\(String(frame.programCounter, radix: 16))"
    }

    /// "LLMClient.swift:88"; nil when no line is known.
    static func place(_ frame: Frame) -> String? {
        guard let file = frame.file else { return frame.module.map { "in \(baseName($0))" } }
        return baseName(file) + (frame.line.map { ":\($0)" } ?? "")
    }
}
