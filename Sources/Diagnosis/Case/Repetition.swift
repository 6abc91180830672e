import Evidence
import WaitGraph

/// A thread that goes on, and only by asking the same again and again: requests of one length, answers of one length, on one
/// connection, from within the same call of the program, and nothing else in the process moves or is written.
enum Repetition {
    private static let least: UInt64 = 4

    static func words(_ pid: Int32, _ graph: WaitGraph) -> String? {
        let activity = graph.activity
        let movers = graph.index.threads(of: pid).filter { thread in
            if thread.managedWait?.kind == .housekeeping { return false }
            switch activity.change(of: thread.tid) {
            case .ran, .woke: return true
            case .stood, .unknown: return false
            }
        }
        guard movers.count == 1, let thread = movers.first, let before = activity.earlier?.thread(thread.tid), before.pid == pid else { return nil }
        // Some functions deep, and the same ones: a worker's own round is made by the function that it was started with.
        let call = outer(thread)
        guard call.count >= 2, call.suffix(2) == outer(before).suffix(2) else { return nil }
        let moving = (graph.index.socketRows[pid] ?? []).prefix(4096).filter { activity.moved(graph.index.sockets[$0]) == true }
        guard moving.count == 1, let row = moving.first, let times = exchanges(graph.index.sockets[row], activity) else { return nil }
        let rate = max(1, Int(Double(times) / max(activity.window_s, 1)))
        let who = NodeText.short(.thread(pid: pid, tid: thread.tid), graph.index)
        return "\(who) repeats the same exchange with \(graph.index.sockets[row].remote?.description ?? "its peer") about \(rate) times a second, and nothing else changes"
    }

    private static func outer(_ thread: ThreadRecord) -> [String] {
        StackShape(thread).own.compactMap(\.function).filter { $0 != "<module>" && $0 != "main" && !$0.hasSuffix(".main") }
    }

    /// How many exchanges of one size went over the connection between the looks; nil where they differ, or more was written than that.
    private static func exchanges(_ socket: SocketRecord, _ activity: Activity) -> UInt64? {
        guard socket.inode != 0, let row = activity.earlier?.socketRow[socket.inode], let before = activity.earlier?.sockets[row].tcp, let now = socket.tcp,
            activity.later.isClient(socket) == true, now.bytesSent > before.bytesSent, now.bytesReceived > before.bytesReceived,
            now.dataSegmentsOut > before.dataSegmentsOut
        else { return nil }
        let sent = now.bytesSent - before.bytesSent
        let times = now.dataSegmentsOut - before.dataSegmentsOut
        let received = now.bytesReceived - before.bytesReceived
        // An answer may have been under way at either look, and what the process wrote is counted from a moment before the first to one after the last.
        guard times >= least, times < 1 << 32, sent < 1 << 56, sent % times == 0, (times - 1...times + 1).contains(where: { received % $0 == 0 }),
            activity.written_bytes <= sent + least * (sent / times)
        else { return nil }
        return times
    }
}
