/// A file lock and who holds it: a line of /proc/locks joined with the fdinfo of its holders.
public struct FileLock: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, Hashable { case posix, ofd, flock, lease }
    public enum Mode: String, Codable, Sendable, Hashable { case read, write }

    public var kind: Kind
    public var mode: Mode
    public var device: UInt64?
    public var inode: UInt64
    /// Path by which a holder or waiter has the file open, where one is known.
    public var path: String?
    public var start: UInt64
    /// Last byte; nil means to the end of the file.
    public var end: UInt64?
    /// A POSIX lock belongs to one process; an OFD or flock lock to every descriptor of one open file.
    public var holders: [DescriptorReference]
    public var waiters: [LockWaiter]
    /// For a SQLite database, what the byte range means.
    public var sqlite: SQLiteLock?

    public init(kind: Kind, mode: Mode, inode: UInt64, start: UInt64 = 0, end: UInt64? = nil) {
        self.kind = kind
        self.mode = mode
        self.inode = inode
        self.start = start
        self.end = end
        self.holders = []
        self.waiters = []
    }
}

public struct LockWaiter: Codable, Sendable, Hashable {
    public var pid: Int32
    /// The waiting thread, where its system call tells.
    public var tid: Int32?
    public var processName: String

    public init(pid: Int32, tid: Int32?, processName: String) {
        self.pid = pid
        self.tid = tid
        self.processName = processName
    }
}

extension FileLock {
    /// A checkpoint is going on under this lock: byte 121 of -shm, alone or joined with its neighbours (wal.c, WAL_CKPT_LOCK).
    public var isCheckpoint: Bool { sqlite?.journal == .wal && mode == .write && start <= 121 && (end ?? .max) >= 121 && start >= 120 }
}

/// SQLite's locking bytes (os_unix.c, sqliteInt.h: PENDING_BYTE 0x40000000; wal.c: WAL_*_LOCK from byte 120 of -shm).
public struct SQLiteLock: Codable, Sendable, Hashable {
    public enum Journal: String, Codable, Sendable, Hashable { case rollback, wal }
    public enum Name: String, Codable, Sendable, Hashable {
        case shared, reserved, pending, exclusive
        case walWrite, walCheckpoint, walRecover, walRead, walDeadManSwitch
    }
    public var journal: Journal
    public var name: Name
    /// The database file, without the -shm suffix.
    public var database: String
    /// When its file or its write-ahead log was last written, as transactions do when they are committed; in seconds since 1970.
    public var writtenAt_s: Double?

    public init(journal: Journal, name: Name, database: String) {
        self.journal = journal
        self.name = name
        self.database = database
    }

    /// Whether another connection cannot write while this is held.
    public var blocksWriters: Bool {
        switch name {
        case .reserved, .pending, .exclusive, .walWrite: true
        case .shared: journal == .rollback
        default: false
        }
    }
}
