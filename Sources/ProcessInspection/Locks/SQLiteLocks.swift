internal import Evidence

/// Names SQLite's locks by their byte ranges.
enum SQLiteLocks {
    /// PENDING_BYTE of os.h; RESERVED is the next, SHARED the 510 after that.
    private static let pending: UInt64 = 0x4000_0000
    private static let reserved = pending + 1
    private static let sharedFirst = pending + 2
    private static let sharedLast = sharedFirst + 509

    /// nil for a lock that is not SQLite's.
    /// - Parameter hasSharedMemory: some process has the database's -shm file open: WAL mode.
    static func name(_ lock: FileLock, hasSharedMemory: Bool) -> SQLiteLock? {
        guard lock.kind == .posix || lock.kind == .ofd, let path = lock.path, let end = lock.end else { return nil }
        if path.hasSuffix("-shm") { return wal(lock, end: end, database: String(path.dropLast("-shm".count))) }
        guard lock.start >= pending, end <= sharedLast else { return nil }
        let name: SQLiteLock.Name
        if lock.mode == .write {
            // The kernel joins neighbouring locks of one owner into one line.
            name = end >= sharedFirst ? .exclusive : lock.start == pending ? .pending : .reserved
        } else {
            name = end >= sharedFirst ? .shared : .pending
        }
        return SQLiteLock(journal: hasSharedMemory ? .wal : .rollback, name: name, database: path)
    }

    /// wal.c and os_unix.c: UNIX_SHM_BASE 120: write, checkpoint, recover, five readers; 128 dead-man switch.
    private static func wal(_ lock: FileLock, end: UInt64, database: String) -> SQLiteLock? {
        guard lock.start >= 120, end <= 128 else { return nil }
        let name: SQLiteLock.Name = switch lock.start {
        case 120: .walWrite
        case 121: .walCheckpoint
        case 122: .walRecover
        case 128: .walDeadManSwitch
        default: .walRead
        }
        return SQLiteLock(journal: .wal, name: name, database: database)
    }
}
