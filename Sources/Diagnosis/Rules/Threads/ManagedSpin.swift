import Evidence
import WaitGraph

/// A loop of an interpreted program that changes nothing it can see: it does not end by itself.
enum ManagedSpin {
    /// System calls cost system time: a loop that asks the kernel may learn something there.
    private static let systemShare = 0.1

    static func isShown(_ before: ThreadRecord, _ now: ThreadRecord, _ graph: WaitGraph) -> Bool {
        guard let one = before.managedLoop, let other = now.managedLoop, one.digest == other.digest, one.frame.function == other.frame.function else { return false }
        // Values may lie deeper than was looked, and a call into C that takes its time may well be work: memory tells, which must come back too.
        // An interpreter keeps everything in memory from one instruction to the next; within one long call, registers count as well.
        let moves = one.moves == true && other.moves == true
        let isWhole = one.whole != nil && one.whole == other.whole
        guard other.detail != nil || isWhole || [before, now].contains(where: { $0.comesBack == true || moves && $0.memoryComesBack == true }) else { return false }
        let used_s = now.cpu.total_s - before.cpu.total_s
        guard used_s > 0, now.cpu.system_s - before.cpu.system_s <= used_s * systemShare || hasEndedSource(now.pid, graph) else { return false }
        return other.detail != nil || one.isUnshared == true && other.isUnshared == true || !graph.index.threads(of: now.pid).contains { $0.tid != now.tid && mayChangeSomething($0, graph) }
    }

    /// A connection or pipe whose other end is gone: reading it gives nothing, at once, for ever. Of others no news is to be had.
    private static func hasEndedSource(_ pid: Int32, _ graph: WaitGraph) -> Bool {
        let index = graph.index
        let sockets = (index.socketRows[pid] ?? []).prefix(4096).map { index.sockets[$0] }
        let hasEnded = sockets.contains { socket in
            if socket.family == .unix { return socket.transport != .datagram && socket.unixPeerInode == 0 && socket.state != .listening }
            return socket.state == .closeWait || graph.activity.standing(of: socket) == .peerGone
        }
        return hasEnded || index.snapshot.pipes.elements.contains { $0.writers.isEmpty && $0.readers.contains { $0.pid == pid } }
    }

    /// Another thread that moves, or will by its timer, may be what the loop waits for.
    private static func mayChangeSomething(_ thread: ThreadRecord, _ graph: WaitGraph) -> Bool {
        switch graph.activity.change(of: thread.tid) {
        case .ran: return true
        // Waiting for the interpreter's lock wakes it up again and again.
        case .woke: return thread.managedWait?.kind != .lock
        case .stood, .unknown: return graph.understood(thread).wait?.timeout_s != nil
        }
    }

    static func interprets(_ thread: ThreadRecord, _ index: SnapshotIndex) -> Bool {
        return thread.managedStack?.elements.isEmpty == false && index.process(thread.pid)?.runtimes.contains { $0.hasPrefix("python") } == true
    }

    static func words(_ thread: ThreadRecord) -> String {
        guard let loop = thread.managedLoop else { return "comes back to the same state, registers, stack and memory alike, after" }
        return (loop.detail ?? "goes round in `\(loop.frame.function ?? "?")` without changing any of its values") + " for"
    }
}
