internal import Evidence

/// Waits for completions of an io_uring: what the ring's fdinfo tells, io_uring/fdinfo.c.
enum RingDecoder {
    static func wait(_ context: WaitContext) -> ThreadWait {
        let fd = context.descriptor(0)
        var wait = ThreadWait(kind: .other, detail: "io_uring \(fd)")
        guard let text = try? ProcFile.text("\(context.proc.path)/fdinfo/\(fd)", limit: 1 << 20) else { return wait }
        let info = ProcStatus(text)
        guard let taken: UInt32 = info.number("CachedSqHead"), let completed: UInt32 = info.number("CachedCqTail") else { return wait }
        // Both count round; one operation may complete more than once.
        let open = taken &- completed
        wait.detail = "io_uring \(fd): " + (open < 1 << 20 ? "\(open) operation\(open == 1 ? "" : "s") taken and not completed" : "\(taken) operations taken")
        let waiting = polled(text)
        if !waiting.isEmpty { wait.detail? += "; until it is ready: " + waiting.joined(separator: ", ") }
        return wait
    }

    /// Operations that wait for their descriptor to become ready, lines `  op=22, task_works=0`, each kind once.
    private static func polled(_ text: String) -> [String] {
        var counts: [Int: Int] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("  op=") {
            if let number = Int(line.dropFirst(5).prefix { $0 != "," }) { counts[number, default: 0] += 1 }
        }
        return counts.sorted { $0.key < $1.key }.prefix(16).map { number, count in
            (names[number] ?? "operation \(number)") + (count > 1 ? " (\(count) times)" : "")
        }
    }

    /// enum io_uring_op, include/uapi/linux/io_uring.h.
    private static let names = [
        1: "readv", 2: "writev", 4: "read into a registered buffer", 5: "write from a registered buffer", 6: "poll", 9: "sendmsg", 10: "recvmsg",
        13: "accept", 16: "connect", 22: "read", 23: "write", 26: "send", 27: "recv", 29: "epoll_ctl", 30: "splice", 33: "tee", 47: "send", 48: "sendmsg",
        49: "read, many times",
    ]
}
