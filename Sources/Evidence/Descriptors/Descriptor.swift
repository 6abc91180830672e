/// An open descriptor and its target.
public struct Descriptor: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable {
        case file, directory, socket, pipe, fifo, epoll, eventfd, timerfd, signalfd, inotify, pidfd, memfd
        case terminal, device, other
    }
    public enum Access: String, Codable, Sendable, Hashable {
        case read, write, readWrite, path
    }

    public var pid: Int32
    public var fd: Int32
    public var kind: Kind
    /// The link's target, such as "/var/lib/jobs.sqlite", "socket:[4711]".
    public var target: String
    public var access: Access?
    public var isNonBlocking: Bool
    public var inode: UInt64?
    /// Device number as st_dev gives it.
    public var device: UInt64?
    public var position: UInt64?
    public var isDeleted: Bool
    public var epoll: [EpollWatch]?
    /// Counter of an eventfd.
    public var eventCount: UInt64?
    public var timer: TimerState?
    /// Process a pidfd stands for.
    public var targetPID: Int32?
    /// Descriptors of other processes on the same eventfd or message queue: who else could write to it.
    public var sharedWith: [DescriptorReference]?
    /// Numbers of the signals that a signalfd takes.
    public var signals: [Int]?
    /// What an inotify descriptor watches.
    public var watches: [InotifyWatch]?

    public init(pid: Int32, fd: Int32, kind: Kind, target: String, inode: UInt64? = nil) {
        self.pid = pid
        self.fd = fd
        self.kind = kind
        self.target = target
        self.inode = inode
        self.isNonBlocking = false
        self.isDeleted = false
    }
}

/// One member of an epoll set: a `tfd:` line of its fdinfo.
public struct EpollWatch: Codable, Sendable, Hashable {
    public var fd: Int32
    /// EPOLL* bits as epoll_ctl(2) defines them.
    public var events: UInt32
    public var inode: UInt64?

    public init(fd: Int32, events: UInt32, inode: UInt64? = nil) {
        self.fd = fd
        self.events = events
        self.inode = inode
    }
}

/// One watch of an inotify descriptor: an `inotify` line of its fdinfo.
public struct InotifyWatch: Codable, Sendable, Hashable {
    public var inode: UInt64
    /// IN_* bits as inotify(7) defines them.
    public var events: UInt32

    public init(inode: UInt64, events: UInt32) {
        self.inode = inode
        self.events = events
    }
}

/// A timerfd: seconds until it fires next (0 when disarmed) and its period.
public struct TimerState: Codable, Sendable, Hashable {
    public var remaining_s: Double
    public var interval_s: Double
    public var unreadExpirations: UInt64

    public init(remaining_s: Double, interval_s: Double, unreadExpirations: UInt64 = 0) {
        self.remaining_s = remaining_s
        self.interval_s = interval_s
        self.unreadExpirations = unreadExpirations
    }
}

/// A descriptor of some process, as the end of something shared.
public struct DescriptorReference: Codable, Sendable, Hashable {
    public var pid: Int32
    public var fd: Int32
    /// The process's name (comm), so that a reader need not look it up.
    public var processName: String

    public init(pid: Int32, fd: Int32, processName: String) {
        self.pid = pid
        self.fd = fd
        self.processName = processName
    }
}

/// A pipe or FIFO and every process on this machine that holds an end of it.
public struct PipeRecord: Codable, Sendable, Hashable {
    public var inode: UInt64
    public var device: UInt64?
    /// Path of a FIFO; nil for an anonymous pipe.
    public var path: String?
    public var readers: [DescriptorReference]
    public var writers: [DescriptorReference]
    /// Bytes that lie in it unread; nil when that could not be asked.
    public var queued_bytes: Int?
    public var capacity_bytes: Int?

    public init(inode: UInt64, path: String? = nil, readers: [DescriptorReference], writers: [DescriptorReference]) {
        self.inode = inode
        self.path = path
        self.readers = readers
        self.writers = writers
    }
}
