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
        return wait
    }
}
