internal import Evidence

/// Who else has the eventfd or POSIX message queue that some thread waits on: inherited, handed over a socket, or opened by name.
struct SharedEvents {
    /// Of other processes, asked at most: a machine may have very many.
    private static let limit = 2000

    var machine: MachineDescriptors
    var threads: [ThreadRecord]

    /// Fills in `sharedWith` of those that a thread waits on.
    func fill(_ descriptors: inout [Descriptor]) {
        fillQueues(&descriptors)
        let waited = Set(threads.flatMap { thread in (thread.wait?.descriptors ?? []).map { Place(pid: thread.pid, fd: $0.fd) } })
        let rows = descriptors.indices.filter {
            descriptors[$0].kind == .eventfd && waited.contains(Place(pid: descriptors[$0].pid, fd: descriptors[$0].fd))
        }
        guard !rows.isEmpty, machine.eventfds.count <= Self.limit else { return }
        var holders: [UInt64: [DescriptorReference]] = [:]
        for reference in machine.eventfds {
            if let id = Self.number(reference.pid, reference.fd) { holders[id, default: []].append(reference) }
        }
        for row in rows {
            guard let id = Self.number(descriptors[row].pid, descriptors[row].fd) else { continue }
            descriptors[row].sharedWith = (holders[id] ?? []).filter { $0.pid != descriptors[row].pid }
        }
    }

    /// A message queue is a file of a file system of its own: mq_overview(7).
    private func fillQueues(_ descriptors: inout [Descriptor]) {
        for thread in threads where thread.wait?.kind == .ipc {
            for interest in thread.wait?.descriptors ?? [] {
                guard let row = descriptors.firstIndex(where: { $0.pid == thread.pid && $0.fd == interest.fd }), let inode = descriptors[row].inode else { continue }
                let holders = machine.holders(ofFile: inode, device: descriptors[row].device).map(\.holder.reference)
                descriptors[row].sharedWith = holders.filter { $0.pid != thread.pid }
            }
        }
    }

    private struct Place: Hashable {
        var pid: Int32
        var fd: Int32
    }

    private static func number(_ pid: Int32, _ fd: Int32) -> UInt64? { (try? ProcDirectory(pid: pid).descriptorInfo(fd))?.eventID }
}
