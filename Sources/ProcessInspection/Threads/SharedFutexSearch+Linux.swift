internal import Evidence
internal import Glibc

/// Who else has the memory in which threads wait for a shared futex: only they could wake them.
enum SharedFutexSearch {
    /// A mapping of one object, on whatever address.
    private struct Object: Hashable {
        var device: String
        var inode: UInt64
        /// Handed down by fork(2) alone, among processes of one program.
        var isAnonymous: Bool
    }

    private static let processLimit = 4096

    static func search(_ records: inout [ThreadRecord], _ proc: ProcDirectory, pid: Int32) {
        func isWanted(_ record: ThreadRecord) -> Bool {
            guard let futex = record.wait?.futex, futex.isShared else { return false }
            return futex.object != .join && futex.ownerTID == nil
        }
        guard records.contains(where: isWanted), let own = try? proc.maps() else { return }
        var sharers: [Object: [Int32]] = [:]
        for row in records.indices where isWanted(records[row]) {
            guard let address = records[row].wait?.futex?.objectAddress, let mapping = own.first(where: { $0.start <= address && address < $0.end }),
                mapping.isShared, mapping.isDeleted, mapping.inode != 0, !hasAnotherName(mapping, pid)
            else { continue }
            let object = Object(device: mapping.device, inode: mapping.inode, isAnonymous: mapping.path == "/dev/zero")
            let others = sharers[object] ?? others(who: object, besides: pid, own: try? proc.stat())
            sharers[object] = others
            records[row].wait?.futex?.sharedWith = others
        }
    }

    /// Whether the folder of an unlinked file has it by another name, at which anybody can come to it: named semaphores are made under a name of their own first (glibc, sem_open.c).
    private static func hasAnotherName(_ mapping: MemoryMapping, _ pid: Int32) -> Bool {
        guard mapping.isFile, let slash = mapping.path.lastIndex(of: "/"), let folder = opendir("/proc/\(pid)/root\(mapping.path[...slash])") else { return false }
        defer { closedir(folder) }
        for _ in 0..<nameLimit {
            guard let entry = readdir(folder) else { return false }
            if entry.pointee.d_ino == mapping.inode { return true }
        }
        return true
    }

    private static let nameLimit = 1 << 14

    /// nil where one of them may have it and does not let itself be read.
    private static func others(who object: Object, besides pid: Int32, own: ProcStat?) -> [Int32]? {
        var found: [Int32] = []
        let all = ProcFile.processes()
        guard all.count <= processLimit else { return nil }
        for other in all where other != pid {
            guard let maps = try? ProcDirectory(pid: other).maps() else {
                // One that is ending has none any more.
                guard let stat = try? ProcDirectory(pid: other).stat(), stat.state != "Z", stat.state != "X" else { continue }
                if object.isAnonymous, stat.name != own?.name { continue }
                // What is unlinked comes by inheritance: not to somebody older who is no parent.
                if let own, other != own.parentPID, stat.startTicks < own.startTicks { continue }
                return nil
            }
            if maps.contains(where: { $0.isShared && $0.inode == object.inode && $0.device == object.device }) { found.append(other) }
        }
        return found
    }
}
