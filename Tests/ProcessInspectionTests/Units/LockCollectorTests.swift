import Evidence
import ProcessInspection
import Testing

/// Who waits for a file lock, where the kernel's table and the threads' calls say different things.
@Suite struct LockCollectorTests {
    private static let inode: UInt64 = 9_123_456_789

    /// Locks that process 2147483640 holds from byte 100 to 149, and process 2147483641 asks for from 120 on.
    private static func locks(_ lines: [String], end: UInt64 = 129, start: UInt64 = 120) throws -> [FileLock] {
        var thread = ThreadRecord(pid: 2_147_483_641, tid: 2_147_483_641, name: "writer", state: "S")
        thread.wait = ThreadWait(kind: .fileLock)
        thread.wait?.descriptors = [DescriptorInterest(fd: 3, operation: .lock)]
        thread.wait?.rangeStart = start
        thread.wait?.rangeEnd = end
        thread.syscall = SyscallRecord(number: 72, name: "fcntl", arguments: [3, 7, 0])
        let descriptor = Descriptor(pid: thread.pid, fd: 3, kind: .file, target: "/srv/ledger", inode: inode)
        return LockCollector(
            machine: MachineDescriptors(deadline: .now - .seconds(1)), table: LockTable(lines.compactMap { LockLine($0[...]) }), descriptors: [descriptor],
            threads: [thread]
        ).locks().elements
    }

    private static let held = "1: POSIX  ADVISORY  WRITE 2147483640 08:01:\(inode) 100 149"

    @Test func aWaiterInTheTableIsNamedOnce() throws {
        let locks = try Self.locks([Self.held, "1: -> POSIX  ADVISORY  WRITE 2147483641 08:01:\(Self.inode) 120 129"])
        #expect(locks.map(\.waiters.count) == [1])
        #expect(locks.first?.waiters.first?.tid == 2_147_483_641)
    }

    @Test func aWaiterThatTheTableMissedIsNamedByItsCall() throws {
        #expect(try Self.locks([Self.held]).first?.waiters.map(\.pid) == [2_147_483_641])
    }

    @Test func aWaitForOtherBytesIsNotThisLocks() throws {
        #expect(try Self.locks([Self.held], end: 169, start: 150).first?.waiters.isEmpty == true)
        #expect(try Self.locks([Self.held.replacing("WRITE", with: "READ")]).first?.waiters.isEmpty == true)
    }
}
