package import Evidence
internal import CLinux
internal import Glibc

extension ProcessIdentity {
    /// The process that has this pid now; nil when there is none.
    package init?(of pid: Int32) {
        guard let stat = ProcessStat(of: pid) else { return nil }
        self.init(pid: pid, startTicks: stat.startTicks)
    }

    /// This process.
    package static var current: ProcessIdentity {
        ProcessIdentity(of: getpid()) ?? ProcessIdentity(pid: getpid(), startTicks: 0)
    }

    /// Whether this very process (not a later one with its pid) is there and not a zombie.
    package var isAlive: Bool {
        guard let stat = ProcessStat(of: pid), stat.startTicks == startTicks else { return false }
        return stat.state != "Z" && stat.state != "X"
    }
}

/// The fields of /proc/PID/stat (proc(5)) that tell a process's identity and place in the tree.
package struct ProcessStat: Sendable, Hashable {
    package var pid: Int32
    package var name: String
    package var state: Character
    package var parentPID: Int32
    package var processGroup: Int32
    package var startTicks: UInt64

    package init?(of pid: Int32) {
        guard let bytes = SmallFile.read("/proc/\(pid)/stat", maximum: 4096) else { return nil }
        self.init(parsing: bytes)
    }

    /// The name stands in parentheses and may hold any byte, so the last ")" ends it.
    package init?(parsing bytes: [UInt8]) {
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close, let pid = Int32(String(decoding: bytes[..<open], as: UTF8.self).filter { $0 != " " })
        else { return nil }
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        // fields[0] is field 3 of proc(5): state; 4 ppid, 5 pgrp, 22 starttime.
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let group = Int32(fields[2]), let start = UInt64(fields[19])
        else { return nil }
        self.pid = pid
        self.name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
        self.state = state
        self.parentPID = parent
        self.processGroup = group
        self.startTicks = start
    }
}

/// Reading of the small files of procfs.
enum SmallFile {
    static func read(_ path: String, maximum: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count < maximum {
            let room = min(4096, maximum - bytes.count)
            var chunk = [UInt8](repeating: 0, count: room)
            let count = Glibc.read(descriptor, &chunk, room)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }
}
