package import Evidence

/// /proc/PID/fdinfo/FD, proc(5): position and flags, and what the kind of file adds.
package struct DescriptorInfo: Sendable, Hashable {
    package var position: UInt64?
    /// Flags of open(2), in the kernel's octal.
    package var flags: UInt64?
    package var inode: UInt64?
    package var epoll: [EpollWatch] = []
    package var eventCount: UInt64?
    /// Number of an eventfd, the same for all descriptors on it.
    package var eventID: UInt64?
    package var signals: [Int]?
    package var watches: [InotifyWatch] = []
    package var timer: TimerState?
    package var targetPID: Int32?
    /// The `lock:` lines: locks that belong to this open file or process.
    package var locks: [LockLine] = []

    package init(_ text: String) {
        var remaining: Double?
        var interval: Double?
        var expirations: UInt64 = 0
        // An epoll set may watch very many; the kernel's own limit is far above this bound.
        for line in text.split(separator: "\n").prefix(100_000) {
            if line.hasPrefix("inotify wd:") {
                if let watch = Self.inotifyWatch(line) { watches.append(watch) }
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            switch line[..<colon].filter({ $0 != " " }) {
            case "pos": position = UInt64(value)
            case "flags": flags = UInt64(value, radix: 8)
            case "ino": inode = UInt64(value)
            case "tfd": if let watch = Self.watch(value) { epoll.append(watch) }
            case "eventfd-count": eventCount = UInt64(value.filter { $0 != " " }, radix: 16)
            case "eventfd-id": eventID = UInt64(value)
            case "sigmask": signals = UInt64(value, radix: 16).map { mask in (1...64).filter { mask >> UInt64($0 - 1) & 1 != 0 } }
            case "ticks": expirations = UInt64(value) ?? 0
            case "it_value": remaining = Self.seconds(value)
            case "it_interval": interval = Self.seconds(value)
            case "Pid": targetPID = Int32(value).flatMap { $0 > 0 ? $0 : nil }
            case "lock": if let lock = LockLine(value) { locks.append(lock) }
            default: break
            }
        }
        if let remaining {
            timer = TimerState(remaining_s: remaining, interval_s: interval ?? 0, unreadExpirations: expirations)
        }
    }

    /// `        5 events:       19 data: ...  pos:0 ino:2f sdev:9`
    private static func watch(_ value: Substring) -> EpollWatch? {
        let fields = value.split(separator: " ")
        guard let first = fields.first, let fd = Int32(first) else { return nil }
        var watch = EpollWatch(fd: fd, events: 0)
        for (index, field) in fields.enumerated() {
            if field == "events:", index + 1 < fields.count { watch.events = UInt32(fields[index + 1], radix: 16) ?? 0 }
            if field.hasPrefix("ino:") { watch.inode = UInt64(field.dropFirst(4), radix: 16) }
        }
        return watch
    }

    /// `inotify wd:1 ino:f7e88e sdev:fe00000 mask:100 ...`, all hexadecimal.
    private static func inotifyWatch(_ line: Substring) -> InotifyWatch? {
        func number(_ name: String) -> UInt64? {
            line.split(separator: " ").first { $0.hasPrefix(name) }.flatMap { UInt64($0.dropFirst(name.count), radix: 16) }
        }
        guard let inode = number("ino:"), let mask = number("mask:") else { return nil }
        return InotifyWatch(inode: inode, events: UInt32(truncatingIfNeeded: mask))
    }

    /// `(12, 345678901)`: seconds and nanoseconds.
    private static func seconds(_ value: Substring) -> Double? {
        let numbers = value.split(whereSeparator: { !$0.isNumber }).compactMap { Double($0) }
        return numbers.count == 2 ? numbers[0] + numbers[1] / 1e9 : nil
    }
}
