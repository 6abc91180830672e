package import Evidence

/// One line of /proc/locks, or a `lock:` line of fdinfo, proc_locks(5).
///
/// `1: POSIX  ADVISORY  WRITE 4711 08:01:1234 0 EOF`; a waiter's line has `->` after its number.
package struct LockLine: Sendable, Hashable {
    /// Number of the lock; its waiters bear the same.
    package var number: Int
    package var isWaiter: Bool
    package var kind: FileLock.Kind
    package var mode: FileLock.Mode
    /// -1 for an OFD lock, which belongs to no process; 0 for one of another pid namespace.
    package var pid: Int32
    /// st_dev, from the major and minor numbers.
    package var device: UInt64
    package var inode: UInt64
    package var start: UInt64
    /// nil: to the end of the file.
    package var end: UInt64?

    package init?(_ line: Substring) {
        var fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let first = fields.first, first.hasSuffix(":"), let number = Int(first.dropLast()) else { return nil }
        fields.removeFirst()
        isWaiter = fields.first == "->"
        if isWaiter { fields.removeFirst() }
        guard fields.count >= 7, let pid = Int32(fields[3]) else { return nil }
        switch fields[0] {
        case "POSIX": kind = .posix
        case "OFDLCK": kind = .ofd
        case "FLOCK": kind = .flock
        case "LEASE", "DELEG": kind = .lease
        default: return nil
        }
        self.number = number
        mode = fields[2] == "WRITE" ? .write : .read
        self.pid = pid
        let file = fields[4].split(separator: ":")
        guard file.count == 3, let major = UInt64(file[0], radix: 16), let minor = UInt64(file[1], radix: 16),
            let inode = UInt64(file[2]), let start = UInt64(fields[5])
        else { return nil }
        device = Self.device(major: major, minor: minor)
        self.inode = inode
        self.start = start
        end = UInt64(fields[6])
    }

    /// makedev(3), as glibc packs it.
    package static func device(major: UInt64, minor: UInt64) -> UInt64 {
        ((major & 0xffff_f000) << 32) | ((major & 0xfff) << 8) | ((minor & 0xffff_ff00) << 12) | (minor & 0xff)
    }
}
