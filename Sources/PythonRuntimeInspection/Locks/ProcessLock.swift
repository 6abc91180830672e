internal import ProcessInspection

/// A lock or semaphore of `multiprocessing`: a POSIX semaphore in a file that processes share
/// (Modules/_multiprocessing/semaphore.c: SemLockObject: handle 16, maxvalue 36).
struct ProcessLock {
    let address: UInt64
    let isExclusive: Bool

    init?(_ address: UInt64, _ objects: PythonObjects) {
        guard objects.type(of: address)?.fullName == "_multiprocessing.SemLock", let limit = objects.half(address &+ 36) else { return nil }
        self.address = address
        isExclusive = limit == 1
    }

    var typeName: String { isExclusive ? "multiprocessing.Lock" : "multiprocessing.Semaphore" }

    /// Other processes that have the file of the semaphore mapped; nil where that cannot be told. One that may not be
    /// looked at does not count if it is older and no parent: a semaphore without a name comes by inheritance only.
    static func sharers(of futex: UInt64, pid: Int32) -> [Int32]? {
        guard let facts = try? ProcDirectory(pid: pid).stat(), let maps = try? ProcDirectory(pid: pid).maps(), let own = maps.first(where: { $0.start <= futex && futex < $0.end }), own.inode != 0,
            let processes = try? ProcFile.numbers(in: "/proc")
        else { return nil }
        var sharers: [Int32] = []
        for other in processes.prefix(8192) where other != pid {
            do throws(ProcFSError) {
                let maps = try ProcDirectory(pid: other).maps()
                if maps.contains(where: { $0.inode == own.inode && $0.device == own.device }) { sharers.append(other) }
            } catch {
                if error.isGone { continue }
                let isStranger = other != facts.parentPID && (try? ProcDirectory(pid: other).stat().startTicks).map { $0 < facts.startTicks } == true
                guard error.isForbidden, own.isDeleted, isStranger else { return nil }
            }
        }
        return sharers
    }
}
