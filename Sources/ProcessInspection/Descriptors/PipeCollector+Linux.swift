internal import CLinux
package import Evidence

/// Pipes and FIFOs that the captured processes have open, with every holder of each end.
package struct PipeCollector {
    package var machine: MachineDescriptors

    package init(machine: MachineDescriptors) { self.machine = machine }

    /// - Parameters:
    ///   - descriptors: of the captured processes.
    ///   - opening: paths of FIFOs that some thread is trying to open.
    package func pipes(of descriptors: [Descriptor], opening: [String] = []) -> Observed<[PipeRecord]> {
        var records: [PipeRecord] = []
        var seen: Set<String> = []
        for descriptor in descriptors where descriptor.kind == .pipe || descriptor.kind == .fifo {
            guard seen.insert(descriptor.target).inserted, let inode = descriptor.inode else { continue }
            records.append(record(descriptor.target, inode: inode, device: descriptor.device, isFIFO: descriptor.kind == .fifo))
        }
        for path in opening where seen.insert(path).inserted {
            guard let file = FileFacts(pid: 0, path: path, of: path), file.isFIFO else { continue }
            records.append(record(path, inode: file.inode, device: file.device, isFIFO: true))
        }
        return machine.incomplete.map { .partial(records, reason: $0) } ?? .complete(records)
    }

    private func record(_ target: String, inode: UInt64, device: UInt64?, isFIFO: Bool) -> PipeRecord {
        let holders = isFIFO
            ? machine.holders(ofFile: inode, device: device).map(\.holder)
            : machine.holders[target] ?? []
        var record = PipeRecord(
            inode: inode, path: isFIFO ? target : nil, readers: holders.filter(\.reads).map(\.reference),
            writers: holders.filter(\.writes).map(\.reference))
        record.device = device
        for holder in holders {
            var queued: Int32 = 0
            var capacity: Int32 = 0
            if hs_pipe_fill(holder.reference.pid, holder.reference.fd, &queued, &capacity) == 0 {
                record.queued_bytes = Int(queued)
                record.capacity_bytes = Int(capacity)
                break
            }
        }
        return record
    }
}
