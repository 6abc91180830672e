internal import Evidence

/// Who else has an eventfd that some thread waits on: inherited, or handed over a socket.
struct SharedEvents {
    /// Of other processes, asked at most: a machine may have very many.
    private static let limit = 2000

    var machine: MachineDescriptors
    var threads: [ThreadRecord]

    /// Fills in `sharedWith` of those that a thread waits on.
    func fill(_ descriptors: inout [Descriptor]) {
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

    private struct Place: Hashable {
        var pid: Int32
        var fd: Int32
    }

    private static func number(_ pid: Int32, _ fd: Int32) -> UInt64? { (try? ProcDirectory(pid: pid).descriptorInfo(fd))?.eventID }
}
