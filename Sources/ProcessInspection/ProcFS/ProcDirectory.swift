/// The files of /proc/PID, or of /proc/PID/task/TID: small tolerant readers, each bounded.
///
/// Nothing here stops or disturbs the process. Every reader throws `ProcFSError` when the
/// process is gone or may not be looked at; use `try?` where that is no matter.
package struct ProcDirectory: Sendable, Hashable {
    package let path: String
    package let pid: Int32
    package let tid: Int32?

    package init(pid: Int32) {
        self.pid = pid
        self.tid = nil
        path = "/proc/\(pid)"
    }

    package init(pid: Int32, tid: Int32) {
        self.pid = pid
        self.tid = tid
        path = "/proc/\(pid)/task/\(tid)"
    }

    package func thread(_ tid: Int32) -> ProcDirectory { ProcDirectory(pid: pid, tid: tid) }

    // MARK: State

    package func stat() throws(ProcFSError) -> ProcStat {
        let text = try ProcFile.text("\(path)/stat", limit: 4096, isOneRecord: true)
        guard let stat = ProcStat(text) else { throw ProcFSError(path: "\(path)/stat", errno: 0) }
        return stat
    }

    package func status() throws(ProcFSError) -> ProcStatus { ProcStatus(try ProcFile.bytes("\(path)/status", limit: 1 << 16, isOneRecord: true)) }
    /// The kernel's name, at most 15 bytes.
    package func name() throws(ProcFSError) -> String { try ProcFile.line("\(path)/comm") }

    package func syscall() throws(ProcFSError) -> SyscallReading {
        let text = try ProcFile.line("\(path)/syscall")
        guard let reading = SyscallReading(text) else { throw ProcFSError(path: "\(path)/syscall", errno: 0) }
        return reading
    }

    /// The kernel function it sleeps in; nil when it does not sleep, or the kernel will not say.
    package func waitChannel() throws(ProcFSError) -> String? {
        let text = try ProcFile.line("\(path)/wchan")
        return text == "0" || text.isEmpty ? nil : text
    }

    /// Kernel stack, innermost first, without addresses; needs CAP_SYS_ADMIN.
    package func kernelStack() throws(ProcFSError) -> [String] {
        try ProcFile.text("\(path)/stack", limit: 1 << 14).split(separator: "\n").prefix(64).map { line in
            let name = line.split(separator: " ").last ?? line
            return String(name.prefix { $0 != "+" })
        }
    }

    /// Seconds on a processor, from schedstat (nanoseconds): finer than stat's ticks.
    package func processorTime_s() throws(ProcFSError) -> Double {
        let text = try ProcFile.line("\(path)/schedstat")
        guard let first = text.split(separator: " ").first, let value = UInt64(first) else {
            throw ProcFSError(path: "\(path)/schedstat", errno: 0)
        }
        return Double(value) / 1e9
    }

    /// How often it was put on a processor, from schedstat's third number: unchanged means that it never ran.
    package func timeslices() throws(ProcFSError) -> UInt64 {
        let fields = try ProcFile.line("\(path)/schedstat").split(separator: " ")
        guard fields.count >= 3, let value = UInt64(fields[2]) else { throw ProcFSError(path: "\(path)/schedstat", errno: 0) }
        return value
    }

    // MARK: Threads and relatives

    package func threads() throws(ProcFSError) -> [Int32] { try ProcFile.numbers(in: "/proc/\(pid)/task") }

    /// A thread that has not exited: the leader, or where that is a zombie, another one.
    package func livingThread() -> Int32? {
        func lives(_ tid: Int32) -> Bool {
            guard let state = try? thread(tid).stat().state else { return false }
            return state != "Z" && state != "X"
        }
        if lives(pid) { return pid }
        return (try? threads())?.first(where: lives)
    }

    /// Direct children of all threads.
    package func children() throws(ProcFSError) -> [Int32] {
        let tids = try threads().prefix(10_000)
        // A file for each thread, or one for each process of the machine: whichever is less to read.
        if tids.count > 64 {
            let processes = ProcFile.processes()
            if processes.count < tids.count { return processes.filter { (try? ProcDirectory(pid: $0).stat().parentPID) == pid } }
        }
        var children: [Int32] = []
        for tid in tids {
            guard let text = try? ProcFile.text("/proc/\(pid)/task/\(tid)/children") else { continue }
            children += text.split(separator: " ").compactMap { Int32($0) }
        }
        return children.sorted()
    }

    // MARK: Memory and files

    package func maps() throws(ProcFSError) -> [MemoryMapping] {
        MemoryMapping.parse(try ProcFile.text("\(path)/maps", limit: 64 << 20))
    }

    package func descriptors() throws(ProcFSError) -> [Int32] { try ProcFile.numbers(in: "\(path)/fd") }
    /// Target of a descriptor's link, such as "/tmp/x (deleted)", "socket:[4711]".
    package func descriptorTarget(_ fd: Int32) throws(ProcFSError) -> String { try ProcFile.link("\(path)/fd/\(fd)") }
    package func descriptorInfo(_ fd: Int32) throws(ProcFSError) -> DescriptorInfo {
        DescriptorInfo(try ProcFile.text("\(path)/fdinfo/\(fd)", limit: 16 << 20))
    }

    package func executable() throws(ProcFSError) -> String { try ProcFile.link("\(path)/exe") }

    /// Says so where the program is not for x86-64: system calls then have other numbers, and stacks another form. By e_ident[EI_CLASS] and
    /// e_machine, elf(5).
    package func foreignProgram() -> String? {
        guard let head = try? ProcFile.bytes("\(path)/exe", limit: 20), head.count == 20, head.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return nil }
        let isLong = head[4] == 2
        if isLong, head[18] == 62, head[19] == 0 { return nil }
        return "it is a program of \(isLong ? 64 : 32) bits for another processor than x86-64: its stacks and system calls are not read"
    }

    package func workingDirectory() throws(ProcFSError) -> String { try ProcFile.link("\(path)/cwd") }

    /// Arguments as the process shows them, at most 1 MiB.
    package func arguments() throws(ProcFSError) -> [String] { Self.strings(try ProcFile.bytes("\(path)/cmdline")) }
    /// `NAME=value` strings of the environment at the last exec, at most 1 MiB.
    package func environment() throws(ProcFSError) -> [String] { Self.strings(try ProcFile.bytes("\(path)/environ")) }

    /// Bytes read and written so far: `rchar` and `wchar` of io.
    package func transferred() throws(ProcFSError) -> (read_bytes: UInt64, written_bytes: UInt64) {
        let fields = ProcStatus(try ProcFile.text("\(path)/io", limit: 4096))
        return (fields.number("rchar") ?? 0, fields.number("wchar") ?? 0)
    }

    /// Calls that read so far, also those that gave nothing: `syscr` of io.
    package func reads() throws(ProcFSError) -> UInt64? { ProcStatus(try ProcFile.text("\(path)/io", limit: 4096)).number("syscr") }

    /// Inode of a namespace, such as "net": the number in `net:[4026531840]`.
    package func namespace(_ name: String) throws(ProcFSError) -> UInt64 {
        let link = try ProcFile.link("\(path)/ns/\(name)")
        guard let number = UInt64(link.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" }) else {
            throw ProcFSError(path: "\(path)/ns/\(name)", errno: 0)
        }
        return number
    }

    private static func strings(_ bytes: [UInt8]) -> [String] {
        var strings = bytes.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        if strings.last == "" { strings.removeLast() }
        return strings
    }
}
