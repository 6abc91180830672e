internal import Evidence

/// Quick looks at threads that run, to tell one that goes round in a circle from one that computes.
struct RunningLooks {
    /// More running threads than this are not looked at again.
    private static let threads = 8
    /// Looks at each: a loop of a few instructions is then found at the same one twice.
    private static let count = 8
    /// Enough of the stack for the frames of a tight loop and their locals.
    private static let stack_bytes = 4 << 10

    var tracer: Tracer

    /// Fills in `looks`; returns how long threads were stopped for it, in milliseconds.
    func look(_ records: inout [ThreadRecord]) -> Double {
        var quick = tracer
        quick.stackLimit_bytes = Self.stack_bytes
        let rows = Array(records.indices.filter { records[$0].state == "R" }.prefix(Self.threads))
        guard !rows.isEmpty else { return 0 }
        var stopped_ms = 0.0
        for _ in 0..<Self.count {
            let outcome = quick.copy(rows.map { .init(tid: records[$0].tid, state: "R") }, mode: .perThread)
            stopped_ms += outcome.stopped_ms
            for (row, copy) in zip(rows, outcome.copies) where copy.known == ThreadCopy.allRegisters && copy.pause.method == .stopped {
                records[row].looks = (records[row].looks ?? []) + [Self.digest(copy)]
            }
        }
        return stopped_ms
    }

    /// FNV-1a, 64 bits, over all registers and the copied stack.
    private static func digest(_ copy: ThreadCopy) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for register in copy.registers { hash = (hash ^ register) &* 0x100_0000_01b3 }
        for byte in copy.stack.prefix(stack_bytes) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
